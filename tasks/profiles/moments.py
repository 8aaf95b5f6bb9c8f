"""Mean and spread of a column, of parts that are seen one after another."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Of `count` finite numbers; `m2` is the sum of squared distances from the mean.

    Without a number all but the count are nan. `m2` is inf where a square is no float any more.
    """

    count: int = 0
    mean: float = math.nan
    m2: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def of(cls, values: Floats) -> "Moments":
        """Of finite values (n,).

        >>> Moments.of(np.array([1.0, 2.0, 3.0]))
        Moments(count=3, mean=2.0, m2=2.0, low=1.0, high=3.0)
        """
        if not len(values):
            return cls()
        with np.errstate(over="ignore"):
            mean = float(values.mean())
            if not math.isfinite(mean):  # their sum is no float, their shares of it are
                mean = float((values / len(values)).sum())
            m2 = float(np.square(values - mean).sum())
        return cls(len(values), mean, m2, float(values.min()), float(values.max()))

    @property
    def variance(self) -> float:
        """Of the population that the numbers are a sample of; nan of fewer than two."""
        return self.m2 / (self.count - 1) if self.count > 1 else math.nan

    @property
    def deviation(self) -> float:
        """The standard deviation, nan of fewer than two."""
        return math.sqrt(self.variance)

    def merged(self, other: "Moments") -> "Moments":
        """Of the numbers of both, without cancellation (Chan, Golub and LeVeque, The American
        Statistician 37, 1983, formula 2.1)."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        share = other.count / count
        away = other.mean - self.mean
        return Moments(
            count,
            mean=self.mean + (share * other.mean - share * self.mean),
            m2=self.m2 + other.m2 + away * away * share * self.count,
            low=min(self.low, other.low),
            high=max(self.high, other.high),
        )
