"""Direct loss estimation: a model of the loss, for numbers that no probability stands behind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from tasks.drift.clocks.blocks import Window, drawn, limits
from tasks.drift.clocks.coding import coded
from tasks.evaluation.intervals import Resampling
from tasks.evaluation.metrics import Floats
from tasks.records import Interval

FOLDS = 5


@dataclass(frozen=True)
class Inputs:
    """Columns that the loss may depend on: the model's inputs, and its answer."""

    numeric: Sequence[str]
    categorical: Sequence[str] = ()


def dle(
    reference: pd.DataFrame,
    losses: Floats,
    current: pd.DataFrame,
    inputs: Inputs,
    plan: Resampling,
) -> Interval:
    """The mean loss of the current rows, from the losses (n,) of the reference's rows.

    Both frames have `day` and the inputs. A regression of the loss on the inputs is averaged over
    the current rows (direct loss estimation, NannyML 2022). Limits are for what will turn out:
    the reference's own days, estimated by a regression that has not seen them, drawn again in
    blocks (`blocks`). Blind to a change of the concept, as `cbpe` is. Undefined without losses on
    two days; no loss is below 0, nor is a limit.
    """
    days, day = np.unique(reference["day"], return_inverse=True)
    rows = coded(pd.concat([reference, current]), inputs.numeric, inputs.categorical)
    known, unknown = rows[: len(reference)], rows[len(reference) :]
    if len(days) < 2 or not len(unknown):
        return Interval(float("nan"), float("nan"), float("nan"))
    categorical = list(range(len(inputs.numeric), rows.shape[1]))
    found = float(_regressed(known, losses, unknown, categorical).mean())
    left = losses - _unseen(known, losses, day, categorical)
    sums, counts = np.bincount(day, weights=left), np.bincount(day)
    window = Window(current["day"].nunique(), len(days), len(days))
    taken = drawn(window, plan)
    errors = sums[taken].sum(axis=1) / counts[taken].sum(axis=1)
    measured = limits(found, errors, window, plan)
    return Interval(measured.value, max(measured.low, 0.0), measured.high)


def _unseen(
    rows: Floats, losses: Floats, day: npt.NDArray[np.intp], categorical: list[int]
) -> Floats:
    """Each reference row's loss, as the other blocks of days let expect it."""
    days = int(day.max()) + 1
    fold = day * min(FOLDS, days) // days
    expected = np.empty(len(rows))
    for left_out in range(int(fold.max()) + 1):
        inside = fold == left_out
        learned = rows[~inside], losses[~inside]
        expected[inside] = _regressed(*learned, rows[inside], categorical)
    return expected


def _regressed(rows: Floats, losses: Floats, asked: Floats, categorical: list[int]) -> Floats:
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - a second

    model = HistGradientBoostingRegressor(
        max_iter=60,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, min(50, len(rows) // 20)),
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=categorical or None,
        random_state=0,
    )
    with threadpool_limits(limits=1):  # threads that wait for a busy core cost ten times the work
        return np.asarray(model.fit(rows, losses).predict(asked), dtype=np.float64)
