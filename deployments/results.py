"""What each flow returns, told in a few lines."""

import math

from deployments.show import line, nights, table, told
from flows.backfill import Backfilled
from flows.ingest import Ingested
from flows.nightly import Night
from flows.release import Released
from flows.retrain import Retrained
from flows.watch import Watched
from tasks.features.pinning import Pinning
from tasks.predictions.scorer import Scored
from tasks.records import Decision, Kind, Outcome
from tasks.signs import Clock

__all__ = ["told"]


@told.register
def _(value: Ingested) -> None:
    if not value.admissions:
        line("nothing new in landing")
        return
    tables = sorted({each.delivery.table for each in value.admissions})
    counts = [[each for each in value.admissions if each.delivery.table == name] for name in tables]
    table(
        "ingested",
        ["table", "deliveries", "rows", "held", "refused"],
        [
            [
                name,
                len(arrived),
                sum(each.rows for each in arrived),
                sum(each.held for each in arrived),
                sum(each.outcome is Outcome.REFUSED for each in arrived),
            ]
            for name, arrived in zip(tables, counts, strict=True)
        ],
    )
    for each in value.refused:
        line(f"refused {each.delivery.path}\n  {each.code}: {each.message}")


@told.register
def _(value: Released) -> None:
    line(f"{value.rows} rows released")


@told.register
def _(value: Pinning) -> None:
    line(value.told)


@told.register
def _(value: Scored) -> None:
    versions = ", ".join(f"v{number}" for number in value.versions) or "no champion needed"
    line(f"scored {value.rows:,} rows on {len(value.days)} days ({versions})")


@told.register
def _(value: Watched) -> None:
    line(f"{'DROPPED: ' if value.performance.dropped else ''}{value.performance.reason}")
    for reading in value.sight.readings:
        if not math.isnan(reading.measured.value) and reading.clock is not Clock.REALISED:
            found = reading.measured
            limits = f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
            line(f"{reading.clock}: {reading.metric} {limits} on {reading.rows:,} rows")
    line(f"{value.sight.routed.route}: {value.sight.routed.reason}")
    if value.sight.alarms:
        line(f"DRIFTED: {value.sight.told}")
    if value.drift is not None:
        line(f"drift report: {value.drift.page}")


@told.register
def _(value: Retrained) -> None:
    if value.decision is None or value.declined:
        line(value.told)
        return
    checks = value.decision.evidence.get("checks")
    if isinstance(checks, list):
        rows = [[each["status"], each["title"], each["reason"]] for each in checks]
        table("checks", ["", "check", "why"], rows)
    _candidates(value.decision)
    told(value.decision)
    if not value.news:
        line("this attempt had been decided before; nothing changed")


@told.register
def _(value: Decision) -> None:
    serves = "nobody serves" if value.champion is None else f"v{value.champion} serves"
    verb = "ROLLED BACK from" if value.kind is Kind.ROLLED_BACK else value.kind.value.upper()
    line(f"{verb} v{value.version}; {serves}. {value.reason}")


@told.register
def _(value: Backfilled) -> None:
    nights(value.nights)


@told.register
def _(value: Night) -> None:
    told(value.ingested)
    told(value.scored)
    told(value.watched)
    if value.probation is not None:
        line(value.probation.told)
    line(f"retrain: {'due' if value.due.wanted else 'not due'}, {value.due.reason}")
    if value.retrained is not None:
        told(value.retrained.decision or value.retrained.told)


def _candidates(decision: Decision) -> None:
    """What each candidate cost beside its gain, and what became of a refit."""
    costs, refit = decision.evidence.get("costs"), decision.evidence.get("refit")
    if isinstance(costs, list):
        names = ["candidate", "score", "gain", "gain_per_cpu_minute", "cpu_seconds", "peak_mb"]
        columns = [*(name.replace("_", " ") for name in names), "trials", ""]
        rows = [[each[name] for name in [*names, "trials", "told"]] for each in costs]
        table("candidates", columns, rows)
    if isinstance(refit, dict):
        line(f"refit: {refit['certificate']['reason']}")
