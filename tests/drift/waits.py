"""Invented answers whose labels come late, the later the worse the news."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tasks.drift.clocks.so_far import DAY, Waiting


@dataclass(frozen=True)
class World:
    """So many rows a day; `effect` is how far days differ, `waits` the mean hours by label."""

    rows: int = 300
    effect: float = 0.3
    waits: tuple[float, float] = (6.0, 18.0)
    longest: float = 96.0
    steepness: float = 0.8
    """Of the scores' logits: below 1 they claim too little."""

    def days(self, number: int, rng: np.random.Generator) -> Waiting:
        """Answers of days 0 to number - 1, all labels known."""
        days = np.repeat(np.arange(number, dtype=np.int64), self.rows)
        odds = rng.normal(-1, 1, size=len(days))
        moved = odds + rng.normal(size=number)[days] * self.effect
        y = (rng.random(len(days)) < expit(moved)).astype(np.float64)
        return Waiting(
            p=expit(self.steepness * odds + 0.3),
            y=y,
            days=days,
            asked=DAY * (days + rng.random(len(days))),
            delays=np.minimum(
                rng.exponential(np.where(y == 1, *reversed(self.waits))), self.longest
            ),
        )


def part(of: Waiting, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Waiting:
    """Some of the rows."""
    return Waiting(of.p[rows], of.y[rows], of.days[rows], of.asked[rows], of.delays[rows])
