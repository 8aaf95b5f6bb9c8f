"""What is redone after redeliveries: outdated answers, then measurements that stand on them."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import pandas as pd

from tasks.drift.again import Measurement, again
from tasks.drift.clocks.clockwork import Clockwork, truth
from tasks.drift.triggers import metrics
from tasks.errors import Terminal
from tasks.impact.answers import rescorer
from tasks.impact.impact import Found, Impact, impact
from tasks.impact.redeliveries import redelivered
from tasks.ledger.corrections import Correction, Name, latest, named
from tasks.records import Promise
from tasks.signs import Reading
from tasks.stores import Stores


@dataclass(frozen=True)
class Due:
    """A measurement to take again, and the partitions that were delivered again since."""

    measurement: Measurement
    because: str


@dataclass(frozen=True)
class Work:
    """What redeliveries left to do about days asked about and nights of a range.

    `questions` are the key and `day` of those whose answers are outdated, `scores` their days,
    `elsewhere` those outside of the range. `profiles` are days to profile again.
    """

    impacts: tuple[Impact, ...]
    questions: pd.DataFrame
    scores: tuple[date, ...]
    elsewhere: tuple[date, ...]
    profiles: tuple[date, ...]
    measurements: tuple[Due, ...]

    @property
    def because(self) -> str:
        """The partitions that the champion was trained on before they were delivered again."""
        return ", ".join(each.redelivery.name for each in self.impacts if each.asks_for_retrain)

    @property
    def versions(self) -> tuple[int, ...]:
        """Versions that a retrain would replace: those that serve."""
        asking = (each for each in self.impacts if each.asks_for_retrain)
        return tuple(sorted({v.number for each in asking for v in each.versions if v.serves}))


@dataclass(frozen=True)
class Rescored:
    """A day whose outdated answers were given again, or why they could not be."""

    day: date
    rows: int = 0
    error: str = ""


@dataclass(frozen=True)
class Measured:
    """How many measurements were taken again, and how many wait for answers of other days."""

    corrections: tuple[Correction, ...] = ()
    waiting: int = 0


def work(stores: Stores, days: tuple[date, date], as_of: datetime) -> Work:
    """What is left to do from the first to the last of the days, by what is known by `as_of`.

    Raises `Terminal` when the first comes after the last.
    """
    first, last = days
    if first > last:
        raise Terminal(f"the first day, {first}, comes after the last, {last}")
    champion = stores.ledger.champion(stores.name)
    serving = set() if champion is None else {champion}
    found = [impact(stores, each, as_of, serving) for each in redelivered(stores, as_of)]
    outdated = {each.day for one in found for each in one.impact.scores}
    touched = {day for one in found for day in one.days}
    answers = [each.answers for each in found if len(each.answers)]
    return Work(
        impacts=tuple(each.impact for each in found),
        questions=_together(answers),
        scores=tuple(sorted(day for day in outdated if first <= day <= last)),
        elsewhere=tuple(sorted(day for day in outdated if not first <= day <= last)),
        profiles=tuple(sorted(day for day in touched if first <= day <= last)),
        measurements=tuple(_due(stores, found, days)),
    )


def rescored(stores: Stores, todo: Work, day: date, as_of: datetime) -> Rescored:
    """Give the outdated answers of a day again; what goes wrong is its own."""
    keys = todo.questions[todo.questions["day"] == day.isoformat()]
    try:
        return Rescored(day, rescorer(stores).score(day, keys, as_of))
    except Terminal as error:
        return Rescored(day, error=str(error))


def renewed(stores: Stores, todo: Work, as_of: datetime) -> int:
    """Profile the days again whose answers or labels are other ones; how many profiles were."""
    return stores.patrol.renewed(todo.profiles, as_of)


def remeasured(stores: Stores, todo: Work, failed: Collection[date], as_of: datetime) -> Measured:
    """Take measurements again, and write them down beside the first.

    One whose days hold answers that are outdated still waits until those are given again.
    """
    wrong = {*failed, *todo.elsewhere}
    ready = [each for each in todo.measurements if not _holds(each.measurement, wrong)]
    made: list[Correction] = []
    for _, due in groupby(ready, lambda each: _moment(each.measurement)):
        for correction in _corrections(stores, [*due], as_of):
            stores.ledger.keep_correction(correction)
            made.append(correction)
    return Measured(tuple(made), len(todo.measurements) - len(ready))


def _together(answers: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if not answers:
        return pd.DataFrame({"day": pd.Series(dtype="str")})
    return pd.concat(answers).drop_duplicates(ignore_index=True)


def _due(stores: Stores, found: Sequence[Found], days: tuple[date, date]) -> Iterator[Due]:
    """Measurements of nights of the range, in order of moment and version."""
    zone = stores.definition.pipeline.schedule.zone
    because: dict[Name, list[str]] = {}
    taken: dict[Name, Measurement] = {}
    for each in found:
        for measurement in each.impact.measurements:
            if days[0] <= measurement.as_of.astimezone(zone).date() <= days[1]:
                name = named(measurement)
                taken[name] = measurement
                because.setdefault(name, []).append(each.impact.redelivery.name)
    for name, measurement in sorted(taken.items(), key=lambda each: _moment(each[1])):
        yield Due(measurement, ", ".join(because[name]))


def _moment(measurement: Measurement) -> tuple[datetime, int]:
    """What measurements that are taken again together share."""
    return measurement.as_of, measurement.version or 0


def _holds(measurement: Measurement, days: Collection[date]) -> bool:
    return any(measurement.first_day <= day <= measurement.last_day for day in days)


def _corrections(stores: Stores, due: Sequence[Due], as_of: datetime) -> Iterator[Correction]:
    """Of measurements of one version at one moment."""
    ledger = stores.ledger
    before = latest(ledger.corrections(stores.name))
    scored = {named(each.reading) for each in ledger.scored(stores.name, as_of)}
    because = {named(each.measurement): each.because for each in due}
    world = _world(stores, due[0].measurement)
    for first, new in again(world, [each.measurement for each in due], as_of):
        name = named(first)
        yield Correction(
            again=new,
            number=before[name].number + 1 if name in before else 1,
            taken_at=as_of,
            because=because[name],
            truth=_truth(world, new, as_of) if name in scored else math.nan,
        )


def _truth(world: Clockwork, new: Measurement, as_of: datetime) -> float:
    """What a reading turned out to be, by labels known by now; a performance did at once."""
    if not isinstance(new, Reading):
        return math.nan
    return truth(world.definition, world.lake, world.log, new, as_of)


def _world(stores: Stores, first: Measurement) -> Clockwork:
    """Whose answers were measured, with what it had promised."""
    assert first.version is not None  # others are not taken again
    promised = stores.ledger.reference(stores.name, first.version).value
    promise = Promise(first.version, first.as_of, promised)
    named_by_triggers = metrics(stores.definition.pipeline)
    return Clockwork(stores.definition, stores.lake, stores.log, promise, named_by_triggers)
