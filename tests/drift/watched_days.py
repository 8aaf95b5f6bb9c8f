"""Days of invented columns, profiled, and vigils held over them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from config.watch import Drift
from tasks.drift.vigil import Watched, vigil
from tasks.profiles.columns import CategoricalProfile, NumericProfile, Profile
from tasks.signs import Reference, Signal

Floats = npt.NDArray[np.float64]
START = date(2013, 3, 1)
WINDOW = 7


def numbers(values: npt.ArrayLike) -> NumericProfile:
    return NumericProfile.of(np.asarray(values, dtype=np.float64))


def categories(shares: Mapping[str, float], rows: int, seed: int) -> CategoricalProfile:
    """So many rows drawn with these shares."""
    drawn = np.random.default_rng(seed).multinomial(rows, [*shares.values()])
    counts = {name: int(count) for name, count in zip(shares, drawn, strict=True) if count}
    return CategoricalProfile.of(counts)


def normal_days(
    days: int, rows: int, seed: int, spread: float = 0.0, columns: int = 1
) -> list[Profile]:
    """Columns "c0", "c1", ...: normal, with a level of each day that itself varies by `spread`."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(days, columns, rows)) + spread * rng.normal(size=(days, columns, 1))
    return [
        Profile(rows, {f"c{n}": numbers(values) for n, values in enumerate(day)}) for day in drawn
    ]


def dated(profiles: list[Profile], first: date = START) -> dict[date, Profile]:
    return {first + timedelta(days=n): each for n, each in enumerate(profiles)}


def nights(
    days: Mapping[date, Profile],
    reference: Mapping[date, Profile] | Callable[[date], Mapping[date, Profile]],
    policy: Drift,
    weights: Mapping[str, float] | None = None,
) -> Iterator[tuple[Signal, ...]]:
    """The signals of one day after another, each knowing those of the days before."""
    past: list[Signal] = []
    for day in days:
        recent = {d: days[d] for d in days if timedelta(0) <= day - d < timedelta(days=WINDOW)}
        beside = reference(day) if callable(reference) else reference
        streams = {f"feature {name}": name for name in next(iter(days.values())).columns}
        watched = Watched(streams, recent, {Reference.TRAINING: beside})
        signals = vigil([watched], weights or {}, past, policy)
        past = [*past[-3 * len(signals) :], *signals]
        yield signals
