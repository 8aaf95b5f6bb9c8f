"""What breaks a column on some days and leaves the others alone: nulls, another unit, new names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from tasks.profiles.columns import CategoricalProfile, ColumnProfile, NumericProfile, Profile

Floats = npt.NDArray[np.float64]

LEAST_SHARE = 0.25
"""Of a day's rows that have lost their value, or have a category never seen: a mere shift of what
rows there are, as of airports with planes unknown to the register, moved it by 0.17."""
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_TOUCHED = (
    0.25  # of the worst day's excess: a day that is as much above what is usual is broken too
)
_FAR = 1.5  # times as far from the middle of the days before as the farthest of them
_NEAR = 1.5
_MARGIN, _WIDE_MARGIN = 0.1, 0.5  # of the range before, of numbers of another size and of alike
_TENFOLD = 5.0  # times as large or as small, or more
_LEAST_DAYS = 8


class Kind(StrEnum):
    """How a column is broken."""

    NULLS = "null burst"
    UNIT = "unit change"
    UNSEEN = "unseen category"


@dataclass(frozen=True)
class Fault:
    """A column that is broken on `days`, out of `window` days that were looked at.

    `now` and `usual` are the largest share of a day's rows that are at fault, on those days and
    on the days before; for a unit the column's median and what it used to be. `told` says it.
    """

    column: str
    kind: Kind
    days: tuple[date, ...]
    window: int
    now: float
    usual: float
    told: str
    beyond: bool = False
    """Whether half of the rows lie outside all values of the days before, by half of their range,
    or by a tenth where they are of another size."""

    @property
    def confined(self) -> bool:
        """Whether most days are whole: a partition is broken, not the world another."""
        return 2 * len(self.days) < self.window


@dataclass(frozen=True)
class _Unit:
    """What turns a number in the unit `name` back into the one it should be in."""

    name: str
    back: Callable[[Floats], Floats]


def _times(name: str, factor: float) -> tuple[_Unit, _Unit]:
    """The unit whose numbers are too large by a factor, and the one whose are too small."""
    return (
        _Unit(f"{factor:g} times as large ({name})", lambda values: values / factor),
        _Unit(f"{1 / factor:.3g} times as large ({name})", lambda values: values * factor),
    )


_UNITS: Sequence[_Unit] = (
    _Unit("Celsius for Fahrenheit", lambda values: values * 1.8 + 32),
    _Unit("Fahrenheit for Celsius", lambda values: (values - 32) / 1.8),
    _Unit("tenths of a degree Celsius for Fahrenheit", lambda values: values * 0.18 + 32),
    _Unit("Kelvin for Celsius", lambda values: values - 273.15),
    _Unit("Celsius for Kelvin", lambda values: values + 273.15),
    _Unit("Kelvin for Fahrenheit", lambda values: values * 1.8 - 459.67),
    *_times("a power of ten", 10),
    *_times("a power of ten", 100),
    *_times("a power of ten", 1000),
    *_times("seconds, minutes, hours", 60),
    *_times("seconds, minutes, hours", 3600),
    *_times("hours and days", 24),
    *_times("miles and kilometres", 1.609344),
    *_times("metres a second and miles an hour", 2.236936),
    *_times("kilometres an hour and metres a second", 3.6),
    *_times("knots and metres a second", 1.943844),
    *_times("feet and metres", 3.28084),
    *_times("inches and centimetres", 2.54),
    *_times("inches and millimetres", 25.4),
    *_times("pounds and kilograms", 2.204623),
    *_times("inches of mercury and hectopascals", 33.86389),
)


def faults(window: Mapping[date, Profile], before: Mapping[date, Profile]) -> tuple[Fault, ...]:
    """Columns broken on days of `window`, by what no day of `before` was like.

    - Nulls: a quarter of the rows more have none than on any day before.
    - A unit: most of five quantiles are half as far again from the middle of the days before as
      any day was, and none is, nor their spread, once a known conversion is undone.
    - A category: a quarter of the rows more have one that no other day had than on any day before.

    These describe; whether a column has changed at all is for an alarm with a known error rate to
    say, but where a unit takes a day `beyond` everything before. Empty with fewer than 8 days
    before, where nothing can be said.
    """
    if len(before) < _LEAST_DAYS:
        return ()
    names = dict.fromkeys(name for profile in window.values() for name in profile.columns)
    return tuple(fault for name in names for fault in _of_column(name, window, before))


def _of_column(
    name: str, window: Mapping[date, Profile], before: Mapping[date, Profile]
) -> Iterator[Fault]:
    now = {day: each.columns[name] for day, each in window.items() if name in each.columns}
    then = [each.columns[name] for each in before.values() if name in each.columns]
    if len(then) < _LEAST_DAYS or not now:
        return
    yield from _nulls(name, now, then)
    numbers = [each for each in then if isinstance(each, NumericProfile) and each.present]
    measured = {d: c for d, c in now.items() if isinstance(c, NumericProfile) and c.present}
    if len(numbers) >= _LEAST_DAYS and measured:
        yield from _units(name, measured, numbers)
    texts = [each for each in then if isinstance(each, CategoricalProfile)]
    named = {day: each for day, each in now.items() if isinstance(each, CategoricalProfile)}
    if len(texts) >= _LEAST_DAYS and named:
        yield from _unseen(name, named, texts)


def _nulls(
    name: str, now: Mapping[date, ColumnProfile], then: Sequence[ColumnProfile]
) -> Iterator[Fault]:
    usual = max(_share(each.missing, each.rows) for each in then)
    shares = {day: _share(each.missing, each.rows) for day, each in now.items()}
    broken = _excessive(shares, usual)
    if broken:
        most = max(broken.values())
        told = f"{most:.1%} of {name} are null, {usual:.1%} at most before"
        yield Fault(name, Kind.NULLS, tuple(sorted(broken)), len(now), most, usual, told)


def _units(
    name: str, now: Mapping[date, NumericProfile], then: Sequence[NumericProfile]
) -> Iterator[Fault]:
    usual = np.array([_quantiles(each) for each in then])
    found = {day: _unit(_quantiles(each), usual) for day, each in now.items()}
    broken = {day: unit for day, unit in found.items() if unit is not None}
    if broken:
        unit = broken[max(broken)]
        median = float(_quantiles(now[max(broken)])[2])
        before = float(np.median(usual[:, 2]))
        told = f"{name} reads as {unit.name}: {median:.4g}, {before:.4g} before"
        outside = all(_outside(now[day], then) for day in broken)
        days = tuple(sorted(broken))
        yield Fault(name, Kind.UNIT, days, len(now), median, before, told, outside)


def _outside(day: NumericProfile, usual: Sequence[NumericProfile]) -> bool:
    """Whether the day's median is far from every value of the days before."""
    low = min(each.moments.low for each in usual)
    high = max(each.moments.high for each in usual)
    now = day.sketch.quantile(0.5)
    then = float(np.median([each.sketch.quantile(0.5) for each in usual]))
    tenfold = then != 0 and not 1 / _TENFOLD < abs(now / then) < _TENFOLD
    margin = (_MARGIN if tenfold else _WIDE_MARGIN) * (high - low)
    return high > low and not low - margin <= now <= high + margin


