"""Pages about a pipeline, written whole into its folder of reports."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.evaluation.hearing import Hearing
from tasks.ledger.deciding import Ruling
from tasks.ledger.page import Link, PageData, status_page
from tasks.records import Decision, ModelVersion
from tasks.stores import Stores

if TYPE_CHECKING:
    from tasks.ledger.card_content import Sheet

_SHOWN = 10
"""How many of a kind of page the status page links to."""


def status(stores: Stores, as_of: datetime) -> Path:
    """Tell on one page what the loop has been doing; its path."""
    return _written(stores.reports / "status.html", status_page(_page_data(stores, as_of)))


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
        "card.md": _written(cards / f"{name}.md", card_markdown(sheet)),
        "card.html": _written(cards / f"{name}.html", card_page(sheet)),
        "comparison.html": _written(page, comparison_page(sheet.duel)),
    }


def _written(path: Path, text: str) -> Path:
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
    drift = sorted(stores.reports.glob("drift/*.html"), reverse=True)[:_SHOWN]
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
        performances=tuple(ledger.performances(pipeline.name)),
        intents=tuple(ledger.intents(pipeline.name)),
        links=tuple(
            Link(f"{path.parent.name}: {path.stem}", str(path.relative_to(stores.reports)))
            for path in [*docs, *models, *drift]
            if path.exists()
        ),
        problems=tuple(ledger.verify(pipeline.name)),
        probations=tuple(ledger.probations(pipeline.name)),
    )
