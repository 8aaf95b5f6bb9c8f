"""Skill: how far a model gets from a model-free answer to a perfect one, and what to hold it to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import NormalDist

from config.values import Metric
from tasks.evaluation.metrics import higher_is_better
from tasks.records import Interval

_NO_ERROR = 1e-9  # of a skill without a spread: keeps weights finite


def model_free(metric: Metric, share: float) -> float:
    """What a metric says of answering every question with the rows' own share of true labels.

    `roc_auc` is 0.5, `log_loss` the entropy in nats, `brier` the variance. nan for a share that
    is undefined, and for `roc_auc` with one class.

    >>> model_free("brier", 0.25), model_free("roc_auc", 0.25), model_free("roc_auc", 1)
    (0.1875, 0.5, nan)
    """
    if not 0 <= share <= 1:  # nan too
        return math.nan
    if metric == "roc_auc":
        return 0.5 if 0 < share < 1 else math.nan
    if metric == "brier":
        return share * (1 - share)
    return -sum(each * math.log(each) for each in (share, 1 - share) if each)


def skill(metric: Metric, value: float, baseline: float) -> float:
    """The share of the way from `baseline` to a perfect answer: 1 is perfect, 0 no better.

    The skill score (value - baseline) / (perfect - baseline) of Murphy (Monthly Weather Review
    116, 1988): on a day that is hard for everybody the metric falls and skill need not. nan where
    either is undefined, or where the baseline leaves nothing to gain.

    >>> skill("roc_auc", 0.75, 0.5), skill("brier", 0.1875, 0.25), skill("brier", 0.2, 0.0)
    (0.5, 0.25, nan)
    """
    perfect = 1.0 if metric == "roc_auc" else 0.0
    gain = perfect - baseline
    return (value - baseline) / gain if gain else math.nan


def skilled(metric: Metric, measured: Interval, baseline: float) -> Interval:
    """An interval of the metric in units of skill: higher is better, whatever the metric.

    The baseline is taken as known. That of a loss moves with the loss from day to day, so the
    limits are, if anything, too wide.
    """
    value, *limits = (skill(metric, each, baseline) for each in _ends(measured))
    low, high = limits if higher_is_better(metric) else reversed(limits)
    return Interval(value, low, high)


@dataclass(frozen=True)
class Pledge:
    """What a version was promoted with, in units of the metric, and when.

    `baseline` is the model-free answer on the same rows; nan where it is not on record.
    """

    version: int
    since: datetime
    measured: Interval
    baseline: float


@dataclass(frozen=True)
class Bar:
    """What the answers of the version that is `serving` are held against.

    `confidence` is that of the pledges' intervals. There is always a pledge of who serves.
    """

    metric: Metric
    serving: int
    pledges: tuple[Pledge, ...]
    confidence: float = 0.95

    @property
    def promised(self) -> float:
        """The metric of who serves, when it was judged."""
        return next(each.measured.value for each in self.pledges if each.version == self.serving)

    def best_skill(self, as_of: datetime, days: int) -> float:
        """The best skill promised in the last `days`, or by who serves, less its luck.

        Champions that worsen slowly, each judged on its own days, so do not lower their own bar.
        The best of several measurements was lucky too: each is first moved towards their mean by
        the share of their differences that is noise (Efron and Morris, JASA 70, 1975), which
        DerSimonian and Laird's moments tell (Controlled Clinical Trials 7, 1986). nan when no
        pledge has a skill with limits.
        """
        since = as_of - timedelta(days=days)
        counted = [p for p in self.pledges if p.since > since or p.version == self.serving]
        skills = [skilled(self.metric, each.measured, each.baseline) for each in counted]
        return _best([each for each in skills if not math.isnan(sum(_ends(each)))], self._reach)

    @property
    def _reach(self) -> float:
        """Standard errors from an estimate to its limits."""
        return NormalDist().inv_cdf((1 + self.confidence) / 2)


def _best(measured: Sequence[Interval], reach: float) -> float:
    """The largest of noisy values after each was moved towards their mean."""
    if not measured:
        return math.nan
    values = [each.value for each in measured]
    noise = [max((each.high - each.low) / (2 * reach), _NO_ERROR) ** 2 for each in measured]
    weights = [1 / each for each in noise]
    total = math.fsum(weights)
    mean = _weighted(values, weights) / total
    apart = _weighted([(value - mean) ** 2 for value in values], weights)
    scale = total - _weighted(weights, weights) / total
    between = max(0.0, (apart - (len(values) - 1)) / scale) if len(values) > 1 else 0.0
    kept = [between / (between + each) for each in noise]
    return max(mean + keep * (value - mean) for value, keep in zip(values, kept, strict=True))


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True))


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high
