"""Drift by stream: how the evidence grew, and when an alarm was raised and stood."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.ledger.monitoring_days import Run, Timeline, stretches
from tasks.ledger.monitoring_lanes import shortened
from tasks.ledger.templates import number, percent
from tasks.signs import Signal

MOST_STRIPS = 24
_LEAST_DECADES, _MOST_DECADES = 4, 9


@dataclass(frozen=True)
class Strip:
    """One stream on all of its references.

    `evidence` is the area under the largest e-CUSUM, by ratio; `compared` the days on which
    there was anything to compare; `standing` and `raised` the alarms. `is_current` when the
    newest day of all could be compared; `reason` is why none could.
    """

    stream: str
    weight: float
    is_standing: bool
    is_current: bool
    days: int
    evidence: str
    compared: str
    standing: tuple[Run, ...]
    raised: tuple[Run, ...]
    reason: str

    @property
    def note(self) -> str:
        """The stream in a word; one that could not be compared is not called quiet."""
        if not self.days:
            return "not compared"
        if self.is_standing:
            return "stands"
        if not self.is_current:
            return "not compared now"
        return f"{self.alarms} past" if self.alarms else "quiet"

    @property
    def alarms(self) -> int:
        """On how many days one was raised, or since before the days shown stood."""
        return max(len({run.at for run in self.raised}), len(self.standing))


@dataclass(frozen=True)
class Strips:
    """The streams worth looking at first; how high the drawings reach, and who was left out.

    `latest` is the newest day, on which `compared` of `streams` streams could be compared.
    """

    shown: tuple[Strip, ...]
    hidden: int
    decades: int
    latest: date
    compared: int
    streams: int


def strips(signals: Iterable[Signal], days: Timeline) -> Strips | None:
    """Standing alarms first, then past ones by how recent, then by weight; None for no signal."""
    by_stream: dict[str, list[Signal]] = defaultdict(list)
    for each in signals:
        if days.has(each.day):
            by_stream[each.stream].append(each)
    if not by_stream:
        return None
    decades = _decades(each.evidence for found in by_stream.values() for each in found)
    latest = max(each.day for found in by_stream.values() for each in found)
    order = sorted(by_stream, key=lambda stream: _rank(by_stream[stream], latest))
    newest = [[e for e in found if e.day == latest] for found in by_stream.values()]
    return Strips(
        shown=tuple(_strip(by_stream[each], latest, days, decades) for each in order[:MOST_STRIPS]),
        hidden=len(order[MOST_STRIPS:]),
        decades=decades,
        latest=latest,
        compared=sum(any(map(_is_compared, found)) for found in newest),
        streams=len(by_stream),
    )


def alarms(signals: Iterable[Signal], days: Timeline) -> list[Signal]:
    """Every alarm that was raised, the newest first."""
    found = [each for each in signals if each.alarmed and days.has(each.day)]
    return sorted(found, key=lambda each: (-each.day.toordinal(), each.stream, each.reference))


def standing(signals: Iterable[Signal]) -> list[Signal]:
    """The newest day's signals whose alarm is up."""
    found = list(signals)
    latest = max((each.day for each in found), default=None)
    return [each for each in found if each.day == latest and each.standing]


def effect(signal: Signal) -> str:
    """How far the latest days are from the reference, in its unit."""
    if not math.isfinite(signal.effect):
        return number(signal.effect)
    if signal.unit == "share":
        return f"{signal.effect * 100:.1f} points of share"
    return f"{signal.effect:.3f} {signal.unit}"


def told_of(signal: Signal) -> str:
    """An alarm in one sentence."""
    return shortened(
        f"{signal.day}: {signal.stream} against the {signal.reference.value}, "
        f"{effect(signal)} where {signal.floor:g} matters, evidence {strength(signal.evidence)} "
        f"grown since {signal.since}"
    )


def strength(evidence: float) -> str:
    """An e-value as people read it.

    >>> strength(5321.4), strength(2.5e9), strength(math.inf)
    ('5,321', '2.5e+09', 'without end')
    """
    if math.isnan(evidence):
        return number(evidence)
    if math.isinf(evidence):
        return "without end"
    return f"{evidence:,.0f}" if 10 <= evidence < 1e6 else f"{evidence:.2g}"


