"""Symptoms of each cause, small enough to read."""

import math
from datetime import UTC, date, datetime

import numpy as np

from tasks.drift.clocks.density import Density
from tasks.drift.faults import Fault, Kind
from tasks.drift.maturity import LabelMove
from tasks.drift.symptoms import Symptoms
from tasks.records import Admission, Delivery, Interval, Outcome
from tasks.signs import Clock, Reading, Reference, Signal

FIRST, LAST = date(2024, 3, 1), date(2024, 3, 7)
AS_OF = datetime(2024, 3, 9, 3, tzinfo=UTC)
BAR, ALLOWED = 0.75, 0.03


def reading(value: float, reach: float = 0.02, clock: Clock = Clock.REALISED) -> Reading:
    """A week's ROC AUC, known to within `reach`."""
    return Reading(
        pipeline="shop",
        clock=clock,
        as_of=AS_OF,
        version=1,
        metric="roc_auc",
        first_day=FIRST,
        last_day=LAST,
        rows=900,
        labels=900,
        measured=Interval(value, value - reach, value + reach),
        baseline=0.5,
        method="labels",
    )


def estimate(value: float, reach: float = 0.02) -> Reading:
    return reading(value, reach, Clock.ESTIMATED)


def admission(
    outcome: Outcome = Outcome.ACCEPTED,
    partition: str = "2024-03-04",
    rows: int = 100,
    held: int = 0,
    table: str = "orders",
) -> Admission:
    delivery = Delivery(table, partition, f"{table}/{partition}.csv", AS_OF, "f" * 64, 10)
    refused = outcome is Outcome.REFUSED
    message = f"{table} {partition}.csv: 40 of 40 rows are of another day" if refused else ""
    code = "partition_mismatch" if refused else ""
    return Admission(delivery, outcome, rows, held, code, message)


def signal(stream: str, alarmed: bool = True, standing: bool = True) -> Signal:
    return Signal(
        day=LAST,
        reference=Reference.PREVIOUS,
        stream=stream,
        rows=900,
        p=1e-9,
        e=1e4,
        evidence=1e4,
        since=LAST,
        effect=0.3,
        floor=0.02,
        unit="rank",
        weight=0.1,
        alarmed=alarmed,
        standing=standing,
    )


def fault(days: int = 1, column: str = "amount", kind: Kind = Kind.NULLS) -> Fault:
    broken = tuple(date(2024, 3, 1 + n) for n in range(days))
    return Fault(column, kind, broken, 7, 0.6, 0.01, f"60.0% of {column} are null, 1.0% before")


def density(low: float) -> Density:
    return Density(low + 0.05, low, np.ones(3))


LOST_LABELS = LabelMove(1e-6, 1, 0.4, 0.9, FIRST)
UNDEFINED_LABELS = LabelMove(math.nan, reason="too few days")

DROPPED = Symptoms("roc_auc", dropped=True, bar=BAR, allowed=ALLOWED, realised=reading(0.65))
QUIET = Symptoms(
    "roc_auc",
    bar=BAR,
    allowed=ALLOWED,
    realised=reading(0.75),
    expected=estimate(0.76),
    latest=estimate(0.75),
    admissions=[admission()],
    labels=LabelMove(0.6, 1, 0.9, 0.91, FIRST),
    density=density(0.5),
)
