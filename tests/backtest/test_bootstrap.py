"""Intervals between policies cover what they promise, on days that follow on each other."""

import math

import numpy as np
import pytest

from tasks.backtest.bootstrap import Leads, Measured, Plan, block_days, leads
from tasks.backtest.daily import Means, means, ranks, statistic
from tasks.evaluation.metrics import Floats, measure

PLAN = Plan(resamples=400)


def series(days: int, phi: float, random: np.random.Generator) -> Floats:
    """Days of which each takes over `phi` of the one before, about 0."""
    shocks = random.normal(size=days + 60)
    values = np.zeros(days + 60)
    for day in range(1, days + 60):
        values[day] = phi * values[day - 1] + shocks[day]
    return values[60:]


def compared(*arms: Floats, sign: float = 1.0, plan: Plan = PLAN) -> Leads:
    """Leads of arms that have one row a day."""
    days = np.ones(len(arms[0]))
    measured = [Measured(Means(each, days), float(each.mean())) for each in arms]
    return leads(measured, sign, plan)


@pytest.mark.parametrize(
    ("seed", "days", "phi", "arch"),
    [
        (2, 168, 0.5, 4.497430574545371),
        (3, 336, 0.8, 21.984839297861452),
        (4, 100, -0.3, 11.396998243238656),
    ],
)
def test_block_length_is_that_of_the_paper(seed: int, days: int, phi: float, arch: float) -> None:
    """As `arch.bootstrap.optimal_block_length` of arch 8.0.0 gives it for circular blocks."""
    shocks = np.random.default_rng(seed).normal(size=days)
    values = np.zeros(days)
    for day in range(1, days):
        values[day] = phi * values[day - 1] + shocks[day]
    values[0] = shocks[0]
    assert math.isclose(block_days(values), arch, rel_tol=1e-9)


def test_a_series_that_never_changes() -> None:
    """Needs no blocks, and raises nothing."""
    assert block_days(np.full(90, 0.2)) == 1.0


def test_a_lead_reads_both_ways() -> None:
    """Positive is better whichever way the metric points; the other's lead is its mirror."""
    random = np.random.default_rng(0)
    good, bad = random.normal(size=(2, 90)) + np.array([[1.0], [0.0]])
    higher, lower = compared(good, bad), compared(good, bad, sign=-1.0)
    lead = higher.of(0, 1).alone
    assert lead.low > 0.5 < lead.value < lead.high
    assert higher.of(1, 0).alone.high == -lead.low
    assert math.isclose(lower.of(1, 0).alone.low, lead.low)


def test_equal_arms_have_no_lead() -> None:
    """Nothing is between a policy and itself, and it widens nobody's interval."""
    random = np.random.default_rng(1)
    first, other = random.normal(size=(2, 90))
    found = compared(first, first, other)
    assert found.of(0, 1).among.low == found.of(0, 1).among.high == 0.0
    alone = compared(first, other).of(0, 1)
    assert math.isclose(found.of(0, 2).alone.low, alone.alone.low)


def test_few_days_have_no_interval() -> None:
    """Below 28 days a lead is a number without limits."""
    random = np.random.default_rng(2)
    lead = compared(*random.normal(size=(2, 27))).of(0, 1)
    assert math.isfinite(lead.alone.value)
    assert math.isnan(lead.alone.low) and math.isnan(lead.among.high)
    assert math.isfinite(compared(*random.normal(size=(2, 28))).of(0, 1).among.low)


def test_days_that_hang_together_are_less_sure() -> None:
    """A lead that lasts for weeks counts as fewer days: blocks are longer, limits wider."""
    random = np.random.default_rng(3)
    level, lasting = np.zeros(300), series(300, 0.8, random)
    shuffled = random.permutation(lasting)
    apart, together = compared(level, shuffled), compared(level, lasting)
    assert together.block_days > 2 * apart.block_days
    wide, narrow = (found.of(1, 0).alone for found in (together, apart))
    assert wide.high - wide.low > 1.7 * (narrow.high - narrow.low)


