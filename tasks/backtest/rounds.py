"""The nightly round of an arm: what it keeps stays in memory, and what all are asked is shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from tasks.drift.patrol import PROBABILITY, Patrol, Profiles
from tasks.drift.sightings import Sightings
from tasks.predictions.log import PredictionLog
from tasks.profiles.columns import Profile
from tasks.profiles.frames import by_day
from tasks.profiles.shelf import Shelf
from tasks.signs import Signal

Inputs = dict[tuple[date, int, tuple[str, ...]], Profile]
"""Profiles of what all arms were asked: by day, number of rows, and columns."""


@dataclass(frozen=True)
class Laid(Shelf):
    """A shelf whose profiles are at hand: to read them again would take longer than the rest.

    One that is not `durable` is empty after a kill, and filled from the log again.
    """

    durable: bool = True
    known: dict[date, tuple[str, Profile]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.durable:
            profiles = Shelf.days(self, date.min, date.max)
            sources = Shelf.kept(self)
            self.known.update({day: (sources[day], each) for day, each in profiles.items()})

    def kept(self, first: date = date.min, last: date = date.max) -> dict[date, str]:
        """What each day's profile was made from."""
        return {d: source for d, (source, _) in self.known.items() if first <= d <= last}

    def keep(self, day: date, profile: Profile, source: str) -> bool:
        """Keep the profile of a day; False when that has been done."""
        if self.kept(day, day).get(day) == source:
            return False
        if self.durable:
            Shelf.keep(self, day, profile, source)
        self.known[day] = source, profile
        return True

    def days(self, first: date, last: date) -> Mapping[date, Profile]:
        """The profiles of the days from `first` to `last` that have one, in order of days."""
        return {day: self.known[day][1] for day in sorted(self.known) if first <= day <= last}


@dataclass(frozen=True)
class Sighted(Sightings):
    """Signals at hand, night by night."""

    known: dict[date, Sequence[Signal]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in self.table.partitions():
            night = date.fromisoformat(name)
            self.known[night] = Sightings.of(self, night, night)

    def keep(self, night: date, signals: Sequence[Signal]) -> bool:
        """Keep all that was seen on a night; False when there is nothing to keep, or it was."""
        is_new = Sightings.keep(self, night, signals)
        if is_new:
            self.known[night] = tuple(signals)
        return is_new

    def of(self, first: date, last: date) -> list[Signal]:
        """All signals of the nights from `first` to `last`, oldest night first."""
        nights = sorted(night for night in self.known if first <= night <= last)
        return [signal for night in nights for signal in self.known[night]]


@dataclass(frozen=True)
class Kept:
    """What one arm's rounds have kept, and what those of all arms share."""

    asked: Laid
    outcomes: Laid
    sightings: Sighted
    inputs: Inputs

    @classmethod
    def of(cls, log: PredictionLog, inputs: Inputs) -> "Kept":
        """As it lies beside a prediction log."""
        lake = log.lake
        return cls(
            Laid(lake.table("profiles"), durable=False),
            Laid(lake.table("outcomes")),
            Sighted(lake.table("signals")),
            inputs,
        )


@dataclass(frozen=True)
class Rounds(Patrol):
    """A patrol whose shelves are at hand."""

    at_hand: Kept

    @property
    def asked(self) -> Shelf:
        """Profiles of the inputs and probabilities of each day that was asked about."""
        return self.at_hand.asked

    @property
    def outcomes(self) -> Shelf:
        """Profiles of the labels and losses of each complete day."""
        return self.at_hand.outcomes

    @property
    def sightings(self) -> Sightings:
        """Signals by the day that they were judged on."""
        return self.at_hand.sightings

    def _asked(self, first: date, last: date) -> Profiles:
        """The profiles of inputs, made by the first arm, and of this one's probabilities."""
        features = self.definition.pipeline.features
        rows = self.completed(self.log.read(first, last))
        own, shared = by_day(rows, [PROBABILITY], ()), self.at_hand.inputs
        names = {day: (day, each.rows, features.columns) for day, each in own.items()}
        missing = {day.isoformat() for day, name in names.items() if name not in shared}
        if missing:
            new = rows[rows["day"].isin(missing)]
            for day, made in by_day(new, features.numeric, features.categorical).items():
                shared[names[day]] = made
        ordered = [*features.numeric, PROBABILITY, *features.categorical]
        found = {day: {**shared[names[day]].columns, **each.columns} for day, each in own.items()}
        return {
            day: Profile(own[day].rows, {name: columns[name] for name in ordered})
            for day, columns in found.items()
        }
