"""The backtest page's drawings as geometry in percent of their frames."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from tasks.backtest.arms import FRESH, NEVER
from tasks.backtest.board import Board
from tasks.backtest.recommendation import Recommendation
from tasks.backtest.scores import Score, Week
from tasks.backtest.staleness import Age
from tasks.evaluation.metrics import Floats, higher_is_better
from tasks.ledger.axis import Axis, Tick, around
from tasks.ledger.drawing import Whisker, whisker
from tasks.ledger.monitoring_days import Run, Timeline
from tasks.ledger.templates import number, signed
from tasks.records import Interval, Kind

SHIPPED, CHOSEN, QUIET = "shipped", "chosen", "quiet"
_REFERENCES = {NEVER: "never", FRESH: "fresh"}
_KINDS: Mapping[Kind, str] = {
    Kind.PROMOTED: "good",
    Kind.REFUSED: "refused",
    Kind.EXPIRED: "warn",
    Kind.ROLLED_BACK: "bad",
}
_MOST_LANES, _MOST_WEEKS = 14, 12
_FAR = 5
_SETTLED = 14
"""Days before a running difference is drawn: that of the first few is anything."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Trace:
    """An arm's line: its colour, and its path."""

    name: str
    style: str
    path: str


@dataclass(frozen=True)
class Plot:
    """Lines over the days, the level that is even, and what is told of each column."""

    traces: tuple[Trace, ...]
    levels: tuple[Tick, ...]
    columns: tuple[tuple[float, str], ...] = ()
    even: float | None = None


@dataclass(frozen=True)
class Mark:
    """One decision of an arm."""

    run: Run
    style: str


@dataclass(frozen=True)
class Lane:
    """An arm's decisions."""

    name: str
    style: str
    count: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Row:
    """An arm's lead over as shipped, in words and on an axis: alone, and with all at once.

    What `is_beyond` is so far behind that on one axis nothing else could be told apart.
    """

    score: Score
    style: str
    alone: Interval
    among: Interval
    narrow: Whisker
    wide: Whisker
    is_beyond: bool


@dataclass(frozen=True)
class Forest:
    """All leads on one axis, the best on top."""

    rows: tuple[Row, ...]
    axis: Axis


@dataclass(frozen=True)
class Curve:
    """How champions age: the mean of all that were followed, and their spread."""

    path: str
    band: str
    levels: tuple[Tick, ...]
    weeks: tuple[Tick, ...]
    columns: tuple[tuple[float, str], ...]
    width: float
    even: float


def styled(board: Board, recommendation: Recommendation) -> dict[str, str]:
    """Every arm's colour: those that the page speaks of have one, all others are grey."""
    styles = {each.name: _REFERENCES.get(each.name, QUIET) for each in board.scores}
    styles[board.shipped.name] = SHIPPED
    chosen = recommendation.chosen
    if chosen is not None and chosen is not board.shipped:
        styles[chosen.name] = CHOSEN
    return styles


def weekly(board: Board, styles: Mapping[str, str], days: Timeline) -> Plot | None:
    """Each arm's metric by week, at the middle of the week; None when none is defined."""
    values = [week.value for each in board.scores for week in each.weeks]
    axis = around(values)
    if axis is None:
        return None
    traces = [
        Trace(each.name, styles[each.name], _path(_weeks(each.weeks, days, axis)))
        for each in board.scores
    ]
    told = [(days.at(_middle(week, days)), _told(board, place)) for place, week in _first(board)]
    return Plot(_ordered(traces), _upwards(axis), tuple(told))


def running(board: Board, styles: Mapping[str, str], days: Timeline) -> Plot | None:
    """By how much each arm's metric so far is better than that of as shipped, from day to day."""
    shipped = board.shipped
    sign = 1 if higher_is_better(shipped.pipeline.metric) else -1
    leads = {
        each.name: sign * (each.running - shipped.running)[_SETTLED:] for each in board.scores[1:]
    }
    far = _far(board)
    near = [lead for name, lead in leads.items() if name not in far]
    axis = around((float(lead) for each in near for lead in each), keeping=[0.0])
    if axis is None:
        return None
    dates = shipped.asked.dates[_SETTLED:]
    traces = [
        Trace(name, styles[name], _path(_days(lead, dates, days, axis)))
        for name, lead in leads.items()
    ]
    return Plot(_ordered(traces), _upwards(axis), even=axis.up(0.0))


def lanes(board: Board, styles: Mapping[str, str], days: Timeline) -> tuple[Lane, ...]:
    """The decisions of as shipped and of the policies with the best metric, a lane each."""
    sign = -1 if higher_is_better(board.shipped.pipeline.metric) else 1
    best = sorted(board.policies[1:], key=lambda each: sign * each.value)
    first = [each for each in best if styles[each.name] == CHOSEN]
    others = [each for each in best if styles[each.name] != CHOSEN]
    shown = [board.shipped, *first, *others][:_MOST_LANES]
    return tuple(_lane(each, styles[each.name], days) for each in shown)