def test_many_pairs_are_held_at_once() -> None:
    """Among more policies each pair's interval is wider; a reference has none, and costs none."""
    random = np.random.default_rng(4)
    arms = random.normal(size=(6, 200))
    two, six = compared(*arms[:2]).of(0, 1), compared(*arms).of(0, 1)
    assert six.among.high - six.among.value > 1.3 * (two.among.high - two.among.value)
    assert math.isclose(six.alone.low, two.alone.low, rel_tol=0.2)
    ones = np.ones(200)
    family = [Measured(Means(a, ones), float(a.mean()), n < 2) for n, a in enumerate(arms)]
    with_references = leads(family, 1.0, PLAN)
    assert math.isnan(with_references.of(0, 5).among.low)
    assert math.isfinite(with_references.of(0, 5).alone.low)
    assert math.isclose(with_references.of(0, 1).among.low, two.among.low, rel_tol=0.05)


def test_histograms_give_the_exact_auc() -> None:
    """Within 1e-5 of the exact value on the whole, and on any half of the days."""
    random = np.random.default_rng(5)
    days = np.repeat(np.arange(60), 900)
    leaning = random.normal(size=len(days)) + random.normal(size=60)[days]
    y = random.random(len(days)) < 1 / (1 + np.exp(-leaning))
    p = 1 / (1 + np.exp(-(leaning + random.normal(size=len(days)))))
    found = statistic("roc_auc", y, p, days)
    weights = np.array([np.ones(60), np.arange(60) % 2, np.arange(60) < 30], dtype=float)
    for value, kept in zip(found.weighted(weights), weights, strict=True):
        rows = kept[days] == 1
        assert abs(value - measure("roc_auc", y[rows], p[rows])) < 1e-5
    twice = found.weighted(2 * weights[:1])[0]
    assert math.isclose(twice, found.weighted(weights[:1])[0])


def test_few_distinct_answers_are_exact() -> None:
    """With no more probabilities than bins, ties count as half, as they should."""
    y, p = np.array([False, True, True, False]), np.array([0.1, 0.8, 0.1, 0.4])
    found = ranks(y, p, np.zeros(4, dtype=int))
    assert found.weighted(np.ones((1, 1)))[0] == measure("roc_auc", y, p) == 0.625
    assert math.isnan(ranks(y[:1], p[:1], np.zeros(1, dtype=int)).weighted(np.ones((1, 1)))[0])


def test_a_mean_counts_rows() -> None:
    """A day with more answers weighs more; without a day there is no mean."""
    found = means(np.array([1.0, 1.0, 4.0]), np.array([0, 0, 1]))
    assert found.weighted(np.array([[1.0, 1.0], [0.0, 2.0]])).tolist() == [2.0, 4.0]
    assert math.isnan(found.weighted(np.zeros((1, 2)))[0])


@pytest.mark.slow
@pytest.mark.parametrize(("days", "phi"), [(60, 0.0), (150, 0.3), (150, 0.6), (330, 0.6)])
def test_intervals_cover_what_they_promise(days: int, phi: float) -> None:
    """95 % intervals, alone and for ten pairs at once, over 1,000 worlds of five equal policies."""
    random = np.random.default_rng([days, int(100 * phi)])
    alone, among = list[bool](), list[bool]()
    for _ in range(1000):
        arms = [series(days, phi, random) for _ in range(5)]
        found = compared(*arms)
        first = found.of(0, 1).alone
        alone.append(first.low <= 0 <= first.high)
        every = found.found.values()
        among.append(all(each.among.low <= 0 <= each.among.high for each in every))
    assert 0.925 <= np.mean(alone) <= 0.98
    assert 0.925 <= np.mean(among) <= 0.98


@pytest.mark.slow
def test_intervals_of_the_auc_cover() -> None:
    """The same for ROC AUC, of two models whose blur comes and goes over weeks."""
    random = np.random.default_rng(9)
    days = np.repeat(np.arange(120), 60)
    covered = []
    for _ in range(300):
        leaning = random.normal(size=len(days))
        y = random.random(len(days)) < 1 / (1 + np.exp(-1.5 * leaning))
        arms = []
        for _ in range(2):
            blur = 1 + 0.4 * np.tanh(series(120, 0.6, random))
            p = 1 / (1 + np.exp(-(leaning + blur[days] * random.normal(size=len(days)))))
            arms.append(Measured(statistic("roc_auc", y, p, days), measure("roc_auc", y, p)))
        lead = leads(arms, 1.0, PLAN).of(0, 1).alone
        covered.append(lead.low <= 0 <= lead.high)
    assert 0.91 <= np.mean(covered) <= 0.99
