"""How good probabilities are, as one number; nan where that number is undefined, never 0."""

import numpy as np
import numpy.typing as npt

from config.values import Metric

Floats = npt.NDArray[np.float64]
_CLIP = 1e-15


def higher_is_better(metric: Metric) -> bool:
    """Which way the metric points."""
    return metric == "roc_auc"


def usable(p: npt.ArrayLike) -> bool:
    """Whether there is at least one value and all are finite and within [0, 1]."""
    values = np.asarray(p, dtype=np.float64)
    return bool(
        values.size and np.isfinite(values).all() and 0 <= values.min() <= values.max() <= 1
    )


def measure(metric: Metric, y: npt.ArrayLike, p: npt.ArrayLike) -> float:
    """The metric of probabilities `p` (n,) for labels `y` (n,), true or false.

    `roc_auc` counts ties as half (Hanley and McNeil 1982), `log_loss` is in nats a row, `brier`
    the mean squared error. nan without rows, for values that are no probabilities, and for
    `roc_auc` with one class.

    >>> measure("roc_auc", [0, 1, 1], [0.1, 0.8, 0.1])
    0.75
    >>> measure("roc_auc", [1, 1], [0.1, 0.8])
    nan
    """
    truth, scores = np.asarray(y).astype(bool), np.asarray(p, dtype=np.float64)
    if truth.shape != scores.shape:
        raise ValueError(f"{truth.shape} labels and {scores.shape} probabilities")
    if not usable(scores):
        return float("nan")
    if metric == "roc_auc":
        return _auc(truth, scores)
    return float(losses(metric, truth, scores).mean())


def losses(metric: Metric, y: npt.NDArray[np.bool_], p: Floats) -> Floats:
    """The loss of every row, of a metric that is a mean of losses."""
    if metric == "log_loss":
        clipped = np.clip(p, _CLIP, 1 - _CLIP)
        return np.asarray(-np.log(np.where(y, clipped, 1 - clipped)))
    if metric == "brier":
        return np.asarray((p - y) ** 2)
    raise ValueError(f"{metric} is no mean of losses")


def _auc(y: npt.NDArray[np.bool_], p: Floats) -> float:
    positives, negatives = int(y.sum()), int((~y).sum())
    if not positives or not negatives:
        return float("nan")
    _, group, sizes = np.unique(p, return_inverse=True, return_counts=True)
    midranks = np.cumsum(sizes) - (sizes - 1) / 2
    rank_sum = float(midranks[group][y].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
