"""Alarms about what a model is given and answers, of which one in so many days may be false.

Every stream has evidence against every reference: the e-CUSUM of its daily e-values (Shin, Ramdas
and Rinaldo, New England Journal of Statistics in Data Science 2, 2024). All are judged together by
the weighted e-Benjamini-Hochberg procedure at 1 / `false_alarm_days` (Dandapanthula and Ramdas,
arXiv:2501.04130, 2025): whoever is named, the weighted mean of the evidence has then reached
`false_alarm_days`, and that takes at least as many quiet days on average.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isnan

import numpy as np

from config.watch import Drift
from tasks.drift.detectors.e_benjamini_hochberg import e_benjamini_hochberg
from tasks.drift.detectors.e_cusum import e_cusum
from tasks.drift.distance import Column, Compared, undefined
from tasks.profiles.columns import ColumnProfile, Profile
from tasks.signs import Reference, Signal

QUIET_DAYS = 3
"""In a row, after which an alarm is over."""

UNREMARKABLE = 0.2
"""p-value above which a day says nothing by itself."""

EVEN = 0.5
"""Part of the weight that all streams share alike: what a model seems not to use may break too."""

Key = tuple[Reference, str]


@dataclass(frozen=True)
class Watched:
    """Streams that are judged on the same day, beside what they are compared with.

    `streams` names the column of each. `recent` are the latest days, of which the newest is judged
    and all may count for how far away they are; each reference has its days' profiles.
    """

    streams: Mapping[str, str]
    recent: Mapping[date, Profile]
    references: Mapping[Reference, Mapping[date, Profile]]

    @property
    def day(self) -> date:
        """The day that is judged."""
        return max(self.recent)


def vigil(
    watched: Sequence[Watched],
    weights: Mapping[str, float],
    past: Sequence[Signal],
    policy: Drift,
) -> tuple[Signal, ...]:
    """A signal for every stream and reference, with the alarms that are raised or still up.

    `weights` (by stream, 0 or more, of any sum) say how much depends on each; a stream without one
    has the mean of the others'. They are shared out over all streams of all references that are
    long enough, so all that is watched of a pipeline has to be judged in one call.

    `past` are signals of days before, of the latest at least, and of the latest `QUIET_DAYS` for an
    alarm to end; a stream's signals against a reference that is no more are to be left out.
    Evidence goes on from the latest, and starts anew after an alarm. An alarm also needs the
    effect over the days that the evidence has grown on to be at least the floor. It stands, and
    is not judged again, until on `QUIET_DAYS` days in a row the effect was below the floor or the
    day was unremarkable; a day that could not be compared ends nothing.
    """
    shares = _shares(watched, weights, policy)
    earlier = _earlier(past)
    found = [signal for each in watched for signal in _signals(each, shares, earlier, policy)]
    named = e_benjamini_hochberg(
        {_key(each): each.evidence for each in found if _may_alarm(each)},
        shares,
        1 / policy.false_alarm_days,
    )
    return tuple(
        replace(each, alarmed=True, standing=True) if _key(each) in named else each
        for each in found
    )


def quiet(signal: Signal) -> bool:
    """Whether the stream looks as usual: too little to matter, or no more than chance.

    A day on which nothing could be compared does not.
    """
    return signal.effect < signal.floor or signal.p > UNREMARKABLE


def _shares(
    watched: Sequence[Watched], weights: Mapping[str, float], policy: Drift
) -> dict[Key, float]:
    """Of a budget of 1, whatever the day brings: known before its profile is."""
    used = {stream: max(weight, 0.0) for stream, weight in weights.items() if not isnan(weight)}
    usual = sum(used.values()) / len(used) if used else 1.0
    found = {
        (reference, stream): used.get(stream, usual)
        for each in watched
        for reference, days in each.references.items()
        if len(days) >= policy.least_days
        for stream in each.streams
    }
    total = sum(found.values())
    if not total:
        return dict.fromkeys(found, 1 / max(len(found), 1))
    return {key: EVEN / len(found) + (1 - EVEN) * weight / total for key, weight in found.items()}


def _earlier(past: Iterable[Signal]) -> dict[Key, list[Signal]]:
    """Each stream's signals against each reference, oldest first."""
    found: dict[Key, list[Signal]] = {}
    for each in sorted(past, key=lambda signal: signal.day):
        found.setdefault(_key(each), []).append(each)
    return found


