"""Intervals resample days, are paired, and hold as often as they claim."""

import math
from dataclasses import replace

import numpy as np
import pytest

from config.gate import Gate
from config.values import Metric
from tasks.evaluation.comparison import champion
from tasks.evaluation.intervals import Resampling, Sample, interval, paired_difference
from tasks.evaluation.metrics import measure
from tasks.evaluation.trial import Bench, Trial
from tasks.records import Status
from tests.evaluation.worlds import FIRST_DAY, World, world

PLAN = Resampling(resamples=200)
NIGHTS = 1500
METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")


def slack(rate: float, repeats: int = NIGHTS) -> float:
    """What chance alone moves a share of so many repeats, once in a thousand times."""
    return 3.1 * math.sqrt(rate * (1 - rate) / repeats)


@pytest.mark.parametrize("metric", METRICS)
def test_the_value_is_the_metric(metric: Metric) -> None:
    """The interval's estimate is the plain metric of all rows, and lies inside its limits."""
    rows = world(1)
    found = interval(Sample(rows.y, rows.one, rows.days), metric, PLAN)
    assert found.value == pytest.approx(measure(metric, rows.y, rows.one), abs=1e-12)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("metric", METRICS)
def test_a_resample_is_the_metric_of_the_drawn_days(metric: Metric) -> None:
    """The fast way through pairs of days gives what copying the rows of drawn days gives."""
    rows = world(2, days=4, rows_a_day=30)
    drawn = [0, 0, 1, 3]
    whole = interval(Sample(rows.y, rows.one, rows.days), metric, PLAN)
    picked = [np.flatnonzero(rows.days == FIRST_DAY + day) for day in drawn]
    copied = np.concatenate(picked)
    again = interval(Sample(rows.y[copied], rows.one[copied], rows.days[copied]), metric, PLAN)
    assert again.value == pytest.approx(measure(metric, rows.y[copied], rows.one[copied]))
    assert again.value != whole.value


def test_the_seed_decides_the_limits() -> None:
    """One seed, one interval; another seed, other limits around the same value."""
    rows = world(3)
    sample = Sample(rows.y, rows.one, rows.days)
    first, same, other = (
        interval(sample, "roc_auc", replace(PLAN, seed=seed)) for seed in (0, 0, 1)
    )
    assert first == same
    assert other.value == first.value
    assert other.low != first.low


@pytest.mark.parametrize("metric", METRICS)
def test_better_is_positive_whichever_way_the_metric_points(metric: Metric) -> None:
    """A difference is positive for the better model and negative the other way round."""
    rows = world(4, days=20)
    better = paired_difference(Sample(rows.y, rows.one, rows.days), rows.worse, metric, PLAN)
    worse = paired_difference(Sample(rows.y, rows.worse, rows.days), rows.one, metric, PLAN)
    assert better.low > 0
    assert (worse.value, worse.low, worse.high) == pytest.approx(
        (-better.value, -better.high, -better.low)
    )


