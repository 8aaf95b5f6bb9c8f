"""Twenty columns of invented days, quiet ones and ones on which something has changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
FIRST, TRAINING_DAYS = date(2024, 1, 1), 28
DEVIATIONS: Mapping[str, float] = {
    **{f"normal {n}": 1.0 for n in range(10)},
    **{f"skewed {n}": 0.604 for n in range(3)},
    "count": 3**0.5,
    "rounded": 1.0,
    "rain": 1.8,
}
"""Standard deviation of each numeric column."""
CATEGORIES: Mapping[str, int] = {"of 2": 2, "of 5": 5, "of 12": 12, "of 40": 40}
NUMERIC, CATEGORICAL = tuple(DEVIATIONS), tuple(CATEGORIES)
COLUMNS = (*NUMERIC, *CATEGORICAL)
_SIGMA, _MISSING, _DRY, _RAIN = 0.5, 0.05, 0.8, 3.0


@dataclass(frozen=True)
class Change:
    """What happens to some columns from a day on."""

    name: str
    columns: tuple[str, ...]
    made: Callable[["pd.Series[Any]", np.random.Generator], "pd.Series[Any]"]


def _shifted(deviations: float, columns: tuple[str, ...]) -> Change:
    return Change(
        f"{deviations} sd in {len(columns)}",
        columns,
        lambda old, _: old + deviations * DEVIATIONS[str(old.name)],
    )


ONE, FIVE = ("normal 0",), tuple(f"normal {n}" for n in range(5))
CHANGES = (
    *(_shifted(deviations, columns) for columns in (ONE, FIVE) for deviations in (0.1, 0.25, 0.5)),
    Change("new category, 3 %", ("of 5",), lambda old, rng: _some(old, rng, 0.03, "new")),
    Change("another unit", ONE, lambda old, _: old * 1.8 + 5.5),
    Change("null burst, 20 %", ("normal 1",), lambda old, rng: _some(old, rng, 0.2, np.nan)),
)
"""The unit: degrees Celsius of mean 15 and deviation 8, standardised, become Fahrenheit."""
GOAL_CHANGE = "0.25 sd in 1"


def _some(
    old: "pd.Series[Any]", rng: np.random.Generator, share: float, become: str | float
) -> "pd.Series[Any]":
    changed = old.copy()
    changed[rng.random(len(old)) < share] = become
    return changed


@dataclass(frozen=True)
class World:
    """Days of `rows` rows; each moves each numeric column by about `unlike` deviations."""

    rows: int
    seed: int
    unlike: float = 0.0

    def day(self, number: int, change: Change | None = None) -> pd.DataFrame:
        """The rows of one day, counted from the first of training."""
        rng = np.random.default_rng([self.seed, number])
        columns: dict[str, object] = dict(zip(NUMERIC, self._numbers(rng), strict=True))
        for name, kinds in CATEGORIES.items():
            often = 1 / np.arange(1, kinds + 1)
            drawn = rng.choice(kinds, self.rows, p=often / often.sum())
            columns[name] = np.array([f"kind {kind}" for kind in range(kinds)])[drawn]
        frame = pd.DataFrame(columns)
        if change:
            for name in change.columns:
                frame[name] = change.made(frame[name], rng)
        return frame

    def _numbers(self, rng: np.random.Generator) -> list[Floats]:
        """One array (rows,) for each numeric column."""
        effects = rng.normal(0, self.unlike, len(NUMERIC)) * list(DEVIATIONS.values())
        normal = rng.normal(size=(11, self.rows))
        rounded = np.where(rng.random(self.rows) < _MISSING, np.nan, normal[10].round(1))
        skewed = np.exp(rng.normal(0, _SIGMA, (3, self.rows)))
        counts = rng.poisson(3, self.rows).astype(np.float64)
        wet = rng.random(self.rows) >= _DRY
        rain = np.where(wet, rng.exponential(_RAIN, self.rows), 0.0)
        made = [*normal[:10], *skewed, counts, rounded, rain]
        return [values + effect for values, effect in zip(made, effects, strict=True)]


def day_of(number: int) -> date:
    """The calendar's name of a day."""
    return FIRST + timedelta(days=number)
