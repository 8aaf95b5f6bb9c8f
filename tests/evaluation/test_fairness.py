"""Fairness: gaps that are there are told, gaps that many groups have by chance are not."""

import math
from dataclasses import replace

import numpy as np
import pytest

from config.gate import Fairness, Gate
from tasks.evaluation.fairness import Answers, fairness, gap, rates
from tasks.evaluation.intervals import Resampling
from tasks.evaluation.trial import Bench, Trial
from tasks.records import Check, Status
from tests.evaluation.worlds import FIRST_DAY, GATE, trial

PLAN = Resampling(resamples=200)
WORLDS = 120
MEASURES = ("selection_rate", "true_positive_rate", "false_positive_rate")


def people(seed: int, groups: int, apart: float = 0.0, rows_a_day: int = 300) -> Answers:
    """Ten days on which groups fare differently by chance, and group 0 better or worse for good."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(10), rows_a_day)
    group = rng.integers(groups, size=len(day))
    chance = 0.5 + apart * (group == 0) + rng.normal(0, 0.05, (10, groups))[day, group]
    return Answers(
        y=rng.uniform(size=len(day)) < 0.4,
        yes=rng.uniform(size=len(day)) < chance,
        groups=group.astype(str),
        days=day,
    )


def checked(case: Trial, rule: Fairness | None = None) -> Check:
    gate = GATE if rule is None else GATE.model_copy(update={"fairness": rule})
    [check] = fairness(Bench(case, gate, "log_loss"))
    return check


def unfair(good: Trial) -> Trial:
    """A champion as it was, and a challenger that halves the odds of one sex."""
    rows = good.sensitive["sex"] == "female"
    return replace(good, challenger=np.where(rows, good.challenger * 0.5, good.challenger))


@pytest.mark.parametrize("measure", MEASURES)
def test_the_gap_is_fairlearns(measure: str) -> None:
    """The value is the difference of the lowest and highest group, inside its limits."""
    answers = people(1, 3, apart=0.2)
    found, by_group = gap(answers, measure, PLAN), rates(answers, measure)
    assert found.value == pytest.approx(max(by_group.values()) - min(by_group.values()))
    assert found.low < found.value < found.high
    of = {"selection_rate": answers.y | True, "true_positive_rate": answers.y}
    rows = of.get(measure, ~answers.y)
    for name, rate in by_group.items():
        assert rate == pytest.approx(answers.yes[rows & (answers.groups == name)].mean())


@pytest.mark.slow
@pytest.mark.parametrize("groups", [2, 8])
def test_groups_that_fare_alike_are_seldom_called_apart(groups: int) -> None:
    """However many groups, the lower limit exceeds 0 in about 5 % of fair worlds."""
    found = [gap(people(seed, groups), "selection_rate", PLAN).low > 0 for seed in range(WORLDS)]
    assert np.mean(found) < 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / WORLDS)


def test_a_wide_gap_is_shown() -> None:
    """0.3 apart among four groups is shown to exceed 0.1 nearly always."""
    found = [gap(people(seed, 4, 0.3), "selection_rate", PLAN).low > 0.1 for seed in range(50)]
    assert np.mean(found) > 0.9


def test_an_unfair_challenger_is_told_beside_its_champion() -> None:
    """Which groups, how far apart, how far the champion's are, and what is allowed."""
    check = checked(unfair(trial()))
    assert (check.status, check.blocks) == (Status.FAIL, True)
    assert check.code == "fairness:sex"
    assert check.numbers["low"] > check.numbers["allowed"] == 0.1
    assert check.numbers["champion"] < 0.1
    assert "apart (female 0." in check.reason
    assert f"champion 3's {check.numbers['champion']:.3f}, at most 0.1" in check.reason


def test_a_gap_that_is_allowed_passes() -> None:
    """The same challenger under a rule that asks for less."""
    assert checked(unfair(trial()), Fairness(max_gap=0.9)).status is Status.PASS


def test_small_groups_are_left_out_by_name() -> None:
    """A group with too few rows, or on too few days, is named and not compared."""
    good = trial()
    sex = good.sensitive["sex"].astype(object)
    sex[:40] = "unknown"
    check = checked(replace(good, sensitive={"sex": sex}))
    assert check.status is Status.PASS
    assert "left out: unknown (" in check.reason
    assert " of 50 positives)" in check.reason
    sex[good.days < FIRST_DAY + 2] = "early"
    check = checked(replace(good, sensitive={"sex": sex}))
    assert "left out: early (on 2 of 10 days)" in check.reason


def test_nothing_is_asked_of_a_pipeline_without_people() -> None:
    """Without a rule, or without a column, the check does not apply and says why."""
    gate = Gate()
    [check] = fairness(Bench(trial(), gate, "log_loss"))
    assert (check.status, check.reason) == (
        Status.NOT_APPLICABLE,
        "gate.fairness is not configured",
    )
    assert checked(replace(trial(), sensitive={})).reason == "no column is sensitive"
