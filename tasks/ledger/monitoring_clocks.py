"""A metric over time on three clocks, as geometry in percent of its frame."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median, quantiles

from tasks.ledger.axis import Axis, Tick, around
from tasks.ledger.monitoring import Level, MonitorData
from tasks.ledger.monitoring_days import Timeline, champion_on
from tasks.ledger.templates import number, reach
from tasks.records import Performance
from tasks.signs import Clock, Reading

STYLES: Mapping[Clock, str] = {
    Clock.REALISED: "realised",
    Clock.SO_FAR: "so-far",
    Clock.ESTIMATED: "estimated",
}
_FEW = 8


@dataclass(frozen=True)
class Trace:
    """One clock's line and band as SVG paths; both stop where the clock said nothing."""

    clock: Clock
    line: str
    band: str

    @property
    def style(self) -> str:
        return STYLES[self.clock]


@dataclass(frozen=True)
class Panel:
    """One metric: its clocks, its bar, the nights it had dropped, and what each day is told by."""

    metric: str
    levels: tuple[Tick, ...]
    traces: tuple[Trace, ...]
    bar: str
    dropped: tuple[tuple[float, float], ...]
    columns: tuple[tuple[float, str], ...]


def realised(data: MonitorData) -> tuple[Reading, ...]:
    """All readings, with a realised one made of each performance whose night has none."""
    known = {(r.as_of, r.metric) for r in data.readings if r.clock is Clock.REALISED}
    made = [_reading(p) for p in data.performances if (p.as_of, p.metric) not in known]
    return tuple(sorted([*made, *data.readings], key=lambda reading: reading.as_of))


def bars(data: MonitorData) -> tuple[Level, ...]:
    """The bars that are given, or what every performance was compared with."""
    return data.bars or tuple(
        Level(each.as_of.date(), each.metric, each.reference) for each in data.performances
    )


def panels(data: MonitorData, days: Timeline) -> tuple[Panel, ...]:
    """A panel for each metric that was read, the pipeline's first; one without a value has none."""
    readings = [each for each in realised(data) if days.has(each.last_day)]
    metrics = dict.fromkeys([data.metric, *(each.metric for each in readings)])
    drawn = (_panel(data, days, metric, readings) for metric in metrics)
    return tuple(each for each in drawn if each is not None)


def _panel(
    data: MonitorData, days: Timeline, metric: str, readings: Sequence[Reading]
) -> Panel | None:
    own = [each for each in readings if each.metric == metric]
    by_clock = {clock: _by_day(own, clock) for clock in Clock}
    levels = [each for each in bars(data) if each.metric == metric]
    axis = _axis([r for found in by_clock.values() for r in found.values()], levels, days)
    if axis is None:
        return None
    dropped = {p.as_of for p in data.performances if p.dropped and p.metric == metric}
    return Panel(
        metric=metric,
        levels=tuple(Tick(round(100 - tick.at, 2), tick.label) for tick in axis.ticks),
        traces=tuple(
            _trace(clock, found, axis, days) for clock, found in by_clock.items() if found
        ),
        bar=_steps(levels, axis, days),
        dropped=tuple(
            (days.at(day), axis.up(each.measured.value))
            for day, each in by_clock[Clock.REALISED].items()
            if each.as_of in dropped and math.isfinite(each.measured.value)
        ),
        columns=tuple(_columns(by_clock, data, days)),
    )


def _by_day(readings: Sequence[Reading], clock: Clock) -> dict[date, Reading]:
    """By the last day of the window, so that clocks that speak of the same rows stand together.

    Of several nights that read the same window the last one counts.
    """
    found = {each.last_day: each for each in readings if each.clock is clock}
    return {day: found[day] for day in sorted(found)}


def _axis(readings: Sequence[Reading], levels: Sequence[Level], days: Timeline) -> Axis | None:
    """Room for every value and bar; a limit that is far out is drawn at the edge."""
    values = [r.measured.value for r in readings if math.isfinite(r.measured.value)]
    if not values:
        return None
    limits = [
        limit
        for reading in readings
        for limit in (reading.measured.low, reading.measured.high)
        if math.isfinite(limit) and math.isfinite(reading.measured.value)
    ]
    if len(limits) > 4 * _FEW:
        cuts = quantiles(limits, n=50)
        limits = [limit for limit in limits if cuts[0] <= limit <= cuts[-1]]
    shown = [each.value for each in levels if each.day <= days.last]
    return around([*values, *limits, *shown])


