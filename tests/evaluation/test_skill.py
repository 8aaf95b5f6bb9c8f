"""Skill over a model-free answer, and a bar that luck does not raise."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from config.values import Metric
from tasks.evaluation.metrics import measure
from tasks.evaluation.skill import Bar, Pledge, model_free, skill, skilled
from tasks.records import Interval

NOW = datetime(2024, 6, 1, 3, tzinfo=UTC)
METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")


@pytest.mark.parametrize("metric", METRICS)
def test_model_free_is_the_metric_of_the_share(metric: Metric) -> None:
    """The model-free answer's value is what the metric says of the rows' share, on those rows."""
    y = np.arange(500) % 5 == 0
    assert model_free(metric, 0.2) == pytest.approx(measure(metric, y, np.full(500, 0.2)))


@pytest.mark.parametrize("share", [math.nan, -0.1, 1.1])
def test_no_share(share: float) -> None:
    """What is no share has no model-free answer."""
    assert all(math.isnan(model_free(metric, share)) for metric in METRICS)


def test_one_class() -> None:
    """With one class the share answers losses perfectly, and nothing is left to be skilled at."""
    assert math.isnan(model_free("roc_auc", 1.0))
    assert (model_free("log_loss", 0.0), model_free("brier", 1.0)) == (0, 0)
    assert math.isnan(skill("log_loss", 0.1, 0.0))


@pytest.mark.parametrize("metric", METRICS)
def test_scale(metric: Metric) -> None:
    """1 is perfect, 0 is no better than the model-free answer, and less is worse than it."""
    perfect, baseline = (1.0, 0.5) if metric == "roc_auc" else (0.0, 0.2)
    assert (skill(metric, perfect, baseline), skill(metric, baseline, baseline)) == (1, 0)
    assert skill("roc_auc", 0.4, 0.5) < 0
    assert skill("brier", 0.3, 0.2) < 0
    assert math.isnan(skill("brier", 0.1, math.nan))


def test_limits_point_up() -> None:
    """The limits of a loss swap places: more skill is less loss."""
    assert skilled("brier", Interval(0.125, 0.0625, 0.25), 0.25) == Interval(0.5, 0.0, 0.75)
    assert skilled("roc_auc", Interval(0.75, 0.625, 0.875), 0.5) == Interval(0.5, 0.25, 0.75)


def pledge(version: int, days_ago: float, value: float, error: float = 0.01) -> Pledge:
    measured = Interval(value, value - 1.96 * error, value + 1.96 * error)
    return Pledge(version, NOW - timedelta(days=days_ago), measured, 0.5)


def bar(*pledges: Pledge, serving: int = 1) -> Bar:
    return Bar("roc_auc", serving, pledges)


def test_who_serves_is_held_to_its_own_promise() -> None:
    """The promise is that of the serving version, whoever came before or after."""
    assert bar(pledge(1, 9, 0.7), pledge(2, 5, 0.9)).promised == 0.7


def test_a_single_pledge_is_the_bar() -> None:
    """With nobody to compare it with, a promise is taken as it is, however old."""
    assert bar(pledge(1, 400, 0.75)).best_skill(NOW, 180) == pytest.approx(0.5)


def test_a_slow_decline_does_not_lower_the_bar() -> None:
    """Each champion a little worse than the one before: the bar stays near the first's skill."""
    values = [0.80 - 0.01 * step for step in range(6)]
    found = bar(*(pledge(n, 160 - 30 * n, v) for n, v in enumerate(values)), serving=5)
    own, first = skill("roc_auc", values[-1], 0.5), skill("roc_auc", values[0], 0.5)
    assert own + 0.7 * (first - own) < found.best_skill(NOW, 180) < first


def test_only_the_window_counts() -> None:
    """A promise from before the window is forgotten, unless its champion still serves."""
    old, young = pledge(1, 200, 0.9), pledge(2, 20, 0.7)
    assert bar(old, young, serving=2).best_skill(NOW, 180) == pytest.approx(0.4)
    assert bar(old, young, serving=1).best_skill(NOW, 180) > 0.7


def test_pledges_without_skill_are_left_out() -> None:
    """An unknown baseline or unknown limits are no promise of skill; without one, no bar."""
    blind = Pledge(2, NOW, Interval(0.9, 0.88, 0.92), math.nan)
    limitless = Pledge(3, NOW, Interval(0.9, math.nan, math.nan), 0.5)
    assert bar(pledge(1, 9, 0.75), blind, limitless).best_skill(NOW, 180) == pytest.approx(0.5)
    assert math.isnan(bar(blind, limitless, serving=2).best_skill(NOW, 180))


def test_exact_pledges() -> None:
    """Measurements without a spread are taken at their word."""
    exact = [Pledge(n, NOW, Interval(v, v, v), 0.5) for n, v in ((1, 0.75), (2, 0.875))]
    assert bar(*exact).best_skill(NOW, 180) == pytest.approx(0.75)


def test_luck_does_not_raise_the_bar() -> None:
    """Of six equal champions the luckiest promises 1.27 standard errors too much; the bar, 0.4.

    What is left of the excess costs false alarms; what was taken off a real difference, delay.
    """
    random, error, truth = np.random.default_rng(5), 0.01, 0.75
    drawn = random.normal(truth, error, (1500, 6))
    bars = [
        bar(*(pledge(n, n, float(v), error) for n, v in enumerate(each))).best_skill(NOW, 180)
        for each in drawn
    ]
    lucky = (drawn.max(axis=1).mean() - truth) / error
    excess = (np.mean(bars) - skill("roc_auc", truth, 0.5)) / (2 * error)
    assert lucky == pytest.approx(1.27, abs=0.05)
    assert 0 < excess < 0.45