def _is_compared(signal: Signal) -> bool:
    return math.isfinite(signal.p)


def _rank(signals: Sequence[Signal], latest: date) -> tuple[bool, int, float, str]:
    is_standing = any(each.standing and each.day == latest for each in signals)
    newest = max((each.day.toordinal() for each in signals if each.alarmed), default=0)
    return not is_standing, -newest, -_weight(signals), signals[0].stream


def _weight(signals: Sequence[Signal]) -> float:
    """On the stream's own newest day, over its references."""
    newest = max(each.day for each in signals)
    weights = [each.weight for each in signals if each.day == newest]
    return sum(weight for weight in weights if math.isfinite(weight))


def _decades(evidence: Iterable[float]) -> int:
    """To the next power of ten above all, within reason: an alarm needs some thousands."""
    highest = max((each for each in evidence if math.isfinite(each)), default=1.0)
    return min(max(math.ceil(math.log10(max(highest, 1.0))), _LEAST_DECADES), _MOST_DECADES)


def _strip(signals: Sequence[Signal], latest: date, days: Timeline, decades: int) -> Strip:
    by_day: dict[date, list[Signal]] = defaultdict(list)
    for each in signals:
        by_day[each.day].append(each)
    compared = [day for day, found in by_day.items() if any(map(_is_compared, found))]
    newest = by_day[max(by_day)]
    raised = [each for each in signals if each.alarmed]
    return Strip(
        stream=signals[0].stream,
        weight=_weight(signals),
        is_standing=any(each.standing for each in by_day.get(latest, ())),
        is_current=latest in compared,
        days=len(compared),
        evidence=_area({day: _highest(by_day[day]) for day in compared}, days, decades),
        compared="".join(
            f"M{run.at} 100h{run.width}"
            for run in (days.run(first, last) for first, last in stretches(compared))
        ),
        standing=_standing(by_day, days),
        raised=tuple(Run(days.at(each.day), 0.0, told_of(each)) for each in raised),
        reason="" if compared else next((e.reason for e in newest if e.reason), "not known"),
    )


def _highest(signals: Iterable[Signal]) -> float:
    return max((e.evidence for e in signals if not math.isnan(e.evidence)), default=1.0)


def _standing(by_day: Mapping[date, Sequence[Signal]], days: Timeline) -> tuple[Run, ...]:
    up = [day for day, found in by_day.items() if any(each.standing for each in found)]
    return tuple(
        days.run(first, last, _stood([e for e in by_day[last] if e.standing], first, last))
        for first, last in stretches(up)
    )


def _stood(signals: Sequence[Signal], first: date, last: date) -> str:
    when = f"{first}" if first == last else f"{first} to {last}"
    against = " and the ".join(dict.fromkeys(each.reference.value for each in signals))
    far = f"{signals[0].stream} at {effect(signals[0])}"
    weighing = f"{percent(sum(each.weight for each in signals), 0)} of all weight"
    return shortened(f"{when}: alarm against the {against}; {far}, {weighing}")


def _area(found: Mapping[date, float], days: Timeline, decades: int) -> str:
    """From no evidence (1) at the foot to all of it at the top, by ratio; gaps stay open."""
    path = ""
    for first, last in stretches(found):
        points = [(days.start(first), 100)]
        heights = [
            (days.at(date.fromordinal(day)), _height(found[date.fromordinal(day)], decades))
            for day in range(first.toordinal(), last.toordinal() + 1)
        ]
        points += [each for number, each in enumerate(heights) if _turns(heights, number)]
        points += [(days.start(date.fromordinal(last.toordinal() + 1)), 100)]
        path += f"M{'L'.join(f'{x} {y}' for x, y in points)}Z"
    return path


def _height(evidence: float, decades: int) -> int:
    if evidence <= 1:
        return 100
    share = 1.0 if math.isinf(evidence) else min(math.log10(evidence) / decades, 1.0)
    return round(100 - 100 * share)


def _turns(heights: Sequence[tuple[float, int]], number: int) -> bool:
    """Whether a point is an end, or off the level of its neighbours: a year is mostly level."""
    is_end = number in (0, len(heights) - 1)
    return is_end or len({height for _, height in heights[number - 1 : number + 2]}) > 1
