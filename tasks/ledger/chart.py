"""Performance over time as the geometry of one drawing; the page only fills it in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tasks.records import Decision, Performance

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 22, 34
"""Size of the drawing and of its margins, in its own units."""

_LABEL_WIDTH = 26


@dataclass(frozen=True)
class Mark:
    """A point with what is told about it."""

    x: float
    y: float
    text: str
    dropped: bool = False


@dataclass(frozen=True)
class Tick:
    """A label at a distance from the left or the top; empty where it would cover another."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Polylines and polygons as SVG point lists, marks with their texts, ticks."""

    lines: tuple[str, ...]
    bands: tuple[str, ...]
    references: tuple[str, ...]
    marks: tuple[Mark, ...]
    changes: tuple[Tick, ...]
    days: tuple[Tick, ...]
    levels: tuple[Tick, ...]


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date
    low: float
    high: float

    def x(self, day: date) -> float:
        span = max((self.last - self.first).days, 1)
        return round(LEFT + (day - self.first).days / span * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def drawn(performances: Sequence[Performance], decisions: Sequence[Decision] = ()) -> Chart | None:
    """What was measured, at the days it was measured, with the champions' first days.

    None when nothing was measured. A measurement without a value leaves a gap: neither line nor
    band crosses it.
    """
    measured = [each for each in performances if math.isfinite(each.measured.value)]
    if not measured:
        return None
    scale = _scale(measured)
    runs = _runs(performances)
    return Chart(
        lines=tuple(_points(scale, [(_day(e), e.measured.value) for e in run]) for run in runs),
        bands=tuple(_band(scale, run) for run in runs),
        references=tuple(_references(scale, measured)),
        marks=tuple(_mark(scale, each) for each in measured),
        changes=tuple(_changes(scale, decisions)),
        days=tuple(_days(scale)),
        levels=tuple(_levels(scale)),
    )


def _scale(measured: Sequence[Performance]) -> _Scale:
    values = [
        value
        for each in measured
        for value in (*_limits(each), each.reference)
        if math.isfinite(value)
    ]
    low, high = min(values), max(values)
    room = max((high - low) * 0.08, 0.005)
    days = [_day(each) for each in measured]
    return _Scale(min(days), max(days), low - room, high + room)


def _limits(performance: Performance) -> tuple[float, float]:
    measured = performance.measured
    low = measured.low if math.isfinite(measured.low) else measured.value
    high = measured.high if math.isfinite(measured.high) else measured.value
    return low, high


def _runs(performances: Sequence[Performance]) -> list[list[Performance]]:
    runs: list[list[Performance]] = [[]]
    for each in performances:
        if math.isfinite(each.measured.value):
            runs[-1].append(each)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _points(scale: _Scale, points: Sequence[tuple[date, float]]) -> str:
    return " ".join(f"{scale.x(day)},{scale.y(value)}" for day, value in points)


def _band(scale: _Scale, run: Sequence[Performance]) -> str:
    lower = [(_day(each), _limits(each)[0]) for each in run]
    upper = [(_day(each), _limits(each)[1]) for each in reversed(run)]
    return _points(scale, [*lower, *upper])


def _references(scale: _Scale, measured: Sequence[Performance]) -> list[str]:
    known = [each for each in measured if math.isfinite(each.reference)]
    steps: list[str] = []
    for each, after in pairwise([*known, *known[-1:]]):
        level = [(_day(each), each.reference), (_day(after), each.reference)]
        steps.append(_points(scale, level))
    return steps


def _mark(scale: _Scale, each: Performance) -> Mark:
    measured = each.measured
    text = (
        f"{each.first_day} to {each.last_day}: {each.metric} {measured.value:.4f} "
        f"({measured.low:.4f} to {measured.high:.4f}), {each.labels:,} labels, "
        f"version {each.version}"
    )
    return Mark(scale.x(_day(each)), scale.y(measured.value), text, each.dropped)


def _changes(scale: _Scale, decisions: Sequence[Decision]) -> list[Tick]:
    ticks: list[Tick] = []
    champion, labelled = None, -math.inf
    for each in decisions:
        if each.champion == champion:
            continue
        champion, at = each.champion, scale.x(each.as_of.date())
        if not LEFT <= at <= WIDTH - RIGHT:
            continue
        is_free = at - labelled > _LABEL_WIDTH
        ticks.append(Tick(at, f"v{champion}" if is_free else ""))
        labelled = at if is_free else labelled
    return ticks


def _day(performance: Performance) -> date:
    return performance.as_of.date()


def _days(scale: _Scale) -> list[Tick]:
    span = (scale.last - scale.first).days
    shown = sorted({round(span * step / 5) for step in range(6)})
    days = [scale.first + timedelta(days=offset) for offset in shown]
    return [Tick(scale.x(day), f"{day.day} {day:%b}") for day in days]


def _levels(scale: _Scale) -> list[Tick]:
    step = _round_step((scale.high - scale.low) / 4)
    digits = max(0, -math.floor(math.log10(step)))
    first = math.ceil(scale.low / step)
    last = math.floor(scale.high / step)
    return [
        Tick(scale.y(number * step), f"{number * step:.{digits}f}")
        for number in range(first, last + 1)
    ]


def _round_step(rough: float) -> float:
    magnitude: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * magnitude for size in (1, 2, 5, 10) if size * magnitude >= rough)
