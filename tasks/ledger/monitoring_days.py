"""The days that all drawings of the monitoring page share, in percent of their width."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tasks.ledger.axis import Tick
from tasks.records import Decision

_LEAST_DAYS = 14
_MONTHS_FROM, _WEEKS_FROM = 75, 15
_ROOM, _ROOM_WHERE_NARROW = 3.2, 10.0
"""Percent of the width that a version's name takes up, on a wide screen and on a small one."""


@dataclass(frozen=True)
class Run:
    """A stretch of days, or of nights, with what is told about it."""

    at: float
    width: float
    text: str

    @property
    def end(self) -> float:
        return round(self.at + self.width, 2)


@dataclass(frozen=True)
class Timeline:
    """Every day from `first` to `last`, each as wide as the others."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def width(self) -> float:
        """Of one day."""
        return round(100 / self.days, 3)

    def has(self, day: date) -> bool:
        return self.first <= day <= self.last

    def start(self, day: date) -> float:
        """Where a day begins; days outside stand at the ends."""
        return round(min(max((day - self.first).days / self.days, 0.0), 1.0) * 100, 2)

    def at(self, day: date) -> float:
        """The middle of a day."""
        return round(((day - self.first).days + 0.5) / self.days * 100, 2)

    def run(self, first: date, last: date, text: str = "") -> Run:
        """From the beginning of one day to the end of another."""
        start = self.start(first)
        return Run(start, round(self.start(last + timedelta(days=1)) - start, 2), text)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Months, weeks or days, by how many there are; a January is told by its year."""
        found = [self.first + timedelta(days=number) for number in range(self.days)]
        if self.days >= _MONTHS_FROM:
            firsts = [day for day in found if day.day == 1]
            return tuple(
                Tick(self.start(day), f"{day:%Y}" if day.month == 1 else f"{day:%b}")
                for day in firsts
            )
        if self.days >= _WEEKS_FROM:
            found = [day for day in found if day.weekday() == 0]
        return tuple(Tick(self.start(day), f"{day.day} {day:%b}") for day in found)


@dataclass(frozen=True)
class Reign:
    """The days of one champion as a background; `label` is empty where it would not fit.

    A minor label fits on a wide screen only.
    """

    version: int
    run: Run
    label: str
    is_minor: bool
    is_odd: bool


def timeline(days: Iterable[date], last: date, most: int) -> Timeline:
    """From the first of the days, at most `most` back from `last`, and at least two weeks."""
    earliest = last - timedelta(days=max(most, _LEAST_DAYS) - 1)
    latest = last - timedelta(days=_LEAST_DAYS - 1)
    first = min((day for day in days if day <= last), default=latest)
    return Timeline(min(max(first, earliest), latest), last)


def champion_on(decisions: Sequence[Decision], day: date) -> int | None:
    """Who served at the end of a day, by decisions oldest first."""
    before = (each for each in reversed(decisions) if each.as_of.date() <= day)
    return next((each.champion for each in before), None)


def reigns(decisions: Sequence[Decision], days: Timeline) -> tuple[Reign, ...]:
    """Every champion's days, the present one's to the end; days without a champion are bare."""
    changes = [*_changes(decisions), (days.last + timedelta(days=1), None)]
    found: list[Reign] = []
    free = free_where_narrow = 0.0
    for number, ((first, version), (after, _)) in enumerate(pairwise(changes)):
        if version is None or after <= days.first or first > days.last:
            continue
        run = days.run(first, after - timedelta(days=1), f"v{version} serves")
        label = f"v{version}" if run.at >= free else ""
        free = run.at + _ROOM if label else free
        is_minor = run.at < free_where_narrow
        free_where_narrow = free_where_narrow if is_minor else run.at + _ROOM_WHERE_NARROW
        found.append(Reign(version, run, label, is_minor, number % 2 == 1))
    return tuple(found)


def shaded(found: Iterable[Reign]) -> str:
    """Every second champion's days as one path, for the backgrounds."""
    return "".join(f"M{e.run.at} 0h{e.run.width}V100H{e.run.at}z" for e in found if e.is_odd)


def stretches(found: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Days that follow each other, as first and last.

    >>> list(stretches([date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 9)]))[0][1].day
    2
    """
    days = sorted(set(found))
    if not days:
        return
    breaks = [(one, two) for one, two in pairwise(days) if (two - one).days > 1]
    starts = [days[0], *(two for _, two in breaks)]
    ends = [*(one for one, _ in breaks), days[-1]]
    yield from zip(starts, ends, strict=True)


def _changes(decisions: Sequence[Decision]) -> Iterator[tuple[date, int | None]]:
    """The day of each change of champion; of several on one day, the last."""
    by_day = {each.as_of.date(): each.champion for each in decisions}
    champion: int | None = None
    for day, version in by_day.items():
        if version != champion:
            champion = version
            yield day, version
