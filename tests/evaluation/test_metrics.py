"""Metrics agree with the field's own, and say nan where they are undefined."""

import doctest
import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from config.values import Metric
from tasks.evaluation import metrics
from tasks.evaluation.calibration import expected_calibration_error, reliability
from tasks.evaluation.metrics import measure

METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")


@pytest.mark.parametrize("decimals", [1, 8])
def test_metrics_agree_with_scikit_learn(decimals: int) -> None:
    """The same numbers as scikit-learn's, with ties and without; the search selects by those."""
    rng = np.random.default_rng(5)
    y = rng.uniform(size=400) < 0.3
    p = np.clip(rng.normal(0.3 + 0.2 * y, 0.2), 0.01, 0.99).round(decimals)
    p = np.clip(p, 0.05, 0.95)
    assert measure("roc_auc", y, p) == pytest.approx(roc_auc_score(y, p), abs=1e-12)
    assert measure("log_loss", y, p) == pytest.approx(log_loss(y, p), abs=1e-12)
    assert measure("brier", y, p) == pytest.approx(brier_score_loss(y, p), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("p", [[], [0.2, float("nan")], [0.2, 1.2], [-0.1, 0.2]])
def test_a_metric_of_what_is_no_probability_is_nan(metric: Metric, p: list[float]) -> None:
    """No rows, nan, and values outside [0, 1] have no metric, least of all 0."""
    assert math.isnan(measure(metric, [True, False][: len(p)], p))


def test_ranking_is_undefined_with_one_class() -> None:
    """A day on which nothing was late has no ROC AUC; its losses exist."""
    assert math.isnan(measure("roc_auc", [0, 0], [0.1, 0.2]))
    assert measure("brier", [0, 0], [0.1, 0.2]) == pytest.approx(0.025)


def test_lengths_that_differ_are_an_error() -> None:
    """Labels and probabilities of different lengths are never paired."""
    with pytest.raises(ValueError, match="labels"):
        measure("brier", [0, 1], [0.1])


def test_certainty_that_is_wrong_costs_a_finite_loss() -> None:
    """A probability of exactly 0 for what happened does not make the mean infinite."""
    assert 30 < measure("log_loss", [1], [0.0]) < 40


def test_the_examples_in_the_docstrings_are_true() -> None:
    """What the documentation shows is what comes out."""
    assert doctest.testmod(metrics).failed == 0


def test_calibrated_scores_have_a_small_error_and_squeezed_ones_a_large_one() -> None:
    """The calibration error tells honest probabilities from ones that promise too much."""
    rng = np.random.default_rng(5)
    p = rng.uniform(0.05, 0.6, 5000)
    y = rng.uniform(size=5000) < p
    assert expected_calibration_error(y, p) < 0.03
    assert expected_calibration_error(y, np.clip(p * 1.6, 0, 1)) > 0.1


def test_bins_hold_every_row_and_never_split_a_value() -> None:
    """Bins are about equally large, cover all rows, and keep equal scores together."""
    p = np.array([0.1] * 50 + [0.2] * 30 + [0.3] * 20)
    table = reliability(p > 0.15, p)
    assert [each.rows for each in table] == [50, 30, 20]
    assert [each.predicted for each in table] == pytest.approx([0.1, 0.2, 0.3])
    assert [each.observed for each in table] == [0.0, 1.0, 1.0]


def test_calibration_of_nothing_is_undefined() -> None:
    """Without rows, or with values that are no probabilities, there is no error, and no 0."""
    assert math.isnan(expected_calibration_error([], []))
    assert math.isnan(expected_calibration_error([1], [float("nan")]))
    assert reliability([], []) == ()