def test_a_paired_interval_is_narrower_than_either_alone() -> None:
    """What makes a day hard for both models does not blur their difference."""
    rows = world(5)
    alone = interval(Sample(rows.y, rows.one, rows.days), "log_loss", PLAN)
    paired = paired_difference(Sample(rows.y, rows.one, rows.days), rows.other, "log_loss", PLAN)
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_a_model_against_itself_differs_by_exactly_nothing() -> None:
    """Identical scores have a difference of 0 without any width."""
    rows = world(6)
    same = paired_difference(Sample(rows.y, rows.one, rows.days), rows.one, "roc_auc", PLAN)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_limits_of_a_single_day_are_undefined() -> None:
    """One day says nothing about how much days differ."""
    rows = world(7, days=1)
    found = interval(Sample(rows.y, rows.one, rows.days), "roc_auc", PLAN)
    assert found.value > 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_what_has_no_metric_has_no_interval() -> None:
    """One class, nan scores and no rows give nan, not an error and not 0."""
    for sample in (
        Sample([True, True], [0.1, 0.2], [1, 2]),
        Sample([True, False], [0.1, float("nan")], [1, 2]),
        Sample([], [], []),
    ):
        found = interval(sample, "roc_auc", PLAN)
        assert all(math.isnan(each) for each in (found.value, found.low, found.high))


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
@pytest.mark.parametrize(("days", "promised"), [(7, 0.90), (10, 0.93)])
def test_the_interval_covers_as_often_as_it_claims(
    metric: Metric, days: int, promised: float
) -> None:
    """95 % limits hold the truth in 93 of 100 worlds of ten skewed days, in 90 of seven."""
    truth = float(np.mean([measure(metric, rows.y, rows.one) for rows in _large_worlds()]))
    covered = 0
    for seed in range(NIGHTS):
        rows = world(seed, days=days, rows_a_day=60)
        found = interval(Sample(rows.y, rows.one, rows.days), metric, PLAN)
        covered += found.low <= truth <= found.high
    assert promised - slack(promised) < covered / NIGHTS < 0.95 + slack(0.95)


def test_limits_that_ignore_days_would_hold_far_less_often() -> None:
    """Rows taken as independent cover the truth in fewer than 80 of 100 such worlds."""
    truth = float(np.mean([measure("brier", rows.y, rows.one) for rows in _large_worlds()]))
    covered = 0
    for seed in range(150):
        rows = world(seed, rows_a_day=60)
        found = interval(Sample(rows.y, rows.one, np.arange(len(rows.y))), "brier", PLAN)
        covered += found.low <= truth <= found.high
    assert covered / 150 < 0.8


def test_an_equal_challenger_is_seldom_called_better() -> None:
    """One window, no margin: two equally good models, called no worse in at most 2.5 %."""
    gate = Gate(mode="superiority", margin=0, resamples=200)
    promoted = [_passed(gate, seed, equal=True) for seed in range(NIGHTS)]
    assert float(np.mean(promoted)) < 0.025 + slack(0.025)


def test_a_challenger_worse_by_the_margin_is_seldom_called_good_enough() -> None:
    """One window: truly worse by exactly the margin, called no worse in at most 2.5 %."""
    margin = float(
        np.mean(
            [
                measure("roc_auc", rows.y, rows.one) - measure("roc_auc", rows.y, rows.worse)
                for rows in _large_worlds()
            ]
        )
    )
    gate = Gate(mode="superiority", margin=margin, resamples=200)
    promoted = [_passed(gate, seed, equal=False) for seed in range(NIGHTS)]
    assert float(np.mean(promoted)) < 0.025 + slack(0.025)


def test_a_refresh_is_seldom_refused_without_a_loss() -> None:
    """Refresh: equally good models are refused in at most 2.5 %, even with no margin."""
    gate = Gate(mode="refresh", margin=0, resamples=200)
    promoted = [_passed(gate, seed, equal=True) for seed in range(NIGHTS)]
    assert float(np.mean(promoted)) > 0.975 - slack(0.025)


def test_a_challenger_as_good_as_the_champion_passes_a_fair_margin() -> None:
    """The check is not merely strict: equal models pass a wide margin nearly always."""
    gate = Gate(mode="superiority", margin=0.1, resamples=200)
    promoted = [_passed(gate, seed, equal=True) for seed in range(60)]
    assert float(np.mean(promoted)) > 0.9


def _large_worlds() -> list[World]:
    return [world(10_000 + seed, days=1500, rows_a_day=60) for seed in range(3)]


def _passed(gate: Gate, seed: int, equal: bool) -> bool:
    rows = world(seed, rows_a_day=60)
    trial = Trial(
        y=rows.y,
        days=rows.days,
        challenger=rows.one if equal else rows.worse,
        challenger_through=FIRST_DAY - 1,
        champion=rows.other if equal else rows.one,
        champion_version=1,
        champion_through=FIRST_DAY - 1,
    )
    [check] = champion(Bench(trial, gate, "roc_auc"))
    return check.status is Status.PASS