def _trace(clock: Clock, found: Mapping[date, Reading], axis: Axis, days: Timeline) -> Trace:
    runs = list(_runs(found))
    return Trace(
        clock,
        "".join(_line(run, axis, days) for run in runs),
        "".join(_band(run, axis, days) for run in runs),
    )


def _runs(found: Mapping[date, Reading]) -> Iterator[list[tuple[date, Reading]]]:
    """Readings that a line may join: defined, of one version, and no longer apart than usual."""
    days = list(found)
    usual = median([(two - one).days for one, two in pairwise(days)]) if len(days) > 1 else 1
    run: list[tuple[date, Reading]] = []
    for day, reading in found.items():
        follows = run and (
            reading.version == run[-1][1].version and (day - run[-1][0]).days <= 3 * usual
        )
        if not follows or not math.isfinite(reading.measured.value):
            yield from [run] if run else []
            run = []
        if math.isfinite(reading.measured.value):
            run.append((day, reading))
    yield from [run] if run else []


def _line(run: Sequence[tuple[date, Reading]], axis: Axis, days: Timeline) -> str:
    points = [f"{days.at(day)} {axis.up(each.measured.value)}" for day, each in run]
    return f"M{'L'.join(points)}" if len(points) > 1 else f"M{points[0]}h0"


def _band(run: Sequence[tuple[date, Reading]], axis: Axis, days: Timeline) -> str:
    lower = [f"{days.at(day)} {axis.up(_limits(each)[0])}" for day, each in run]
    upper = [f"{days.at(day)} {axis.up(_limits(each)[1])}" for day, each in reversed(run)]
    return f"M{'L'.join([*lower, *upper])}Z"


def _limits(reading: Reading) -> tuple[float, float]:
    measured = reading.measured
    low = measured.low if math.isfinite(measured.low) else measured.value
    high = measured.high if math.isfinite(measured.high) else measured.value
    return low, high


def _steps(levels: Sequence[Level], axis: Axis, days: Timeline) -> str:
    """The bar from each of its days to the next, and the last one to the end."""
    by_day = {each.day: each.value for each in sorted(levels, key=lambda level: level.day)}
    steps = [*by_day.items(), (days.last + timedelta(days=1), math.nan)]
    path, before = "", math.nan
    for (day, value), (end, _) in pairwise(steps):
        is_shown = math.isfinite(value) and end > days.first and day <= days.last
        if is_shown and value != before:
            path += f"{'M' if math.isnan(before) else 'L'}{days.start(day)} {axis.up(value)}"
        path += f"H{days.start(end)}" if is_shown else ""
        before = value if is_shown else math.nan
    return path


def _columns(
    by_clock: Mapping[Clock, Mapping[date, Reading]], data: MonitorData, days: Timeline
) -> Iterator[tuple[float, str]]:
    for day in sorted({day for found in by_clock.values() for day in found}):
        champion = champion_on(data.decisions, day)
        told = [f"{day}, v{champion} serves" if champion is not None else f"{day}"]
        told += [told_of(found[day]) for found in by_clock.values() if day in found]
        yield days.at(day), "\n".join(told)


def told_of(reading: Reading) -> str:
    """A reading in one line; one that is undefined with its reason."""
    if not math.isfinite(reading.measured.value):
        return f"{reading.clock.value}: undefined, {reading.reason or 'for no reason that is kept'}"
    named = f" of v{reading.version}" if reading.version is not None else ""
    return (
        f"{reading.clock.value}{named} {number(reading.measured.value)} "
        f"({reach(reading.measured)}), {reading.labels:,} labels on {reading.rows:,} rows"
    )


def _reading(performance: Performance) -> Reading:
    return Reading(
        pipeline=performance.pipeline,
        clock=Clock.REALISED,
        as_of=performance.as_of,
        version=performance.version,
        metric=performance.metric,
        first_day=performance.first_day,
        last_day=performance.last_day,
        rows=performance.labels,
        labels=performance.labels,
        measured=performance.measured,
        baseline=math.nan,
        method="labels",
        reason=performance.reason,
    )
