"""Detectors alarm no more often than they promise, and soon once there is something to find."""

import math
import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtr

from tasks.drift.detectors.cusum import cusum
from tasks.drift.detectors.e_benjamini_hochberg import e_benjamini_hochberg
from tasks.drift.detectors.e_cusum import e_cusum
from tasks.drift.detectors.e_shiryaev_roberts import e_shiryaev_roberts
from tasks.drift.detectors.e_value import e_value
from tasks.drift.detectors.podkopaev_ramdas import podkopaev_ramdas

Floats = npt.NDArray[np.float64]
Daily = Callable[[float, float], float]
BOTH = pytest.mark.parametrize("daily", [e_cusum, e_shiryaev_roberts])


def first(daily: Daily, numbers: Floats, limit: float) -> float:
    """The day, from 1, on which evidence first reaches the limit; inf for never."""
    evidence = 0.0
    for day, number in enumerate(numbers, 1):
        evidence = daily(evidence, float(number))
        if evidence >= limit:
            return day
    return math.inf


def p_values(seed: int, runs: int, days: int, shift: float = 0.0) -> Floats:
    """Of one-sided tests whose statistic is a standard normal number, moved by `shift`."""
    return np.asarray(ndtr(-np.random.default_rng(seed).normal(shift, 1, (runs, days))))


def e_values(p: Floats) -> Floats:
    return np.array([[e_value(float(each)) for each in run] for run in p])


def test_an_e_value_is_worth_its_stake_on_average() -> None:
    """Where nothing changed a bet returns 1 at most, whatever grid the p-values are on."""
    fine = (np.arange(100_000) + 0.5) / 100_000
    assert np.mean([e_value(p) for p in fine]) == pytest.approx(1, abs=0.003)
    for steps in (1, 2, 7, 100):
        assert np.mean([e_value(k / steps) for k in range(1, steps + 1)]) <= 1


def test_e_values_at_the_ends() -> None:
    """No p-value is too small to be a number, and none outside [0, 1] is taken for one."""
    assert e_value(0.0) == e_value(sys.float_info.min) < sys.float_info.max
    assert e_value(1.0) == 0.5
    assert math.isnan(e_value(math.nan))
    for wrong in (-0.01, 1.01, math.inf):
        with pytest.raises(ValueError, match=r"outside \[0, 1\]"):
            e_value(wrong)


@BOTH
def test_false_alarms_are_as_rare_as_promised(daily: Daily) -> None:
    """A limit of N is first reached after N days or more, on average, where nothing changes."""
    limit, runs = 20.0, 300
    days = [first(daily, run, limit) for run in e_values(p_values(1, runs, 2000))]
    lived = np.minimum(days, 2000.0)
    assert lived.mean() - 2 * lived.std() / math.sqrt(runs) >= limit


@BOTH
def test_a_memory_of_the_days_does_not_break_the_promise(daily: Daily) -> None:
    """Bets whose stakes follow the past need only be fair given it."""
    limit, runs = 20.0, 300
    rng = np.random.default_rng(2)
    up = rng.random((runs, 2000)) < 0.5
    bold = np.cumsum(up, axis=1) % 3 / 4  # decided by the days before
    stake = np.concatenate([np.zeros((runs, 1)), bold[:, :-1]], axis=1)
    days = [first(daily, run, limit) for run in 1 + np.where(up, stake, -stake)]
    lived = np.minimum(days, 2000.0)
    assert lived.mean() - 2 * lived.std() / math.sqrt(runs) >= limit


def test_changes_are_found_soon() -> None:
    """A statistic that moves by 3 is found within a median of 3 days at one false alarm in 90."""
    changed = e_values(p_values(3, 200, 60, shift=3.0))
    assert np.median([first(e_cusum, run, 90) for run in changed]) <= 3


def test_the_sum_is_never_later_than_the_largest() -> None:
    """Shiryaev-Roberts reaches every limit no later than CUSUM does."""
    for run in e_values(p_values(4, 50, 300, shift=0.5)):
        assert first(e_shiryaev_roberts, run, 50) <= first(e_cusum, run, 50)


def test_cusum_is_as_in_the_tables() -> None:
    """Normal scores reach 4 once in 336 days, and 8.4 days after a change of one deviation."""
    rng = np.random.default_rng(5)
    quiet = [first(cusum, rng.normal(0, 1, 6000), 4) for _ in range(200)]
    moved = [first(cusum, rng.normal(1, 1, 200), 4) for _ in range(400)]
    assert np.mean(quiet) == pytest.approx(336, rel=0.2)
    assert np.mean(moved) == pytest.approx(8.4, rel=0.1)


