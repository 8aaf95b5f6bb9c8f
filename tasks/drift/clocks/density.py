"""How differently rows of two windows are spread: a classifier that tells them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from tasks.drift.clocks.coding import coded
from tasks.evaluation.intervals import Resampling, Sample, interval
from tasks.evaluation.metrics import Floats

FOLDS = 4
LARGEST_WEIGHT = 10.0
_ROWS = 12_000  # of each window, to learn from
_PLAN = Resampling(resamples=500, confidence=0.95, seed=0)


@dataclass(frozen=True)
class Density:
    """How well reference and current rows are told apart, and the weights that undo it.

    `auc` is that of a classifier on days that it has not seen, 0.5 where nothing tells them
    apart, `low` its lower 95 % limit. `weights` (reference rows,), of mean 1, make the reference
    as the current rows are spread. All are nan, with a reason, where undefined.
    """

    auc: float
    low: float
    weights: Floats
    reason: str = ""


def density_ratio(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
) -> Density:
    """The ratio of the current rows' density to the reference's, at the reference rows.

    Both frames have `day` and the named columns. The odds of a probabilistic classifier between
    the two are the ratio (Bickel, Brueckner and Scheffer, JMLR 10, 2009), clipped to
    `LARGEST_WEIGHT` after scaling, which trades a little bias for much variance. Whole days are
    left out in turn: on rows of its own days a classifier knows the day, not the shift. Undefined
    with fewer than two days on a side, or no column.
    """
    columns = [*numeric, *categorical]
    fewest = min(frame["day"].nunique() if len(frame) else 0 for frame in (reference, current))
    if fewest < 2 or not columns:
        nothing = np.full(len(reference), math.nan)
        told = "no column to compare" if not columns else f"{fewest} days to compare, 2 needed"
        return Density(math.nan, math.nan, nothing, told)
    rows = pd.concat([reference, current], ignore_index=True)
    is_current = np.arange(len(rows)) >= len(reference)
    features = coded(rows, numeric, categorical)
    folds = _folds(rows["day"], is_current)
    scores = np.full(len(rows), math.nan)
    for fold in range(int(folds.max()) + 1):
        learned, left_out = _sampled(folds != fold, is_current, fold), folds == fold
        known = features[learned], is_current[learned]
        scores[left_out] = _odds(*known, features[left_out], len(numeric))
    share = scores / (1 + scores)
    found = interval(Sample(is_current, share, _days(rows["day"], is_current)), "roc_auc", _PLAN)
    return Density(found.value, found.low, _weights(scores[~is_current]))


def _weights(odds: Floats) -> Floats:
    clipped = np.minimum(odds / odds.mean(), LARGEST_WEIGHT)
    return np.asarray(clipped / clipped.mean())


def _folds(day: "pd.Series[str]", is_current: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """The fold of each row: whole days, each side's dealt out in turn, so that all have both."""
    folds = np.zeros(len(day), dtype=np.intp)
    sides = [pd.factorize(day[side], sort=True)[0] for side in (~is_current, is_current)]
    number = min(FOLDS, *(int(codes.max()) + 1 for codes in sides))
    folds[~is_current], folds[is_current] = sides[0] % number, sides[1] % number
    return folds


def _days(day: "pd.Series[str]", is_current: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """A number for each side's day: a day on both sides counts as two."""
    return np.asarray(2 * pd.factorize(day)[0] + is_current)


def _sampled(
    learned: npt.NDArray[np.bool_], is_current: npt.NDArray[np.bool_], seed: int
) -> npt.NDArray[np.intp]:
    """At most `_ROWS` of each side's rows that are learned from, drawn without order."""
    rng = np.random.default_rng(seed)
    sides = (np.flatnonzero(learned & side) for side in (~is_current, is_current))
    drawn = [rng.choice(rows, min(_ROWS, len(rows)), replace=False) for rows in sides]
    return np.concatenate(drawn)


def _odds(
    features: Floats, is_current: npt.NDArray[np.bool_], asked: Floats, numeric: int
) -> Floats:
    """The odds of the rows asked about to be current ones, learned from others."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second

    model = HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=40,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, min(100, len(features) // 20)),
        l2_regularization=1.0,
        early_stopping=False,
        categorical_features=list(range(numeric, features.shape[1])) or None,
        random_state=0,
    )
    with threadpool_limits(limits=1):  # threads that wait for a busy core cost ten times the work
        share = model.fit(features, is_current).predict_proba(asked)[:, 1]
    return np.asarray(share / (1 - share))
