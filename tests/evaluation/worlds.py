"""Labels and scores with days that differ, and trials made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.gate import Fairness, Gate
from tasks.evaluation.trial import Pinned, Trial
from tasks.records import Bet

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
    fairness=Fairness(min_group_rows=50),
    resamples=200,
)
SUPERIORITY = GATE.model_copy(update={"mode": "superiority"})


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
    champion = _chance(-1 + 1.5 * signal + rng.normal(0, 1, rows))
    rule = _chance(-1 + signal + rng.normal(0, 2.5, rows))
    distance = np.round(rng.lognormal(7, 0.6, rows))
    return Trial(
        y=y,
        days=day + FIRST_DAY,
        challenger=_chance(-1 + 1.5 * signal),
        challenger_through=FIRST_DAY - 1,
        champion=champion,
        champion_version=3,
        champion_through=FIRST_DAY - 30,
        baselines={"rule": rule},
        slices={"carrier": carrier},
        sensitive={"sex": rng.choice(["female", "male"], rows)},
        inputs=pd.DataFrame({"distance": distance, "carrier": carrier}),
        bets=bets([0.01] * 12),
        golden=Pinned(
            version=1,
            y=y,
            days=day + FIRST_DAY - 100,
            challenger=_chance(-1 + 1.5 * signal),
            champion=champion,
            reference=_chance(-1 + signal),
            reference_version=2,
        ),
        holdout_digest="a" * 64,
        used_digests=("b" * 64,),
    )


def bets(leads: Sequence[float], scale: float = 0.01) -> tuple[Bet, ...]:
    """A bet a day with these leads, the last on the day before the trial's rows."""
    first = FIRST_DAY - len(leads)
    return tuple(
        Bet(date.fromordinal(first + n), 2, 900, lead, scale) for n, lead in enumerate(leads)
    )


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)