def test_alarms_over_streams_keep_one_budget() -> None:
    """Twenty streams of one pipeline, all moved by one weather, share a single promise."""
    streams, runs, most = 20, 40, 400
    rng = np.random.default_rng(6)
    weights = dict.fromkeys(range(streams), 1 / streams)
    lived = []
    for _ in range(runs):
        shared = rng.normal(0, 1, (most, 1))
        statistic = (shared + rng.normal(0, 1, (most, streams))) / math.sqrt(2)
        lived.append(_first_alarm(ndtr(-statistic), weights, 1 / 30))
    assert np.mean(lived) - 2 * np.std(lived) / math.sqrt(runs) >= 30


def _first_alarm(p: Floats, weights: dict[int, float], alpha: float) -> float:
    evidence = dict.fromkeys(weights, 0.0)
    for day, row in enumerate(p, 1):
        evidence = {s: e_cusum(evidence[s], e_value(float(row[s]))) for s in evidence}
        if e_benjamini_hochberg(evidence, weights, alpha):
            return day
    return len(p)


def test_any_rejection_means_enough_evidence_in_all() -> None:
    """The weighted mean over all streams reaches 1/alpha whenever any of them alarms."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(2000):
        evidence = dict(enumerate(np.exp(rng.normal(2, 2, 12)).tolist()))
        weights = dict(enumerate(rng.dirichlet(np.ones(12)).tolist()))
        found = e_benjamini_hochberg(evidence, weights, 1 / 30)
        alarms += bool(found)
        mean = sum(weights[stream] * evidence[stream] for stream in evidence)
        assert not found or mean >= 30 * (1 - 1e-9)
    assert 200 < alarms < 1800


def test_what_is_not_weighted_cannot_alarm() -> None:
    """Streams of no weight, of no evidence, or none at all: no alarm, and no error."""
    assert e_benjamini_hochberg({"a": 1e9, "b": math.nan}, {"a": 0.0, "b": 1.0}, 0.01) == set()
    assert e_benjamini_hochberg({}, {}, 0.01) == set()
    assert e_benjamini_hochberg({"a": math.inf}, {"a": 0.1}, 0.01) == {"a"}


@pytest.mark.parametrize(
    ("weights", "alpha", "told"),
    [
        ({"a": 0.5}, 0.1, "1 streams without a weight: b"),
        ({"a": 0.5, "b": -0.1}, 0.1, "1 weights are no number from 0 on: b"),
        ({"a": 0.5, "b": math.nan}, 0.1, "1 weights are no number from 0 on: b"),
        ({"a": 0.5, "b": 0.6}, 0.1, "1.1 in all, above 1"),
        ({"a": 0.5, "b": 0.5}, 0.0, "alpha is 0"),
    ],
)
def test_a_budget_that_is_none(weights: dict[str, float], alpha: float, told: str) -> None:
    """Weights that would spend more than the budget are refused, not scaled in silence."""
    with pytest.raises(ValueError, match=told):
        e_benjamini_hochberg({"a": 1.0, "b": 1.0}, weights, alpha)


def test_tolerated_risk_seldom_alarms() -> None:
    """Looked at after each of 2,000 losses, at most alpha of the histories ends in an alarm."""
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(200):
        before, after = rng.random(1000) < 0.15, rng.random(2000) < 0.17
        false += bool((podkopaev_ramdas(before, after, tolerance=0.02) >= 20).any())
    assert false <= 10 + 3 * math.sqrt(200 * 0.05 * 0.95)


def test_harm_is_found() -> None:
    """Ten points more of errors than tolerated are found within 1,000 rows nearly always."""
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(40):
        before, after = rng.random(2000) < 0.15, rng.random(1000) < 0.27
        found += bool((podkopaev_ramdas(before, after, tolerance=0.02) >= 20).any())
    assert found >= 38


def test_losses_that_are_none() -> None:
    """Missing losses change nothing, no reference says nothing, and others are refused."""
    before = np.tile([0.0, 0.2], 50)
    with_gap = podkopaev_ramdas([*before, math.nan], [0.5, math.nan, 0.6])
    assert with_gap[0] == with_gap[1]
    assert with_gap[2] == podkopaev_ramdas(before, [0.5, 0.6])[1]
    assert np.isnan(podkopaev_ramdas([math.nan], [0.5, 0.6])).all()
    assert podkopaev_ramdas(before, []).shape == (0,)
    with pytest.raises(ValueError, match="1 of 2 losses"):
        podkopaev_ramdas(before, [0.5, 1.5])
    with pytest.raises(ValueError, match="alpha is 1"):
        podkopaev_ramdas(before, [0.5], alpha=1)
