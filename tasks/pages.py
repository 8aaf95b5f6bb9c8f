"""Pages about a pipeline, written whole into its folder of reports."""

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.evaluation.hearing import Hearing
from tasks.ledger.corrections import performances_now, readings_now, scored_now
from tasks.ledger.deciding import Ruling
from tasks.ledger.page import Link, PageData, status_page
from tasks.records import Decision, ModelVersion
from tasks.stores import Stores

if TYPE_CHECKING:
    from tasks.ledger.card_content import Sheet
    from tasks.ledger.monitoring import Maturity, MonitorData

_SHOWN = 10
"""How many of a kind of page the status page links to."""

_MONITORING = "monitoring.html"
_SIGNALS, _MATURITY = timedelta(days=120), timedelta(days=120)
"""How far back the monitoring page draws what is kept by the stream, or by the row."""


def status(stores: Stores, as_of: datetime) -> Path:
    """Tell on one page what the loop has been doing; its path."""
    return written(stores.reports / "status.html", status_page(_page_data(stores, as_of)))


def monitoring(stores: Stores, as_of: datetime) -> Path | None:
    """Draw what watching has found, day by day; its path, None before the first look."""
    from tasks.ledger.monitoring_page import monitoring_page

    data = _monitored(stores, as_of)
    if not data.readings:
        return None
    return written(stores.reports / _MONITORING, monitoring_page(data))


def comparison(stores: Stores, hearing: Hearing, version: ModelVersion) -> Path:
    """Show a challenger beside the champion, before anybody has decided; the page's path."""
    from tasks.ledger.card_content import Sheet
    from tasks.ledger.duelling import duel

    return _documents(stores, Sheet(duel(hearing, version)))["comparison.html"]


def documents(stores: Stores, ruling: Ruling, decision: Decision) -> None:
    """Write a version's card and comparison, decision included, and keep them with its run."""
    from tasks.ledger.card_content import Sheet
    from tasks.ledger.duelling import duel

    sheet = Sheet(duel(ruling.hearing, ruling.version), decision, ruling.approval)
    texts = {name: path.read_text("utf-8") for name, path in _documents(stores, sheet).items()}
    stores.registry.attach(ruling.version, texts)


def _documents(stores: Stores, sheet: "Sheet") -> dict[str, Path]:
    from tasks.ledger.card import card_markdown, card_page
    from tasks.ledger.duel_page import comparison_page

    cards, name = stores.reports / "cards", f"v{sheet.duel.version.number}"
    page = stores.reports / "comparisons" / f"{name}.html"
    return {
        "card.md": written(cards / f"{name}.md", card_markdown(sheet)),
        "card.html": written(cards / f"{name}.html", card_page(sheet)),
        "comparison.html": written(page, comparison_page(sheet.duel)),
    }


def written(path: Path, text: str) -> Path:
    """Put a page there whole, whoever reads it meanwhile; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".tmp")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path


def _page_data(stores: Stores, as_of: datetime) -> PageData:
    from tasks.evaluation.metrics import higher_is_better

    ledger, pipeline = stores.ledger, stores.definition.pipeline
    standing = stores.standing(as_of)
    champion = standing.champion
    drift, backtests = (
        sorted(stores.reports.glob(f"{kind}/*.html"), reverse=True)[:_SHOWN]
        for kind in ("drift", "backtests")
    )
    newest = sorted((version.number for version in ledger.versions(stores.name)), reverse=True)
    models = [
        stores.reports / kind / f"v{number}.html"
        for number in newest[:_SHOWN]
        for kind in ("comparisons", "cards")
    ]
    docs = [stores.reports / "data_docs" / "index.html"]
    return PageData(
        pipeline=pipeline.name,
        title=pipeline.title,
        as_of=as_of,
        metric=pipeline.metric,
        higher_is_better=higher_is_better(pipeline.metric),
        champion=champion,
        reference=ledger.reference(pipeline.name, champion.number) if champion else None,
        decisions=tuple(ledger.decisions(pipeline.name)),
        admissions=tuple(ledger.admissions(pipeline.name)),
        held=Counter(held.table for held in stores.quarantine.held()),
        performances=performances_now(
            ledger.performances(stores.name), ledger.corrections(stores.name, as_of)
        ),
        intents=tuple(ledger.intents(pipeline.name)),
        links=tuple(
            Link(f"{path.parent.name}: {path.stem}", str(path.relative_to(stores.reports)))
            for path in [*docs, *models, *drift, *backtests]
            if path.exists()
        ),
        problems=tuple(ledger.verify(pipeline.name)),
        probations=tuple(ledger.probations(pipeline.name)),
        attested=next(reversed(ledger.attestations(pipeline.name)), None),
        monitoring=Link("Monitoring", _MONITORING)
        if (stores.reports / _MONITORING).exists()
        else None,
    )


def _monitored(stores: Stores, as_of: datetime) -> "MonitorData":
    from tasks.evaluation.metrics import higher_is_better
    from tasks.features.cohort import complete_days
    from tasks.ledger.monitoring import MonitorData, volumes

    ledger, pipeline = stores.ledger, stores.definition.pipeline
    watch, admissions = pipeline.watch, tuple(ledger.admissions(stores.name))
    corrections = ledger.corrections(stores.name, as_of)
    complete = complete_days(stores.definition, stores.lake, as_of)
    today = as_of.astimezone(pipeline.schedule.zone).date()
    return MonitorData(
        pipeline=pipeline.name,
        title=pipeline.title,
        as_of=as_of,
        metric=pipeline.metric,
        higher_is_better=higher_is_better(pipeline.metric),
        readings=readings_now(ledger.readings(stores.name), corrections),
        performances=performances_now(ledger.performances(stores.name), corrections),
        scored=scored_now(ledger.scored(stores.name, as_of), corrections),
        tracks=tuple(ledger.tracks(stores.name, as_of)),
        min_scored=watch.min_scored,
        min_coverage=watch.min_coverage,
        signals=tuple(stores.patrol.sightings.of(today - _SIGNALS, today)),
        false_alarm_days=watch.drift.false_alarm_days,
        decisions=tuple(ledger.decisions(stores.name)),
        evaluations=tuple(ledger.evaluations(stores.name)),
        admissions=admissions,
        volumes=volumes(admissions),
        maturity=_maturity(stores, as_of),
        complete_through=complete[-1] if complete else None,
        links=(Link("Status", "status.html"),),
    )


def _maturity(stores: Stores, as_of: datetime) -> "tuple[Maturity, ...]":
    """How many of each day's answers have a label: of complete days as their profiles say."""
    from tasks.drift.performance import labelled
    from tasks.ledger.monitoring import Maturity

    today = as_of.astimezone(stores.definition.pipeline.schedule.zone).date()
    counts = {d: n for d, n in stores.log.counts().items() if today - _MATURITY <= d <= today}
    if not counts:
        return ()
    label, outcomes = stores.definition.pipeline.label.name, stores.patrol.outcomes
    arrived: dict[date, int] = {}
    for day, profile in outcomes.days(min(counts), today).items():
        column = profile.columns.get(label)
        arrived[day] = column.rows - column.missing if column else 0
    recent = [day for day in counts if day not in arrived]
    if recent:
        rows = stores.log.read(min(recent), max(recent))
        known = labelled(stores.definition, stores.lake, rows, as_of)
        found = Counter(map(date.fromisoformat, known["day"]))
        arrived |= {day: found[day] for day in recent}
    return tuple(Maturity(day, counts[day], arrived[day]) for day in sorted(counts))
