"""A metric of rows that count as positive by one weight and as negative by another.

A label that is known counts fully as one of the two, one that is only expected as a bit of both,
and one that stands for others that are not known yet more than once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.values import Metric
from tasks.evaluation.metrics import Floats, losses

Places = npt.NDArray[np.intp]
_LEVELS = 1024  # of scores, where there are many units: closer ones count as ties


@dataclass(frozen=True)
class Counted:
    """Probabilities `p` (n,) with what each row counts as positive and as negative (n,)."""

    p: Floats
    positive: Floats
    negative: Floats

    @property
    def share(self) -> float:
        """Of positives; nan where nothing counts."""
        whole = float(self.positive.sum() + self.negative.sum())
        return float(self.positive.sum()) / whole if whole > 0 else float("nan")


def value(metric: Metric, rows: Counted) -> float:
    """The metric of the rows; that of known labels is `measure`'s, but for rounding."""
    if not len(rows.p):
        return float("nan")
    whole = _summary(metric, rows, np.zeros(len(rows.p), dtype=np.intp), 1)
    return float(whole.of(np.ones((1, 1)))[0])


def values(metric: Metric, rows: Counted, units: Places, drawn: Places) -> Floats:
    """The metric of each draw of units: rows are of `units` (n,), `drawn` (draws, units a draw).

    nan where a draw has nothing to measure, as with one class.
    """
    number = int(max(units.max(initial=0), drawn.max(initial=0))) + 1
    flat = (np.arange(len(drawn))[:, np.newaxis] * number + drawn).ravel()
    times = np.bincount(flat, minlength=len(drawn) * number).reshape(len(drawn), number)
    return _summary(metric, rows, units, number).of(times.astype(np.float64))


def _summary(metric: Metric, rows: Counted, units: Places, number: int) -> "_Mean | _Auc":
    return _Auc(rows, units, number) if metric == "roc_auc" else _Mean(metric, rows, units, number)


class _Mean:
    """A mean of losses, from each unit's sums."""

    def __init__(self, metric: Metric, rows: Counted, units: Places, number: int) -> None:
        every = np.ones(len(rows.p), dtype=bool)
        lost = rows.positive * losses(metric, every, rows.p)
        lost += rows.negative * losses(metric, ~every, rows.p)
        self._lost = np.bincount(units, weights=lost, minlength=number)
        weight = rows.positive + rows.negative
        self._weight = np.bincount(units, weights=weight, minlength=number)

    def of(self, times: Floats) -> Floats:
        """The mean when unit u counts times[:, u] times: (draws, units) to (draws,)."""
        return _ratio(times @ self._lost, times @ self._weight)


class _Auc:
    """ROC AUC from the pairs won between every two units; a row is no pair with itself."""

    def __init__(self, rows: Counted, units: Places, number: int) -> None:
        level, levels = _leveled(rows.p, number)
        cell, shape = units * levels + level, (number, levels)
        positive, negative = (
            np.bincount(cell, weights=weight, minlength=number * levels).reshape(shape)
            for weight in (rows.positive, rows.negative)
        )
        self._positive, self._negative = positive.sum(axis=1), negative.sum(axis=1)
        self._won = positive @ (np.cumsum(negative, axis=1) - negative / 2).T
        both = np.bincount(units, weights=rows.positive * rows.negative, minlength=number)
        self._both = both
        self._won[np.diag_indices(number)] -= both / 2

    def of(self, times: Floats) -> Floats:
        """The AUC when unit u counts times[:, u] times: (draws, units) to (draws,)."""
        won = ((times @ self._won) * times).sum(axis=1)
        pairs = (times @ self._positive) * (times @ self._negative) - times**2 @ self._both
        return _ratio(won, pairs)


def _leveled(p: Floats, number: int) -> tuple[Places, int]:
    """The rank of each row's score among the distinct ones, and how many ranks there are."""
    distinct, level = np.unique(p, return_inverse=True)
    if number == 1 or len(distinct) <= _LEVELS:
        return level, len(distinct)
    return level * _LEVELS // len(distinct), _LEVELS


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))
