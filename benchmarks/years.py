"""Simulated years of a champion and its nightly challengers, as the flights of 2013 showed them.

Measured on the flights with the shipped boosting candidate (150 rounds), trained again every
fourth day on everything so far; champion and challenger two weeks apart, each day played by a
challenger trained up to 10 days before (276 days, 907 flights a day): on three days of four the
two gave another yes or no to 1.4 % of the flights and differed in errors by no more than chance;
on the rest, of storms and holidays, to 8.3 %, and one made 4.2 percentage points (standard
deviation) more errors than the other. Consecutive days were alike: correlation 0.35.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NIGHTS = 365
WINDOW = 10  # days of a challenger's holdout
LABELS = 907
ROUGH_SHARE = 0.26
DISAGREE, DISAGREE_ROUGH = 0.014, 0.083
EFFECT = 0.042


@dataclass(frozen=True)
class Years:
    """Answers that only one of the two got right: `won` the challenger's, (years, days).

    Night n judges the challenger that was trained before days n to n + WINDOW - 1 on these.
    """

    won: Counts
    lost: Counts

    @property
    def leads(self) -> Floats:
        """Share of errors that the challenger saves on each day, (years, days)."""
        return (self.won - self.lost) / LABELS

    @property
    def windows(self) -> Floats:
        """Leads of the days that each night's challenger is judged on: (years, nights, WINDOW)."""
        return np.lib.stride_tricks.sliding_window_view(self.leads, WINDOW, axis=1)[:, :NIGHTS]


@dataclass(frozen=True)
class World:
    """How days differ: by `effect`, the standard deviation of what a rough day does to the lead.

    `memory` is the correlation of a day with the one before. With `rare` above 0 the challenger
    wins a bit on every day and loses as much again, and the edge of it, on that share of them.
    """

    name: str
    effect: float = 0.0
    memory: float = 0.0
    rare: float = 0.0

    def years(self, number: int, edge: float, rng: np.random.Generator) -> Years:
        """So many years of challengers that make fewer errors by `edge` of the rows."""
        size = (number, NIGHTS + WINDOW)
        rough = self._normal(size, rng) > _ABOVE
        drift = edge + np.where(rough, self.effect * self._normal(size, rng), 0.0)
        drift += self._skew(size, rng)
        either = np.where(rough, DISAGREE_ROUGH, DISAGREE) / 2
        won = rng.binomial(LABELS, np.minimum(either + np.maximum(drift, 0), 0.5))
        return Years(won, rng.binomial(LABELS, np.minimum(either + np.maximum(-drift, 0), 0.5)))

    def _normal(self, size: tuple[int, int], rng: np.random.Generator) -> Floats:
        drawn = rng.normal(size=size)
        for day in range(1, size[1]):
            fresh = (1 - self.memory**2) ** 0.5 * drawn[:, day]
            drawn[:, day] = self.memory * drawn[:, day - 1] + fresh
        return drawn

    def _skew(self, size: tuple[int, int], rng: np.random.Generator) -> Floats:
        if not self.rare:
            return np.zeros(size)
        gain = _BIT * self.rare / (1 - self.rare)
        return np.where(rng.random(size) < self.rare, -_BIT, gain)


_ABOVE = 0.643  # a standard normal is above it with ROUGH_SHARE
_BIT = 0.03

INDEPENDENT = World("independent rows")
DEPENDENT = World("days that differ", EFFECT)
SPELLS = World("days that differ, in spells", EFFECT, memory=0.6)
SKEWED = World("small gains, rare large losses", rare=0.05)