def _unit(day: Floats, usual: Floats) -> _Unit | None:
    """The conversion whose undoing makes a day (quantiles,) like the days before (days, ...).

    The first that does: one day's numbers seldom tell similar conversions apart.
    """
    if not usual.any():  # nothing but zeros, in any unit
        return None
    shapes = np.array([_shape(each) for each in usual])
    low, high = shapes.min(axis=0), shapes.max(axis=0)
    reach = (high - low) / 2 + 1e-3 * float(np.abs(usual).max())

    def away(quantiles: Floats) -> Floats:
        """From the middle, in distances of the farthest day before."""
        return np.asarray(np.abs(_shape(quantiles) - (low + high) / 2) / reach)

    if not np.median(away(day)[:-1]) >= _FAR:
        return None
    fitting = (unit for unit in _UNITS if away(unit.back(day)).max() <= _NEAR)
    return next(fitting, None)


def _shape(quantiles: Floats) -> Floats:
    """Where a day's numbers are, and last how far apart."""
    return np.append(quantiles, quantiles[-1] - quantiles[0])


def _unseen(
    name: str, now: Mapping[date, CategoricalProfile], then: Sequence[CategoricalProfile]
) -> Iterator[Fault]:
    """Categories beyond those counted by name are not known to be new: they count as seen."""
    seen = [set(each.counts) for each in then]
    everything = set().union(*seen)
    alone = [own - set().union(*(other for other in seen if other is not own)) for own in seen]
    usual = max(_rows(each, new) for each, new in zip(then, alone, strict=True))
    shares = {day: _rows(each, set(each.counts) - everything) for day, each in now.items()}
    broken = _excessive(shares, usual)
    if broken:
        worst = max(broken, key=lambda day: broken[day])
        new = [each for each in now[worst].counts if each not in everything]
        told = f"{broken[worst]:.1%} of {name} are new: {', '.join(map(repr, new[:3]))}"
        days = tuple(sorted(broken))
        yield Fault(name, Kind.UNSEEN, days, len(now), broken[worst], usual, told)


def _excessive(shares: Mapping[date, float], usual: float) -> dict[date, float]:
    """The days with a share far above what is usual, where there is such a day."""
    worst = max(shares.values()) - usual
    if worst < LEAST_SHARE:
        return {}
    return {day: share for day, share in shares.items() if share >= usual + _TOUCHED * worst}


def _rows(profile: CategoricalProfile, categories: set[str]) -> float:
    return _share(sum(profile.counts[each] for each in categories), profile.rows)


def _share(rows: int, of: int) -> float:
    return rows / of if of else 0.0


def _quantiles(profile: NumericProfile) -> Floats:
    return profile.sketch.quantiles(_QUANTILES)
