"""Declared groups: a loss in one is no price for a gain elsewhere, and chance is no loss."""

import math
from dataclasses import replace

import numpy as np
import pytest

from config.gate import Gate, Slice
from tasks.evaluation.intervals import Resampling, Sample, doubt
from tasks.evaluation.metrics import measure
from tasks.evaluation.slices import slices
from tasks.evaluation.trial import Bench, Trial
from tasks.records import Check, Severity, Status
from tests.evaluation.worlds import FIRST_DAY, GATE, trial, world

NIGHTS = 160
PLAN = Resampling(resamples=200)


def checked(case: Trial, gate: Gate = GATE) -> dict[str, Check]:
    return {check.code: check for check in slices(Bench(case, gate, "log_loss"))}


def ruled(**rules: Slice) -> Gate:
    return GATE.model_copy(update={"slices": rules})


def broken(good: Trial) -> Trial:
    """The opposite for one carrier."""
    rows = good.slices["carrier"] == "UA"
    return replace(good, challenger=np.where(rows, 1 - good.challenger, good.challenger))


def test_a_lost_group_is_told_with_its_numbers() -> None:
    """Which group, by how much against whom on how many rows, and how sure that is."""
    check = checked(broken(trial()))["slice:carrier=UA"]
    assert (check.status, check.severity) == (Status.FAIL, Severity.BLOCKING)
    assert check.reason.startswith("carrier=UA: log_loss -")
    assert "against champion 3 on " in check.reason
    assert ", worse by more than 0.03 (p " in check.reason
    assert check.numbers["high"] < check.numbers["threshold"] == -0.03
    assert check.numbers["p"] < 0.05


def test_a_column_has_a_margin_of_its_own() -> None:
    """What is too much by the gate's margin is fine by a wide one, and the other way round."""
    bad = broken(trial())
    assert checked(bad, ruled(carrier=Slice(margin=5.0)))["slice:carrier=UA"].status is Status.PASS
    good = trial()
    assert good.champion is not None
    odds = 1.1 * np.log(good.champion / (1 - good.champion))  # a little too sure of itself
    slight = replace(good, challenger=1 / (1 + np.exp(-odds)))
    strict = checked(slight, ruled(carrier=Slice(margin=0.0)))["slice:carrier=AA"]
    assert strict.status is Status.FAIL
    assert checked(slight, ruled(carrier=Slice()))["slice:carrier=AA"].status is Status.PASS


def test_a_column_that_is_not_critical_warns() -> None:
    """A loss there, or that nothing could be checked, is told and does not block."""
    gate = ruled(carrier=Slice(critical=False))
    lost = checked(broken(trial()), gate)["slice:carrier=UA"]
    assert (lost.status, lost.severity, lost.blocks) == (Status.FAIL, Severity.WARNING, False)
    missing = checked(replace(trial(), slices={}), gate)["slice:carrier"]
    assert (missing.status, missing.severity) == (Status.NO_EVIDENCE, Severity.WARNING)


def test_a_group_of_a_single_day_is_no_evidence() -> None:
    """One day says nothing about how much days differ; the reason tells so."""
    good = trial()
    carrier = np.where(good.days == FIRST_DAY, "new", "old")
    check = checked(replace(good, slices={"carrier": carrier}))["slice:carrier=new"]
    assert check.status is Status.NO_EVIDENCE
    assert "cannot be compared with champion 3 on 200 rows of 1 days" in check.reason


def many(seed: int, groups: int, worse: float = 0.0) -> Trial:
    """Two equally good models and groups drawn by chance; in group 0 the challenger is worse."""
    rows = world(seed, rows_a_day=120)
    group = np.random.default_rng([1, seed]).integers(groups, size=len(rows.y))
    odds = np.log(rows.one / (1 - rows.one)) + worse * (group == 0)
    return Trial(
        y=rows.y,
        days=rows.days,
        challenger=1 / (1 + np.exp(-odds)),
        challenger_through=FIRST_DAY - 1,
        champion=rows.other,
        champion_version=1,
        champion_through=FIRST_DAY - 1,
        slices={"group": group.astype(str)},
    )


def lost(seed: int, groups: int, worse: float = 0.0) -> bool:
    gate = Gate(slices=("group",), slice_margin=0.0, min_slice_rows=10, resamples=200)
    return any(
        check.status is Status.FAIL for check in checked(many(seed, groups, worse), gate).values()
    )


def test_many_groups_refuse_an_honest_challenger_as_seldom_as_one() -> None:
    """Equally good, no margin at all: any of 20 groups is called worse in at most 5 %."""
    refused = float(np.mean([lost(seed, 20) for seed in range(NIGHTS)]))
    assert refused < 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / NIGHTS)


def test_a_bad_group_is_still_found_among_many() -> None:
    """The adjustment is not merely strict: a group that is much worse is told nearly always."""
    assert np.mean([lost(seed, 10, worse=4.0) for seed in range(20)]) > 0.8


@pytest.mark.parametrize("days", [3, 5, 10])
def test_doubt_is_no_smaller_than_it_claims(days: int) -> None:
    """Worse by exactly the margin: p-values at or below 0.05 come in at most 5 %."""
    large = world(10_000, days=3000, rows_a_day=60)
    margin = measure("log_loss", large.y, large.worse) - measure("log_loss", large.y, large.one)
    found = []
    for seed in range(NIGHTS):
        rows = world(seed, days=days, rows_a_day=60)
        found.append(
            doubt(Sample(rows.y, rows.worse, rows.days), rows.one, "log_loss", PLAN, margin)
        )
    assert np.mean(np.array(found) <= 0.05) < 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / NIGHTS)


def test_a_lead_that_never_changes_is_beyond_doubt() -> None:
    """The same on all days, to the last digits: worse or not, without an error to divide by."""
    y, days = np.tile([True, False], 20), np.repeat(np.arange(4), 10)
    ours, theirs = np.where(y, 0.6, 0.4), np.where(y, 0.8, 0.2)
    sample = Sample(y, ours, days)
    assert doubt(sample, theirs, "brier", PLAN, 0.0) == 0.0
    assert doubt(sample, theirs, "brier", PLAN, 0.2) == 1.0
    assert doubt(sample, ours, "brier", PLAN, 0.0) == 1.0
    assert math.isnan(doubt(Sample(y, ours, days * 0), theirs, "brier", PLAN, 0.0))
