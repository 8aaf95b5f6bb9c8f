"""What the monitoring page is made of: everything that watching a pipeline has found."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from tasks.ledger.page import Link
from tasks.records import Admission, Decision, Outcome, Performance
from tasks.signs import Evaluation, Reading, Scored, Signal, Track


@dataclass(frozen=True)
class Volume:
    """One day of one table: rows that reached the lake, and rows in quarantine beside them."""

    day: date
    rows: int
    held: int
    table: str = ""


@dataclass(frozen=True)
class Maturity:
    """How many rows of a day were answered, and for how many of them the label has arrived."""

    day: date
    asked: int
    arrived: int

    @property
    def share(self) -> float:
        """Of all; nan when nothing was asked."""
        return self.arrived / self.asked if self.asked else math.nan


@dataclass(frozen=True)
class Level:
    """The bar of a metric from a day on: what a drop is measured from. nan: there is none."""

    day: date
    metric: str
    value: float


@dataclass(frozen=True)
class MonitorData:
    """Everything that the page shows; sequences are oldest first, and any may be empty.

    `performances` stand in for realised readings of nights that have none. `bars` left empty are
    what the performances were compared with. `complete_through` is the last day whose labels are
    complete. Only the latest `days` days up to `as_of` are drawn.
    """

    pipeline: str
    title: str
    as_of: datetime
    metric: str
    higher_is_better: bool
    readings: tuple[Reading, ...] = ()
    performances: tuple[Performance, ...] = ()
    bars: tuple[Level, ...] = ()
    scored: tuple[Scored, ...] = ()
    tracks: tuple[Track, ...] = ()
    min_scored: int = 10
    min_coverage: float = 0.8
    signals: tuple[Signal, ...] = ()
    false_alarm_days: int = 90
    decisions: tuple[Decision, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    admissions: tuple[Admission, ...] = ()
    volumes: tuple[Volume, ...] = ()
    maturity: tuple[Maturity, ...] = ()
    complete_through: date | None = None
    links: tuple[Link, ...] = ()
    days: int = 365


def known(data: MonitorData) -> MonitorData:
    """The record as it was at `as_of`: nothing that was found later is told."""
    now, day = data.as_of, data.as_of.date()
    return replace(
        data,
        readings=tuple(each for each in data.readings if each.as_of <= now),
        performances=tuple(each for each in data.performances if each.as_of <= now),
        bars=tuple(each for each in data.bars if each.day <= day),
        scored=tuple(each for each in data.scored if each.reading.as_of <= now),
        signals=tuple(each for each in data.signals if each.day <= day),
        decisions=tuple(each for each in data.decisions if each.as_of <= now),
        evaluations=tuple(each for each in data.evaluations if each.as_of <= now),
        volumes=tuple(each for each in data.volumes if each.day <= day),
        maturity=tuple(each for each in data.maturity if each.day <= day),
    )


def volumes(admissions: Iterable[Admission]) -> tuple[Volume, ...]:
    """Rows and held rows by table and day, from deliveries oldest first.

    A partition's latest accepted delivery counts: it has replaced those before. Partitions that
    are no days, or parts of one, stand at the day they arrived; several on one day add up.
    """
    latest = {
        (each.delivery.table, each.delivery.partition): each
        for each in admissions
        if each.outcome is Outcome.ACCEPTED
    }
    found: dict[tuple[str, date], tuple[int, int]] = {}
    for each in latest.values():
        key = (each.delivery.table, delivered_day(each))
        rows, held = found.get(key, (0, 0))
        found[key] = (rows + each.rows, held + each.held)
    return tuple(Volume(day, *found[table, day], table) for table, day in sorted(found))


def delivered_day(admission: Admission) -> date:
    """The day that a delivery is about; where its partition does not say, when it arrived."""
    try:
        return date.fromisoformat(admission.delivery.partition[:10])
    except ValueError:
        return admission.delivery.arrived_at.date()
