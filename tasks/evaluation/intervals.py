"""Confidence intervals that know that the rows of one day share their weather."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtrit

from config.values import Metric
from tasks.evaluation.metrics import Floats, higher_is_better, losses, usable
from tasks.records import Interval

UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))
_MOST_UNDEFINED = 0.05  # of the resamples


@dataclass(frozen=True)
class Sample:
    """Labels `y` (n,), probabilities `p` (n,), and the day of each row (n,) as a number."""

    y: npt.ArrayLike
    p: npt.ArrayLike
    days: npt.ArrayLike


@dataclass(frozen=True)
class Resampling:
    """How often days are drawn, how sure the limits are to hold, and the seed of the draws."""

    resamples: int = 2000
    confidence: float = 0.95
    seed: int = 0


def interval(sample: Sample, metric: Metric, plan: Resampling) -> Interval:
    """The metric with limits from resampling whole days; nan where undefined.

    Days are drawn with replacement (the cluster bootstrap of Field and Welsh, JRSS B 69, 2007).
    The limits are value +- t * s with t of days - 1 degrees of freedom and s the resamples'
    standard deviation times sqrt(days / (days - 1)): percentiles are too narrow for the ten or
    so days of a holdout (Hesterberg, The American Statistician 69, 2015). In simulated worlds of
    7-10 unlike days 95 % limits covered 93-94 %, percentiles 87-89 %.
    Days are taken as independent of each other. Within [0, 1] for `roc_auc` and `brier`.
    """
    statistic = _statistic(sample, metric)
    if statistic is None:
        return UNDEFINED
    limits = _limits(statistic, plan)
    highest = np.inf if metric == "log_loss" else 1.0
    low, high = np.clip([limits.low, limits.high], 0.0, highest)  # unlike max(), keeps nan
    return Interval(limits.value, float(low), float(high))


def paired_difference(
    challenger: Sample, champion: npt.ArrayLike, metric: Metric, plan: Resampling
) -> Interval:
    """By how much the challenger is better than `champion` (n,) on the same rows and days.

    Positive is better whichever way the metric points; in units of the metric. The same draws of
    days serve both, so what makes a day hard for both cancels out. Limits as in `interval`.
    """
    ours = _statistic(challenger, metric)
    theirs = _statistic(Sample(challenger.y, champion, challenger.days), metric)
    if ours is None or theirs is None:
        return UNDEFINED
    sign = 1.0 if higher_is_better(metric) else -1.0
    return _limits(_Difference(ours, theirs, sign), plan)


class _Mean:
    """A mean over rows, from each day's sum."""

    def __init__(self, each: Floats, days: npt.NDArray[np.intp]) -> None:
        self.days = int(days.max()) + 1
        self._sums = np.bincount(days, weights=each)
        self._rows = np.bincount(days).astype(np.float64)

    def weighted(self, weights: Floats) -> Floats:
        """The statistic when day d counts weights[:, d] times: (draws, days) to (draws,)."""
        return np.asarray((weights @ self._sums) / (weights @ self._rows))


class _Auc:
    """ROC AUC from the pairs won between every two days.

    `_won[d, e]` counts positives of day d above negatives of day e, ties as half, so that a draw
    of days costs a product of small matrices instead of another sort.
    """

    def __init__(self, y: npt.NDArray[np.bool_], p: Floats, days: npt.NDArray[np.intp]) -> None:
        self.days = int(days.max()) + 1
        self._positives = np.bincount(days[y], minlength=self.days).astype(np.float64)
        self._negatives = np.bincount(days[~y], minlength=self.days).astype(np.float64)
        self._won = np.zeros((self.days, self.days))
        scores, whose = p[y], days[y]
        for day in range(self.days):
            against = np.sort(p[~y & (days == day)])
            below = np.searchsorted(against, scores, side="left")
            not_above = np.searchsorted(against, scores, side="right")
            self._won[:, day] = np.bincount(
                whose, weights=(below + not_above) / 2, minlength=self.days
            )

    def weighted(self, weights: Floats) -> Floats:
        """The statistic when day d counts weights[:, d] times; nan where a class is missing."""
        won = ((weights @ self._won) * weights).sum(axis=1)
        pairs = (weights @ self._positives) * (weights @ self._negatives)
        return np.asarray(np.divide(won, pairs, out=np.full_like(won, np.nan), where=pairs > 0))


class _Difference:
    """Two statistics over the same days, the first minus the second, or the other way round."""

    def __init__(self, ours: "_Mean | _Auc", theirs: "_Mean | _Auc", sign: float) -> None:
        self.days = ours.days
        self._ours, self._theirs, self._sign = ours, theirs, sign

    def weighted(self, weights: Floats) -> Floats:
        """The statistic when day d counts weights[:, d] times."""
        return self._sign * (self._ours.weighted(weights) - self._theirs.weighted(weights))


def _statistic(sample: Sample, metric: Metric) -> _Mean | _Auc | None:
    y, p = np.asarray(sample.y).astype(bool), np.asarray(sample.p, dtype=np.float64)
    _, days = np.unique(np.asarray(sample.days), return_inverse=True)
    if not len(y) == len(p) == len(days):
        raise ValueError(f"{len(y)} labels, {len(p)} probabilities and {len(days)} days")
    if not usable(p):
        return None
    if metric == "roc_auc":
        return _Auc(y, p, days)
    return _Mean(losses(metric, y, p), days)


def _limits(statistic: _Mean | _Auc | _Difference, plan: Resampling) -> Interval:
    days = statistic.days
    value = float(statistic.weighted(np.ones((1, days)))[0])
    if days < 2 or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(plan.seed)
    draws = rng.multinomial(days, np.full(days, 1 / days), size=plan.resamples)
    drawn = statistic.weighted(draws.astype(np.float64))
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < (1 - _MOST_UNDEFINED) * len(drawn):
        return Interval(value, float("nan"), float("nan"))
    reach = float(stdtrit(days - 1, (1 + plan.confidence) / 2)) * (days / (days - 1)) ** 0.5
    low, high = np.quantile(defined, [ndtr(-reach), ndtr(reach)])
    return Interval(value, float(low), float(high))
