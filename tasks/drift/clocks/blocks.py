"""Prediction limits from the errors that the same estimate would have made before."""

from dataclasses import dataclass

import numpy as np

from config.values import Metric
from tasks.drift.clocks.counted import Places
from tasks.evaluation.intervals import MOST_UNDEFINED, UNDEFINED, Resampling, expanded
from tasks.evaluation.metrics import Floats
from tasks.records import Interval

_SUMMED_DIFFERENTLY = 1e-9  # what turns out is summed in another order


@dataclass(frozen=True)
class Window:
    """So many days to be estimated, from so many to learn of; `effective` where those differ."""

    days: int
    reference: int
    effective: float


def drawn(window: Window, plan: Resampling) -> Places:
    """Days of the reference that stand for the window's: (resamples, days of the window).

    Neighbours are drawn together, as consecutive days are alike: circular blocks (Politis and
    Romano 1992) of the cube root of the reference's days (Kuensch, Annals of Statistics 17, 1989).
    """
    length = max(1, round(window.reference ** (1 / 3)))
    number = -(-window.days // length)
    rng = np.random.default_rng(plan.seed)
    starts = rng.integers(window.reference, size=(plan.resamples, number, 1))
    days = (starts + np.arange(length)) % window.reference
    return np.asarray(days.reshape(plan.resamples, number * length)[:, : window.days])


def limits(value: float, errors: Floats, window: Window, plan: Resampling) -> Interval:
    """The value with limits for what will turn out: the value plus the quantiles of `errors`.

    `errors` (resamples,) are truth less estimate on drawn days of the reference. Their spread is
    that of a window's days alone; what was learned from the reference is as uncertain as its
    days, so that it is widened by sqrt(1 + days / reference days), as for the prediction of a new
    observation. Quantiles are expanded for few days as in `evaluation.intervals`. No limits where
    too many errors are nan or the reference has a single day; all nan where the value is.
    """
    defined = errors[~np.isnan(errors)]
    if np.isnan(value):
        return UNDEFINED
    if window.effective < 2 or len(defined) < (1 - MOST_UNDEFINED) * len(errors):
        return Interval(value, float("nan"), float("nan"))
    levels = expanded(int(window.effective), plan.confidence)
    middle, (low, high) = float(np.median(defined)), np.quantile(defined, levels)
    wider = (1 + window.days / window.effective) ** 0.5
    low, high = (middle + wider * (each - middle) for each in (low, high))
    slack = _SUMMED_DIFFERENTLY * (1 + abs(value))
    return Interval(value, value + min(float(low), 0) - slack, value + max(float(high), 0) + slack)


def within(interval: Interval, metric: Metric) -> Interval:
    """The limits where the metric can be."""
    highest = np.inf if metric == "log_loss" else 1.0
    low, high = np.clip([interval.low, interval.high], 0.0, highest)  # unlike max(), keeps nan
    return Interval(interval.value, float(low), float(high))
