"""An axis of a drawing: where a value stands between its ends, in percent, and its ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_LEAST_DECADES = 1.3


@dataclass(frozen=True)
class Tick:
    """A label at a place, in percent of the axis; `anchor` keeps it inside at the ends."""

    at: float
    label: str

    @property
    def anchor(self) -> str:
        """Where SVG text is held."""
        return "start" if self.at < 3 else "end" if self.at > 97 else "middle"


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, evenly or, when `logarithmic`, by ratio."""

    low: float
    high: float
    logarithmic: bool = False
    steps: int = 4

    def at(self, value: float) -> float:
        """Percent of the way; values beyond an end stand at it, nan at the low one."""
        if math.isnan(value):
            return 0.0
        low, high, here = (self._scaled(each) for each in (self.low, self.high, value))
        return round(min(max((here - low) / (high - low), 0.0), 1.0) * 100, 2)

    def up(self, value: float) -> float:
        """Percent from above, for an axis that points upwards."""
        return round(100 - self.at(value), 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Round values between the ends, about as many as `steps`."""
        return self._powers() if self.logarithmic else self._rounds()

    def _scaled(self, value: float) -> float:
        if not self.logarithmic:
            return value
        return math.log10(max(value, self.low))

    def _rounds(self) -> tuple[Tick, ...]:
        step = _round_step((self.high - self.low) / self.steps)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [number * step for number in range(first, last + 1)]
        return tuple(Tick(self.at(value), _label(value, digits)) for value in values)

    def _powers(self) -> tuple[Tick, ...]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        every = max(1, math.ceil((last - first + 1) / (self.steps + 2)))
        powers = [power for power in range(first, last + 1) if power % every == 0]
        return tuple(Tick(self.at(10.0**power), f"{10.0**power:,g}") for power in powers)


def around(values: Iterable[float], *, keeping: Iterable[float] = ()) -> Axis | None:
    """An axis with room for all values that are defined and for those to keep; None for none."""
    found = [value for value in values if math.isfinite(value)]
    if not found:
        return None
    low, high = min([*found, *keeping]), max([*found, *keeping])
    room = max((high - low) * 0.06, abs(high) * 1e-3, 1e-6)
    return Axis(low - room, high + room)


def by_ratio(values: Iterable[float]) -> Axis:
    """A logarithmic axis with room for all values above 0."""
    found = [math.log10(value) for value in values if math.isfinite(value) and value > 0]
    low, high = min(found, default=0.0), max(found, default=0.0)
    room = max((high - low) * 0.08, (_LEAST_DECADES - (high - low)) / 2, 0.05)
    return Axis(10 ** (low - room), 10 ** (high + room), logarithmic=True)


def shares(values: Iterable[float]) -> Axis:
    """From 0 to the next tenth above all values, at most 1."""
    highest = max((value for value in values if math.isfinite(value)), default=1.0)
    tenths = min(10, max(2, math.ceil(highest * 10 - 1e-9)))
    return Axis(0.0, tenths / 10, steps=5)


def _label(value: float, digits: int) -> str:
    return f"{value + 0.0:.{digits}f}"


def _round_step(rough: float) -> float:
    magnitude: float = 10.0 ** math.floor(math.log10(rough))
    return next(size * magnitude for size in (1, 2, 5, 10) if size * magnitude >= rough * 0.999)