def _signals(
    watched: Watched,
    shares: Mapping[Key, float],
    earlier: Mapping[Key, Sequence[Signal]],
    policy: Drift,
) -> Iterator[Signal]:
    """Of all its streams, before anything is judged."""
    for stream, name in watched.streams.items():
        column = _Laid(watched, name)
        for reference in watched.references:
            key = reference, stream
            before = [each for each in earlier.get(key, ()) if each.day < watched.day]
            yield _signal(column, key, before, shares.get(key, 0.0), policy)


class _Laid:
    """One column of all that is watched, every profile laid out once."""

    def __init__(self, watched: Watched, name: str) -> None:
        self.day = watched.day
        # Numbers that were text once, or will be, are compared with days that had numbers alone.
        self._kind = type(watched.recent[self.day].columns.get(name))
        self._profiles: list[ColumnProfile] = []
        self._places: dict[int, int] = {}
        self._recent = self._placed(watched.recent, name)
        self._references = {
            reference: self._placed(days, name) for reference, days in watched.references.items()
        }
        self._column = Column.of(self._profiles)

    @property
    def rows(self) -> int:
        """On the day that is judged."""
        return self._profiles[self._recent[self.day]].rows if self.day in self._recent else 0

    def beside(self, reference: Reference, since: date, policy: Drift) -> Compared:
        """The day that is judged, and how far the days from `since` on are."""
        if self.day not in self._recent:
            return undefined("not among the columns of this day")
        usual = [*self._references[reference].values()]
        if len(usual) < policy.least_days:
            return undefined(f"{len(usual)} of at least {policy.least_days} days to compare with")
        days = [self._recent[day] for day in sorted(self._recent) if since <= day]
        return self._column.beside(np.array(days), np.array(usual), policy)

    def _placed(self, days: Mapping[date, Profile], name: str) -> dict[date, int]:
        found = {day: days[day].columns[name] for day in days if name in days[day].columns}
        return {
            day: self._place(profile)
            for day, profile in found.items()
            if isinstance(profile, self._kind)
        }

    def _place(self, profile: ColumnProfile) -> int:
        if id(profile) not in self._places:
            self._places[id(profile)] = len(self._profiles)
            self._profiles.append(profile)
        return self._places[id(profile)]


def _signal(
    column: _Laid, key: Key, before: Sequence[Signal], weight: float, policy: Drift
) -> Signal:
    latest = before[-1] if before else None
    stood = latest is not None and latest.standing
    goes_on = latest is not None and (stood or latest.evidence > 1)
    since = latest.since if latest is not None and goes_on else column.day
    found = column.beside(key[0], since, policy)
    signal = Signal(
        day=column.day,
        reference=key[0],
        stream=key[1],
        rows=column.rows,
        p=found.p,
        e=found.e,
        evidence=e_cusum(0.0 if latest is None or stood else latest.evidence, found.e),
        since=since,
        effect=found.effect,
        floor=found.floor,
        unit=found.unit,
        weight=weight,
        reason=found.reason,
        measure=found.measure,
    )
    return replace(signal, standing=stood and not _over([*before, signal]))


def _over(signals: Sequence[Signal]) -> bool:
    latest = signals[-QUIET_DAYS:]
    return len(latest) == QUIET_DAYS and all(quiet(each) for each in latest)


def _may_alarm(signal: Signal) -> bool:
    """Not while its alarm is up, nor on the day that ends it: there the evidence starts at 0."""
    return not signal.standing and signal.weight > 0 and signal.effect >= signal.floor


def _key(signal: Signal) -> Key:
    return signal.reference, signal.stream
