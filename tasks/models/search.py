"""A bounded search over time-ordered folds: fit on earlier days, score on the days after."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from config.schema import Candidate, Features, Windows
from config.values import Metric, Scalar
from tasks.errors import NotEnoughData, Terminal
from tasks.models.estimators import with_params
from tasks.models.rows import Positions, Rows
from tasks.models.warm import Start, learned

_KEEP_FREE = 0.85  # of the time budget; the rest is for the last fit, saving and a loaded machine


@dataclass(frozen=True)
class Task:
    """What is searched for, since when (seconds of `time.monotonic`), and what it starts from."""

    candidate: Candidate
    features: Features
    metric: Metric
    windows: Windows
    started: float
    start: Start | None = None

    @property
    def deadline(self) -> float:
        return self.started + self.candidate.budget.seconds * _KEEP_FREE


@dataclass(frozen=True)
class Found:
    """The best parameters, their score in every fold, and how many were tried."""

    params: Mapping[str, Scalar]
    folds: tuple[float, ...]
    trials: int


class InvalidScores(Terminal):
    """The estimator's answers are no probabilities."""


def folds(rows: Rows, windows: Windows) -> list[tuple[Positions, Positions]]:
    """Row positions to fit on and to score on, oldest fold first.

    The last `folds * fold_days` days are scored block by block, each by a fit on the days before
    it (at least `fold_days`, at most `max_train_days`). A block with one class on either side is
    left out; `NotEnoughData` when none is left.
    """
    days = np.unique(rows.days)
    found = []
    for back in range(windows.folds, 0, -1):
        first = len(days) - back * windows.fold_days
        if first < windows.fold_days:
            continue
        start = max(0, first - windows.max_train_days) if windows.max_train_days else 0
        fit_on = _between(rows.days, days[start:first])
        score_on = _between(rows.days, days[first : first + windows.fold_days])
        if _both_classes(rows.labels[fit_on]) and _both_classes(rows.labels[score_on]):
            found.append((fit_on, score_on))
    if not found:
        raise NotEnoughData(
            f"0 of {windows.folds} folds: {len(days)} days, {int(rows.labels.sum())} of "
            f"{len(rows.labels)} labels true; {2 * windows.fold_days} days with both classes "
            "are needed. Wait for labels, or lower windows.fold_days"
        )
    return found


def search(rows: Rows, task: Task) -> Found:
    """Try the given parameters, then some of the search space; the best by mean fold score.

    Stops when another trial and the last fit would not fit into the time budget. Which parameters
    are drawn depends on the candidate's seed alone. A fold starts warm where the champion has not
    seen the days that it is scored on; elsewhere it would be asked what it knows.
    """
    splits = folds(rows, task.windows)
    best: Found | None = None
    tried = 0
    slowest = 0.0
    for params in _tries(task.candidate):
        began = time.monotonic()
        if best is not None and began + 2 * slowest > task.deadline:
            break
        scores = tuple(_score(params, rows, split, task) for split in splits)
        tried += 1
        slowest = max(slowest, time.monotonic() - began)
        if best is None or _is_better(scores, best.folds, task.metric):
            best = Found(params, scores, tried)
    if best is None:
        raise NotEnoughData("0 trials: candidates need a budget of at least one trial")
    return Found(best.params, best.folds, tried)


def probability(model: Pipeline, inputs: pd.DataFrame) -> NDArray[np.float64]:
    """P(label is true) of every row; `InvalidScores` if an answer is no probability, or all are
    the same."""
    answers = np.asarray(model.predict_proba(inputs), dtype=np.float64)
    if answers.ndim != 2 or answers.shape[1] != 2:
        raise InvalidScores(f"predict_proba gives shape {answers.shape}, not two classes")
    scores: NDArray[np.float64] = answers[:, 1]
    wrong = ~(np.isfinite(scores) & (scores >= 0) & (scores <= 1))
    if wrong.any():
        raise InvalidScores(
            f"{int(wrong.sum())} of {len(scores)} probabilities are not in [0, 1], "
            f"the first is {scores[wrong][0]}"
        )
    if np.ptp(scores) == 0:
        raise InvalidScores(f"all {len(scores)} probabilities are {scores[0]}")
    return scores


def _tries(candidate: Candidate) -> Iterator[Mapping[str, Scalar]]:
    yield candidate.params
    more = candidate.budget.trials - 1
    if not candidate.search or more < 1:
        return
    space = {name: list(values) for name, values in candidate.search.items()}
    draws = ParameterSampler(
        space, n_iter=min(more + 1, len(ParameterGrid(space))), random_state=candidate.seed
    )
    merged = [{**candidate.params, **draw} for draw in draws]
    yield from [params for params in merged if params != candidate.params][:more]


def _score(
    params: Mapping[str, Scalar], rows: Rows, split: tuple[Positions, Positions], task: Task
) -> float:
    fit_on, score_on = split
    candidate = with_params(task.candidate, params)
    unseen = task.start is not None and task.start.through < rows.days[score_on].min()
    start = task.start if unseen else None
    model, _ = learned(start, candidate, task.features, rows.at(fit_on))
    answers = probability(model, rows.inputs.iloc[score_on])
    truth = rows.labels[score_on]
    match task.metric:
        case "roc_auc":
            return float(roc_auc_score(truth, answers))
        case "log_loss":
            return float(log_loss(truth, answers))
        case "brier":
            return float(brier_score_loss(truth, answers))


def _is_better(ours: tuple[float, ...], best: tuple[float, ...], metric: Metric) -> bool:
    sign = 1 if metric == "roc_auc" else -1
    return sign * math.fsum(ours) > sign * math.fsum(best)


def _between(days: NDArray[np.int64], chosen: NDArray[np.int64]) -> Positions:
    return np.flatnonzero((days >= chosen[0]) & (days <= chosen[-1]))


def _both_classes(labels: NDArray[np.int8]) -> bool:
    return len(np.unique(labels)) == 2
