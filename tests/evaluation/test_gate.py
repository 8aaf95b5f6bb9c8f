"""The gate's answer: promote, keep or wait, each with numbers that a reader can check."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.evaluation.gate import CHECKS, judge
from tasks.records import Check, Choice, Severity, Status, Verdict
from tests.evaluation.worlds import FIRST_DAY, GATE, SUPERIORITY, trial, world

NO_GROUPS = {"slices": {}, "weak_slices": False, "fairness": None}


def found(verdict: Verdict, code: str) -> Check:
    [check] = [each for each in verdict.checks if each.code == code]
    return check


def test_a_better_challenger_is_promoted_and_told_by_how_much() -> None:
    """The reason of a promotion is the comparison with the champion, in numbers."""
    verdict = judge(trial(), GATE, "roc_auc")
    assert verdict.choice is Choice.PROMOTE
    assert verdict.labels_needed == 0
    assert verdict.reason.startswith("roc_auc 0.")
    assert "than champion 3" in verdict.reason
    assert "2,000 rows of 10 days" in verdict.reason


def test_a_first_model_is_measured_by_floors_and_baselines() -> None:
    """Without a champion that check does not apply; groups are compared with the best baseline."""
    first = replace(trial(), champion=None, champion_version=None, champion_through=None)
    verdict = judge(first, GATE, "roc_auc")
    assert verdict.choice is Choice.PROMOTE
    assert found(verdict, "champion").status is Status.NOT_APPLICABLE
    assert "baseline rule" in found(verdict, "slice:carrier=UA").reason


def test_a_worse_challenger_is_not_asked_back() -> None:
    """Shown worse means KEEP: more labels are not what it lacks."""
    good = trial()
    verdict = judge(replace(good, challenger=good.baselines["rule"]), GATE, "roc_auc")
    assert verdict.choice is Choice.KEEP
    assert "worse" in verdict.reason


def test_an_open_question_says_how_many_labels_would_settle_it() -> None:
    """When the interval straddles the margin the gate waits, with a number and not for ever."""
    rows = world(11, rows_a_day=60)
    close = replace(
        trial(),
        y=rows.y,
        days=rows.days,
        challenger=rows.one,
        champion=rows.other,
        baselines={},
        slices={},
    )
    gate = SUPERIORITY.model_copy(update=NO_GROUPS | {"margin": 0.0, "max_calibration_error": 1.0})
    verdict = judge(close, gate, "roc_auc")
    assert verdict.choice is Choice.UNDECIDED
    assert 0 < verdict.labels_needed <= 100 * len(rows.y)
    assert "is not shown yet" in verdict.reason


def test_missing_labels_are_counted() -> None:
    """Too few rows, days or positives are UNDECIDED, with what is missing."""
    few = trial(days=4)
    verdict = judge(few, GATE.model_copy(update={"min_rows": 1600}), "roc_auc")
    assert verdict.choice is Choice.UNDECIDED
    assert "800 of 1,600 rows, 4 of 5 days" in verdict.reason
    assert verdict.labels_needed == 800


def test_enough_more_labels_would_have_settled_it() -> None:
    """The estimate of labels needed is of the right size: with twice as many it is decided."""
    gate = SUPERIORITY.model_copy(update=NO_GROUPS | {"margin": 0.0, "max_calibration_error": 1.0})
    settled = 0
    for seed in range(20):
        rows = world(seed, days=60, rows_a_day=60)
        whole = replace(
            trial(),
            y=rows.y,
            days=rows.days,
            challenger=rows.one,
            champion=rows.worse,
            baselines={},
            slices={},
        )
        settled += judge(whole, gate, "roc_auc").choice is Choice.PROMOTE
    assert settled >= 19


def test_a_check_made_beforehand_counts_like_any_other() -> None:
    """A leak found elsewhere keeps the champion whatever the scores say."""
    leak = Check("truncation", "No leakage", Status.FAIL, "late_share_7d changed in 3 rows")
    verdict = judge(trial(), GATE, "roc_auc", beforehand=[leak])
    assert verdict.choice is Choice.KEEP
    assert verdict.reason == "late_share_7d changed in 3 rows"
    assert len(verdict.checks) > len(CHECKS)


def test_a_small_group_is_told_but_does_not_block() -> None:
    """A group below the row limit is named without deciding anything."""
    good = trial()
    carrier = good.slices["carrier"].copy()
    carrier[:30] = "HA"
    verdict = judge(replace(good, slices={"carrier": carrier}), GATE, "roc_auc")
    small = found(verdict, "slice:carrier=HA")
    assert (small.status, small.severity) == (Status.NO_EVIDENCE, Severity.NOTE)
    assert "30 of 200 rows" in small.reason
    assert verdict.choice is Choice.PROMOTE


@pytest.mark.parametrize("metric", ["log_loss", "brier"])
def test_losses_are_judged_the_right_way_round(metric: str) -> None:
    """With a loss as the metric the better model is still the one that is promoted."""
    good = trial()
    assert judge(good, GATE, metric).choice is Choice.PROMOTE  # type: ignore[arg-type]
    swapped = replace(good, challenger=good.baselines["rule"], baselines={})
    assert judge(swapped, GATE, metric).choice is Choice.KEEP  # type: ignore[arg-type]


def test_superiority_asks_for_more_than_refresh() -> None:
    """The same challenger as the champion passes a refresh; superiority waits for nights."""
    same = replace(trial(), champion=trial().challenger, bets=())
    assert judge(same, GATE, "roc_auc").choice is Choice.PROMOTE
    verdict = judge(same, SUPERIORITY, "roc_auc")
    assert verdict.choice is Choice.UNDECIDED
    assert verdict.labels_needed > 0
    assert "0 nights against champion 3 are worth 1, 20 asked" in verdict.reason


def test_superiority_tells_nights_and_window() -> None:
    """A promotion's reason is what the nights are worth, and the window of who is promoted."""
    verdict = judge(trial(), SUPERIORITY, "roc_auc")
    assert verdict.choice is Choice.PROMOTE
    assert "12 nights against champion 3 are worth" in verdict.reason
    assert "better [" in verdict.reason


