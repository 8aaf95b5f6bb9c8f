"""The comparison page's drawings as geometry in percent of their frames; the page fills it in."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.ledger.axis import Axis, Tick, around, by_ratio, shares
from tasks.ledger.duel import CHALLENGER, CHAMPION, Calibration, Part, Shift, Stake
from tasks.records import Importance, Interval

_MOST_DAYS = 5


@dataclass(frozen=True)
class Whisker:
    """A value and its limits on an axis; `is_known` and `is_bounded` say what there is to draw."""

    at: float
    low: float
    high: float
    is_known: bool
    is_bounded: bool


@dataclass(frozen=True)
class Line:
    """Whose line it is, its points as SVG takes them, and its marks with their texts."""

    whose: str
    points: str
    marks: tuple[tuple[float, float, str], ...] = ()


@dataclass(frozen=True)
class Bar:
    """One day's lead, from the line of no difference."""

    x: float
    y: float
    width: float
    height: float
    is_up: bool
    text: str


@dataclass(frozen=True)
class Evidence:
    """Wealth over the nights of a reign, and below it what each night was worth."""

    wealth: Line
    levels: tuple[Tick, ...]
    even: float
    goal: float | None
    bars: tuple[Bar, ...]
    leads: tuple[Tick, ...]
    days: tuple[Tick, ...]


@dataclass(frozen=True)
class Square:
    """A drawing whose two axes are the same shares."""

    ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    threshold: float | None = None


def whisker(axis: Axis, found: Interval) -> Whisker:
    """The interval on the axis."""
    is_known = math.isfinite(found.value)
    is_bounded = is_known and math.isfinite(found.low) and math.isfinite(found.high)
    return Whisker(
        axis.at(found.value), axis.at(found.low), axis.at(found.high), is_known, is_bounded
    )


def reaches(intervals: Sequence[Interval], *, keeping: Sequence[float] = ()) -> Axis | None:
    """An axis for all of the intervals; None when none has a value."""
    if not any(math.isfinite(each.value) for each in intervals):
        return None
    values = [value for each in intervals for value in (each.value, each.low, each.high)]
    return around(values, keeping=keeping)


def forest(parts: Sequence[Part]) -> Axis | None:
    """An axis for what groups won and lost, with no difference on it and every threshold."""
    thresholds = [part.check.numbers.get("threshold", 0.0) for part in parts]
    return reaches([part.lead for part in parts], keeping=[0.0, *thresholds])


def shuffled(importances: Mapping[str, Sequence[Importance]]) -> Axis | None:
    """An axis for everybody's importances, with 0 on it."""
    return reaches([each.loss for found in importances.values() for each in found], keeping=[0.0])


def evidence(stakes: Sequence[Stake], alpha: float) -> Evidence | None:
    """The curve with its goal 1/alpha, and the daily leads; None without a bet."""
    if not stakes:
        return None
    goal = 1 / alpha if alpha > 0 else math.inf
    upwards = by_ratio([1.0, goal, *(stake.wealth for stake in stakes)])
    days = [stake.bet.day.toordinal() for stake in stakes]
    along = Axis(days[0] - 0.7, days[-1] + 0.7)
    sideways = around([stake.bet.lead for stake in stakes], keeping=[0.0]) or Axis(-1.0, 1.0)
    return Evidence(
        wealth=_wealth(stakes, along, upwards),
        levels=tuple(Tick(100 - tick.at, tick.label) for tick in upwards.ticks),
        even=upwards.up(1.0),
        goal=upwards.up(goal) if math.isfinite(goal) else None,
        bars=tuple(_bar(stake, along, sideways) for stake in stakes),
        leads=tuple(Tick(100 - tick.at, tick.label) for tick in sideways.ticks),
        days=_days(stakes[0].bet.day, stakes[-1].bet.day, along),
    )


def calibrated(curves: Mapping[str, Calibration]) -> Square | None:
    """Both reliability curves; None without a bin."""
    bins = [each for curve in curves.values() for each in curve.bins]
    if not bins:
        return None
    axis = shares(value for each in bins for value in (each.predicted, each.observed))
    lines = [_curve(name, curves[name], axis) for name in (CHAMPION, CHALLENGER) if name in curves]
    return Square(axis.ticks, tuple(lines))


def scattered(shift: Shift) -> Square:
    """Rows by what the champion said (across) and what the challenger says (upwards)."""
    axis = shares(value for each in shift.points for value in (each.champion, each.challenger))
    lines = []
    for flipped in ("", "gained", "lost"):
        points = [each for each in shift.points if each.flipped == flipped]
        places = (f"M{axis.at(e.champion):.1f} {axis.up(e.challenger):.1f}h0" for e in points)
        lines.append(Line(flipped, "".join(places)))
    inside = axis.low < shift.threshold < axis.high
    return Square(axis.ticks, tuple(lines), axis.at(shift.threshold) if inside else None)


def _curve(name: str, curve: Calibration, axis: Axis) -> Line:
    marks = tuple(
        (
            axis.at(each.predicted),
            axis.up(each.observed),
            f"{each.rows:,} rows: {each.predicted:.3f} predicted, {each.observed:.3f} came true",
        )
        for each in curve.bins
    )
    return Line(name, " ".join(f"{x},{y}" for x, y, _ in marks), marks)


def _wealth(stakes: Sequence[Stake], along: Axis, upwards: Axis) -> Line:
    start = (0.0, upwards.up(1.0), "")
    marks = [
        (along.at(stake.bet.day.toordinal()), upwards.up(stake.wealth), _told(stake))
        for stake in stakes
        if math.isfinite(stake.wealth)
    ]
    return Line("wealth", " ".join(f"{x},{y}" for x, y, _ in (start, *marks)), tuple(marks))


def _bar(stake: Stake, along: Axis, upwards: Axis) -> Bar:
    bet, even = stake.bet, upwards.up(0.0)
    lead = bet.lead if math.isfinite(bet.lead) else 0.0
    width = min(0.72 / (along.high - along.low) * 100, 8.0)
    top = min(even, upwards.up(lead))
    return Bar(
        x=round(along.at(bet.day.toordinal()) - width / 2, 2),
        y=top,
        width=round(width, 2),
        height=round(abs(upwards.up(lead) - even), 2),
        is_up=lead >= 0,
        text=_told(stake),
    )


def _told(stake: Stake) -> str:
    bet = stake.bet
    lead = f"{bet.lead:+.4f}" if math.isfinite(bet.lead) else "undefined"
    wealth = f"{stake.wealth:.3g}" if math.isfinite(stake.wealth) else "undefined"
    return f"{bet.day}: v{bet.challenger} on {bet.rows:,} rows, lead {lead}, wealth {wealth}"


def _days(first: date, last: date, along: Axis) -> tuple[Tick, ...]:
    span = last.toordinal() - first.toordinal()
    steps = min(span, _MOST_DAYS - 1)
    offsets = sorted({round(span * step / max(steps, 1)) for step in range(steps + 1)})
    days = [date.fromordinal(first.toordinal() + offset) for offset in offsets]
    year = " %Y" if first.year != last.year else ""
    return tuple(
        Tick(along.at(day.toordinal()), f"{day.day} {day.strftime(f'%b{year}')}") for day in days
    )
