"""Selection looks at later days only, starts from the given parameters, and ends in time."""

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from config.schema import Budget, Candidate, Windows
from config.values import Metric, Scalar
from tasks.errors import NotEnoughData
from tasks.models.rows import Rows
from tasks.models.search import Task, folds, search
from tests.models.conftest import FEATURES, LOGISTIC, WINDOWS, small_world


def rows_of(frame: pd.DataFrame) -> Rows:
    days = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    return Rows(frame[list(FEATURES.columns)], frame["late"].to_numpy().astype(np.int8), days)


def task(
    search_space: Mapping[str, tuple[Scalar, ...]],
    budget: Budget,
    estimator: str = LOGISTIC,
    metric: Metric = "roc_auc",
) -> Task:
    candidate = Candidate(estimator=estimator, search=dict(search_space), budget=budget)
    return Task(candidate, FEATURES, metric, WINDOWS, time.monotonic())


def test_every_fold_scores_days_after_all_that_it_fits_on() -> None:
    """No fold fits on a day that it scores or on a later one, and no day is scored twice."""
    rows = rows_of(small_world(days=12))
    found = folds(rows, Windows(folds=3, fold_days=2))
    scored = []
    for fit_on, score_on in found:
        assert rows.days[fit_on].max() < rows.days[score_on].min()
        scored += sorted(set(rows.days[score_on]))
    assert len(found) == 3
    assert len(scored) == len(set(scored)) == 6
    assert scored[-1] == rows.days.max()


def test_folds_honour_the_longest_history() -> None:
    """With `max_train_days` a fold fits on that many days and no more."""
    rows = rows_of(small_world(days=12))
    [(fit_on, _)] = folds(rows, Windows(folds=1, fold_days=2, min_train_days=4, max_train_days=4))
    assert len(set(rows.days[fit_on])) == 4


def test_older_rows_count_less() -> None:
    """With a half-life a row that is so much older than the newest counts half, in a fold too."""
    rows = replace(rows_of(small_world(days=12)), half_life=3)
    assert rows_of(small_world(days=12)).weights is None
    for some in (rows, rows.at(np.flatnonzero(rows.days < rows.days.max() - 4))):
        weights = some.weights
        assert weights is not None
        age = some.days.max() - some.days
        assert set(weights[age == 0]) == {1.0}
        assert set(weights[age == 3]) == {0.5}
        assert set(weights[age == 6]) == {0.25}


def test_too_few_days_for_any_fold_say_how_many_are_needed() -> None:
    """Without one fold there is no selection, and the message counts."""
    with pytest.raises(NotEnoughData, match=r"0 of 2 folds: 5 days.*6 days"):
        folds(rows_of(small_world(days=5)), Windows(folds=2, fold_days=3))


def test_a_fold_with_one_class_is_left_out() -> None:
    """A block of days on which nothing was late cannot be ranked and is no fold."""
    frame = small_world(days=12)
    frame.loc[frame["day"] >= "2013-01-10", "late"] = False
    found = folds(rows_of(frame), Windows(folds=2, fold_days=3))
    assert len(found) == 1


def test_the_given_parameters_are_tried_first() -> None:
    """With one trial nothing is drawn."""
    found = search(rows_of(small_world()), task({"C": (1e-6, 1e-5)}, Budget(trials=1)))
    assert (dict(found.params), found.trials) == ({}, 1)


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "brier"])
def test_better_parameters_win_by_the_metric(metric: Metric) -> None:
    """A worthless value never beats the defaults, whichever way the metric points."""
    rows = rows_of(small_world())
    found = search(rows, task({"C": (1e-9, 1e-8)}, Budget(trials=3), metric=metric))
    assert (dict(found.params), found.trials) == ({}, 3)


def test_the_draw_depends_on_the_seed_alone() -> None:
    """Two searches with one seed try the same parameters and find the same scores."""
    rows = rows_of(small_world())
    asked = {"C": (1e-3, 1e-2, 0.1, 1.0, 10.0), "max_iter": (50, 80, 100, 200)}
    found = [search(rows, task(asked, Budget(trials=3))) for _ in range(2)]
    assert found[0] == found[1]


def test_a_search_ends_in_time_with_the_best_so_far() -> None:
    """A slow candidate gets fewer trials, not a timeout."""
    slow = task({"step": tuple(range(2, 40))}, Budget(seconds=6, trials=30), BAD_SLOW)
    found = search(rows_of(small_world()), slow)
    assert 1 <= found.trials < 15
    assert time.monotonic() < slow.started + 6


BAD_SLOW = "tests.models.misbehaving.Slow"
