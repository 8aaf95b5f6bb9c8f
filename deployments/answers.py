"""Questions that the ledger and the quarantine answer: no flow runs, nothing changes."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

import click

from deployments import attempts, reasons, show
from tasks.drift.trigger import Due, due
from tasks.ledger.attestations import Attestation
from tasks.ledger.corrections import performances_now
from tasks.ledger.evaluations import told as evaluation_told
from tasks.ledger.probations import Probation
from tasks.ledger.telling import decision_sentence
from tasks.records import Decision, Intent, ModelVersion, Outcome, Promise
from tasks.signs import Evaluation
from tasks.stores import Stores, open_stores


@dataclass(frozen=True)
class Status:
    """Where a pipeline stands."""

    pipeline: str
    champion: ModelVersion | None
    promise: Promise | None
    last_decision: Decision | None
    last_measured: str
    last_probation: Probation | None
    unanswered: tuple[Intent, ...]
    held: int
    refused: int
    problems: tuple[str, ...]
    attested: Attestation | None
    page: str


def status(pipeline: str, as_json: bool) -> None:
    """Print who serves, what was decided and measured last, and what waits for a person."""
    stores = open_stores(pipeline)
    found = _status(stores)
    if as_json:
        show.document(found)
        return
    rows: list[list[show.Cell]] = [
        ["champion", _champion(found)],
        ["last decision", decision_sentence(found.last_decision) if found.last_decision else "-"],
        ["last measured", found.last_measured or "-"],
        ["last probation", found.last_probation.told if found.last_probation else "-"],
        ["waiting", "; ".join(intent.cause for intent in found.unanswered) or "nothing"],
        ["rows held", found.held],
        ["deliveries refused", found.refused],
        ["ledger", "; ".join(found.problems) or "verified"],
        ["last attested", found.attested.told if found.attested else "-"],
        ["status page", found.page],
    ]
    show.table(f"{pipeline}: {stores.definition.pipeline.title}", ["", ""], rows)


def why(asked: tuple[str, ...], day: date | None, as_json: bool) -> None:
    """Print what is asked about, `[PIPELINE] [RUN]`: a pipeline's decisions, or one attempt."""
    if len(asked) > 2:
        raise click.UsageError(f"{len(asked)} names: at most a pipeline and a run")
    found = attempts.meant(asked)
    if isinstance(found, str):
        history(found, day, as_json)
        return
    if day:
        raise click.UsageError(f"--on is for a pipeline; {asked[-1]!r} is one attempt")
    reasons.tell(found, as_json)


def history(pipeline: str, day: date | None, as_json: bool) -> None:
    """Print every decision with its reason, and why a retrain was or was not asked for.

    With a day, what was said on it; without, the last word and what the next retrain waits for.
    """
    stores = open_stores(pipeline)
    zone = stores.definition.pipeline.schedule.zone
    decisions = [
        decision
        for decision in stores.ledger.decisions(pipeline)
        if day is None or decision.as_of.astimezone(zone).date() == day
    ]
    evaluations = _evaluations(stores, day)
    next_retrain, as_of = _next(stores, decisions, day)
    told = {decision.sequence for decision in decisions}
    probations = [p for p in stores.ledger.probations(pipeline) if p.sequence in told]
    if as_json:
        answers = {"decisions": decisions, "probations": probations, "evaluations": evaluations}
        show.document({**answers, "next": next_retrain})
        return
    for decision in decisions:
        show.line(decision_sentence(decision))
    for probation in probations:
        show.line(probation.told)
    if not decisions:
        show.line(f"no decision{f' on {day}' if day else ' yet'}")
    for sentence in (line for each in evaluations for line in evaluation_told(each, zone)):
        show.line(sentence)
    if day and not evaluations:
        show.line(f"nothing was evaluated on {day}: nobody looked whether a retrain was due")
    if not (day and evaluations):
        wanted = "due" if next_retrain.wanted else "not due"
        night = f"{as_of.astimezone(zone):%Y-%m-%d}"
        show.line(f"next retrain on {night}: {wanted}, {next_retrain.reason}")


def _next(stores: Stores, decisions: list[Decision], day: date | None) -> tuple[Due, datetime]:
    """What the policy would say now, or rather when something was last known, and when that is."""
    latest = decisions[-1].as_of if decisions else datetime.now(UTC)
    measured = [p for p in stores.ledger.performances(stores.name) if day is None]
    as_of = max([latest, *(each.as_of for each in measured)])
    return due(stores.definition.pipeline.retrain, stores.record(as_of), as_of), as_of


def _evaluations(stores: Stores, day: date | None) -> list[Evaluation]:
    """Those of a day, in the pipeline's time zone; the last one without."""
    every = stores.ledger.evaluations(stores.name)
    if day is None:
        return every[-1:]
    zone = stores.definition.pipeline.schedule.zone
    return [each for each in every if each.as_of.astimezone(zone).date() == day]


def held(pipeline: str, everything: bool, as_json: bool) -> None:
    """Print how many rows are held of which delivery, and why."""
    rows = open_stores(pipeline).quarantine.held(include_released=everything)
    counts = Counter(
        (row.table, row.partition, reason, row.released_at is not None)
        for row in rows
        for reason in row.reasons
    )
    listed = [
        {"table": name, "partition": partition, "reason": reason, "released": out, "rows": count}
        for (name, partition, reason, out), count in sorted(counts.items())
    ]
    if as_json:
        show.document(listed)
        return
    columns = ["table", "partition", "reason", "rows", "released"]
    told = [[str(row[column]) for column in columns] for row in listed]
    show.table(f"{len(rows)} rows held", columns, told)


def held_rows(pipeline: str, name: str, partition: str, as_json: bool) -> None:
    """Print the held rows of a partition as they were delivered."""
    rows = open_stores(pipeline).quarantine.held(name, partition, include_released=True)
    if as_json:
        show.document(rows)
        return
    show.table(
        f"{name}/{partition}: {len(rows)} rows held",
        ["row", "reasons", "as delivered", "released"],
        [
            [
                row.row,
                ", ".join(row.reasons),
                ", ".join(f"{column}={value}" for column, value in row.payload.items()),
                f"{row.released_at:%Y-%m-%d %H:%M}" if row.released_at else "no",
            ]
            for row in rows
        ],
    )


def _status(stores: Stores) -> Status:
    ledger, name = stores.ledger, stores.name
    decisions = ledger.decisions(name)
    measured = performances_now(ledger.performances(name), ledger.corrections(name))
    probations = ledger.probations(name)
    moments = [each.as_of for each in decisions] + [each.as_of for each in measured]
    as_of = max(moments, default=datetime.now(UTC))
    standing = stores.standing(as_of)
    return Status(
        pipeline=name,
        champion=standing.champion,
        promise=standing.promise,
        last_decision=decisions[-1] if decisions else None,
        last_measured=measured[-1].reason if measured else "",
        last_probation=probations[-1] if probations else None,
        unanswered=tuple(standing.unanswered),
        held=len(stores.quarantine.held()),
        refused=sum(each.outcome is Outcome.REFUSED for each in ledger.admissions(name)),
        problems=tuple(ledger.verify(name)),
        attested=next(reversed(ledger.attestations(name)), None),
        page=str(stores.reports / "status.html"),
    )


def _champion(found: Status) -> str:
    if found.champion is None or found.promise is None:
        return "none yet"
    return (
        f"v{found.champion.number} ({found.champion.candidate}) since "
        f"{found.promise.since:%Y-%m-%d}, trained through {found.champion.trained_through}, "
        f"promised {found.promise.value:.4f}"
    )