def test_nights_do_not_vouch_for_a_bad_challenger() -> None:
    """What earlier challengers have won promotes nobody who is worse today."""
    dud = replace(trial(), challenger=trial().baselines["rule"], baselines={})
    verdict = judge(dud, SUPERIORITY, "roc_auc")
    assert found(verdict, "wealth").status is Status.PASS
    assert verdict.choice is Choice.KEEP


def test_superiority_without_a_champion() -> None:
    """The first model has nobody to bet against; floors and baselines decide."""
    first = replace(trial(), champion=None, champion_version=None, champion_through=None, bets=())
    assert found(judge(first, SUPERIORITY, "roc_auc"), "wealth").status is Status.NOT_APPLICABLE


def test_point_prices_nothing_and_says_so() -> None:
    """A better number is enough in point mode, and a reader is told what it is worth."""
    point = GATE.model_copy(update={"mode": "point"})
    check = found(judge(trial(), point, "roc_auc"), "champion")
    assert check.status is Status.PASS
    assert "prices no attempt" in check.reason


def test_empty_rows_never_raise_and_never_promote() -> None:
    """A trial without a single row is an answer, not an accident."""
    nothing = np.array([])
    empty = replace(
        trial(),
        y=nothing.astype(bool),
        days=nothing.astype(np.int64),
        challenger=nothing,
        champion=nothing,
        baselines={"rule": nothing},
        slices={"carrier": nothing.astype(str)},
        challenger_through=FIRST_DAY,
    )
    assert judge(empty, GATE, "roc_auc").choice is not Choice.PROMOTE
