"""Labels and scores with days that differ, and trials made of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.gate import Gate
from tasks.evaluation.trial import Trial

Floats = npt.NDArray[np.float64]
FIRST_DAY = 735_000
GATE = Gate(
    mode="refresh",
    min_rows=500,
    min_per_class=50,
    min_days=5,
    floors={"roc_auc": 0.6},
    slices=("carrier",),
    min_slice_rows=200,
    resamples=200,
)


@dataclass(frozen=True)
class World:
    """Rows of some days: labels, and the scores of two equally good models and a worse one."""

    y: npt.NDArray[np.bool_]
    days: npt.NDArray[np.int64]
    one: Floats
    other: Floats
    worse: Floats


def world(seed: int, days: int = 10, rows_a_day: int = 100) -> World:
    """Every day has a rate and a difficulty of its own, and suits one model more than another."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows_a_day)
    rate, ease = rng.normal(-1.4, 0.7, days)[day], rng.normal(1.0, 0.4, days)[day]
    signal = rng.normal(size=len(day))
    y = rng.uniform(size=len(day)) < _chance(rate + ease * signal)

    def scores(error: float) -> Floats:
        on_the_day = rng.normal(0, 0.4, days)[day] * rng.normal(size=len(day))
        return _chance(-1.4 + signal + error * rng.normal(size=len(day)) + on_the_day)

    return World(y, day + FIRST_DAY, scores(0.3), scores(0.3), scores(1.0))


def trial(seed: int = 1, days: int = 10) -> Trial:
    """A challenger that is better than its champion and than a rule, on clean rows."""
    rng = np.random.default_rng(seed)
    rows = days * 200
    day = np.repeat(np.arange(days), 200)
    carrier = rng.choice(["AA", "B6", "UA"], rows)
    signal = rng.normal(size=rows)
    y = rng.uniform(size=rows) < _chance(-1 + 1.5 * signal)
    return Trial(
        y=y,
        days=day + FIRST_DAY,
        challenger=_chance(-1 + 1.5 * signal),
        challenger_through=FIRST_DAY - 1,
        champion=_chance(-1 + 1.5 * signal + rng.normal(0, 1, rows)),
        champion_version=3,
        champion_through=FIRST_DAY - 30,
        baselines={"rule": _chance(-1 + signal + rng.normal(0, 2.5, rows))},
        slices={"carrier": carrier},
        holdout_digest="a" * 64,
        used_digests=("b" * 64,),
    )


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
