"""A metric as numbers a day, so that days drawn again cost no second look at the rows."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from config.values import Metric
from tasks.evaluation.metrics import Floats, losses

_BINS = 1024

Days = npt.NDArray[np.intp]


class Statistic(Protocol):
    """A metric over days that may count several times, or not at all."""

    @property
    def days(self) -> int:
        """How many there are."""

    def weighted(self, weights: Floats) -> Floats:
        """The metric when day d counts weights[:, d] times: (draws, days) to (draws,)."""


@dataclass(frozen=True)
class Means:
    """A mean over rows, from each day's sum (days,) and number of rows (days,)."""

    sums: Floats
    rows: Floats

    @property
    def days(self) -> int:
        return len(self.sums)

    def weighted(self, weights: Floats) -> Floats:
        """The mean; nan without a row."""
        rows = weights @ self.rows
        return _ratio(weights @ self.sums, rows)


@dataclass(frozen=True)
class Ranks:
    """ROC AUC from two histograms a day: of positives and of negatives, (days, bins) each.

    Bins are quantiles of all probabilities, so a pair that falls into one bin counts as a tie,
    half. With 1024 bins that is one pair in a thousand: over 300,000 answers the value is within
    1e-5 of the exact one, and with no more distinct probabilities than bins it is exact.
    """

    positives: Floats
    negatives: Floats

    @property
    def days(self) -> int:
        return len(self.positives)

    def weighted(self, weights: Floats) -> Floats:
        """The AUC; nan where a class is missing."""
        positives, negatives = weights @ self.positives, weights @ self.negatives
        below = np.cumsum(negatives, axis=1) - negatives / 2
        won = (positives * below).sum(axis=1)
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        return _ratio(won, pairs)


def statistic(metric: Metric, y: npt.NDArray[np.bool_], p: Floats, days: Days) -> Means | Ranks:
    """The metric of probabilities `p` (n,) for labels `y` (n,), by day (n,), numbered from 0."""
    if metric == "roc_auc":
        return ranks(y, p, days)
    return means(losses(metric, y, p), days)


def means(each: Floats, days: Days) -> Means:
    """The mean of a number a row (n,)."""
    rows = np.bincount(days).astype(np.float64)
    return Means(np.bincount(days, weights=each).astype(np.float64), rows)


def ranks(y: npt.NDArray[np.bool_], p: Floats, days: Days, bins: int = _BINS) -> Ranks:
    """The AUC's histograms, of at most so many `bins`."""
    distinct = np.unique(p)
    if len(distinct) > bins:
        distinct = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[:-1]))
    bins, count = len(distinct), int(days.max()) + 1
    placed = days * bins + np.searchsorted(distinct, p, side="right") - 1
    shape, cells = (count, bins), count * bins
    return Ranks(
        np.bincount(placed[y], minlength=cells).reshape(shape).astype(np.float64),
        np.bincount(placed[~y], minlength=cells).reshape(shape).astype(np.float64),
    )


def _ratio(over: Floats, under: Floats) -> Floats:
    undefined = np.full(len(over), np.nan)
    return np.asarray(np.divide(over, under, out=undefined, where=under > 0))