def forest(board: Board, styles: Mapping[str, str]) -> Forest | None:
    """Every arm's lead over as shipped, the best first; None when there is no other arm."""
    found = {each.name: board.lead(each, board.shipped) for each in board.scores[1:]}
    far = _far(board)
    near = [lead for name, lead in found.items() if name not in far]
    axis = around((v for lead in near for v in _values(lead.alone, lead.among)), keeping=[0.0])
    if axis is None:
        return None
    axis = replace(axis, steps=6)
    order = sorted(board.scores[1:], key=lambda each: -found[each.name].alone.value)
    rows = [
        Row(
            each,
            styles[each.name],
            lead.alone,
            lead.among,
            whisker(axis, lead.alone),
            whisker(axis, lead.among),
            each.name in far,
        )
        for each in order
        for lead in (found[each.name],)
    ]
    return Forest(tuple(rows), axis)


def ageing(ages: Sequence[Age]) -> Curve | None:
    """The staleness curve; None when no version was followed."""
    if not ages:
        return None
    oldest = ages[-1].weeks
    along = Axis(-0.5, oldest + 0.5)
    shown = range(0, oldest + 1, 1 + oldest // _MOST_WEEKS)
    reach = [v for a in ages for v in (a.lead, a.lead - _known(a), a.lead + _known(a))]
    upwards = around(reach, keeping=[0.0]) or Axis(-1.0, 1.0)
    points = [(along.at(each.weeks), upwards.up(each.lead)) for each in ages]
    above = [(along.at(a.weeks), upwards.up(a.lead + _known(a))) for a in ages]
    below = [(along.at(a.weeks), upwards.up(a.lead - _known(a))) for a in reversed(ages)]
    return Curve(
        path=_path(points),
        band=f"{_path([*above, *below])}z",
        levels=_upwards(upwards),
        weeks=tuple(Tick(along.at(week), str(week)) for week in shown),
        columns=tuple((along.at(each.weeks), _aged(each)) for each in ages),
        width=round(100 / (along.high - along.low), 3),
        even=upwards.up(0.0),
    )


def _far(board: Board) -> set[str]:
    """Arms that are behind by many times what is uncertain about the others."""
    found = {each.name: board.lead(each, board.shipped).alone for each in board.scores[1:]}
    reaches = [lead.high - lead.value for lead in found.values() if math.isfinite(lead.high)]
    limit = _FAR * float(np.median(reaches)) if reaches else math.inf
    far = {name for name, lead in found.items() if lead.value < -limit}
    return far if len(far) < len(found) else set()


def _lane(score: Score, style: str, days: Timeline) -> Lane:
    found = [each for each in score.lived.decisions if days.has(each.as_of.date())]
    marks = []
    for each in found:
        day = each.as_of.date()
        told = f"{day}: v{each.version} {each.kind.value}. {each.reason}"
        start = min(days.start(day), 100 - max(days.width, 0.5))
        run = Run(start, max(days.width, 0.5), told[:240])
        marks.append(Mark(run, _KINDS[each.kind]))
    return Lane(score.name, style, score.lived.retrains, tuple(marks))


def _path(points: Iterable[Point]) -> str:
    """A line through the points; one that is undefined is a gap."""
    path, pen = "", "M"
    for x, y in points:
        if math.isfinite(y):
            path, pen = f"{path}{pen}{x} {y}", "L"
        else:
            pen = "M"
    return path


def _weeks(weeks: Sequence[Week], days: Timeline, axis: Axis) -> Iterator[Point]:
    for each in weeks:
        is_known = math.isfinite(each.value)
        yield days.at(_middle(each, days)), axis.up(each.value) if is_known else math.nan


def _days(values: Floats, dates: Sequence[date], days: Timeline, axis: Axis) -> Iterator[Point]:
    for value, day in zip(values, dates, strict=True):
        yield days.at(day), axis.up(float(value)) if axis.low <= value <= axis.high else math.nan


def _middle(week: Week, days: Timeline) -> date:
    last = min(week.first + timedelta(days=6), days.last)
    return week.first + (last - week.first) / 2


def _first(board: Board) -> Iterator[tuple[int, Week]]:
    yield from enumerate(board.shipped.weeks)


def _told(board: Board, place: int) -> str:
    """A week in words: the yardstick and the references first, then the others by rank."""
    week = board.shipped.weeks[place]
    sign = -1 if higher_is_better(board.shipped.pipeline.metric) else 1
    named = {each.name: each.weeks[place].value for each in board.scores}
    order = sorted(named, key=lambda name: sign * named[name])[:12]
    told = "\n".join(f"{name} {number(named[name])}" for name in order)
    return f"Week of {week.first}, {week.rows:,} answers\n{told}"


def _ordered(traces: Iterable[Trace]) -> tuple[Trace, ...]:
    """Grey lines first, so that the others are drawn over them."""
    order = (QUIET, *_REFERENCES.values(), SHIPPED, CHOSEN)
    return tuple(sorted(traces, key=lambda each: order.index(each.style)))


def _upwards(axis: Axis) -> tuple[Tick, ...]:
    return tuple(Tick(round(100 - tick.at, 2), tick.label) for tick in axis.ticks)


def _values(*found: Interval) -> list[float]:
    return [value for each in found for value in (each.value, each.low, each.high)]


def _known(age: Age) -> float:
    return age.spread if math.isfinite(age.spread) else 0.0


def _aged(age: Age) -> str:
    spread = f" ± {age.spread:.4f}" if math.isfinite(age.spread) else ""
    versions = f"{age.versions} version{'' if age.versions == 1 else 's'}"
    return f"After {age.weeks} weeks: {signed(age.lead)}{spread}, {versions}"
