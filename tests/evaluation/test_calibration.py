"""Calibration: noise is not held against a model, and few rows are no excuse for it either."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tasks.evaluation.calibration import (
    calibration,
    calibration_error,
    expected_calibration_error,
    reliability,
)
from tasks.evaluation.intervals import Resampling, Sample
from tasks.evaluation.metrics import Floats
from tasks.evaluation.trial import Bench, Trial
from tasks.records import Check, Status
from tests.evaluation.worlds import FIRST_DAY, GATE, trial

PLAN = Resampling(resamples=200)
WORLDS = 300


def honest(seed: int, days: int, rows_a_day: int) -> Sample:
    """Probabilities that are exactly the chances that rows come true with."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1.5, 4, days * rows_a_day)
    return Sample(rng.uniform(size=len(p)) < p, p, np.repeat(np.arange(days), rows_a_day))


def shifted(p: Floats, by: float) -> Floats:
    odds = np.log(p / (1 - p)) + by
    return np.asarray(1 / (1 + np.exp(-odds)))


def checked(sample: Sample, allowed: float = 0.05, champion: Floats | None = None) -> Check:
    case = Trial(
        y=np.asarray(sample.y),
        days=np.asarray(sample.days),
        challenger=np.asarray(sample.p),
        challenger_through=FIRST_DAY,
        champion=champion,
        champion_version=None if champion is None else 3,
    )
    gate = GATE.model_copy(update={"max_calibration_error": allowed})
    [check] = calibration(Bench(case, gate, "log_loss"))
    return check


def test_bins_hold_equally_many_rows() -> None:
    """Ten bins of a tenth each, from low to high; rows of one probability stay together."""
    sample = honest(1, 10, 100)
    table = reliability(sample.y, sample.p)
    assert [each.rows for each in table] == [100] * 10
    assert [each.predicted for each in table] == sorted(each.predicted for each in table)
    assert len(reliability([True, False, True], [0.5, 0.5, 0.5])) == 1
    assert reliability([True], [float("nan")]) == ()


def test_the_error_by_hand() -> None:
    """Two bins of two rows: |0.5 - 0.2| and |1 - 0.7|, half the rows each."""
    found = expected_calibration_error([True, False, True, True], [0.2, 0.2, 0.7, 0.7], bins=2)
    assert found == pytest.approx(0.3)


@pytest.mark.parametrize(("days", "rows_a_day"), [(5, 40), (10, 100)])
def test_noise_alone_is_hardly_an_error(days: int, rows_a_day: int) -> None:
    """A calibrated model's plain error is all noise; about half of that is taken away."""
    samples = [honest(seed, days, rows_a_day) for seed in range(WORLDS)]
    plain = np.mean([expected_calibration_error(each.y, each.p) for each in samples])
    found = np.mean([calibration_error(each, PLAN).value for each in samples])
    assert 0.4 * plain < found < 0.75 * plain


def test_a_real_error_is_told_as_it_is() -> None:
    """Where probabilities are far off, nothing is taken away, and the limits hold the truth."""
    large = honest(9, 10, 40_000)
    truth = float(np.mean(shifted(np.asarray(large.p), 1.0) - np.asarray(large.p)))
    found = [
        calibration_error(replace(each, p=shifted(np.asarray(each.p), 1.0)), PLAN)
        for each in (honest(seed, 10, 100) for seed in range(WORLDS))
    ]
    assert np.mean([each.value for each in found]) == pytest.approx(truth, abs=0.005)
    assert np.mean([each.low <= truth <= each.high for each in found]) > 0.9


def test_a_calibrated_model_passes_on_few_rows() -> None:
    """200 rows of 5 days are enough: at least 95 of 100 calibrated models pass a bar of 0.1."""
    passed = [
        checked(honest(seed, 5, 40), allowed=0.1).status is Status.PASS for seed in range(WORLDS)
    ]
    assert np.mean(passed) > 0.95


@pytest.mark.parametrize(
    "spoil",
    [lambda p: shifted(p, 1.2), np.sqrt, lambda p: 1 - p],
    ids=["too high", "square root", "opposite"],
)
def test_a_badly_calibrated_model_never_passes(spoil: Callable[[Floats], Floats]) -> None:
    """With 500 rows it is shown nearly always, and not a single one passes."""
    found = []
    for seed in range(100):
        sample = honest(seed, 10, 50)
        found.append(checked(replace(sample, p=spoil(np.asarray(sample.p)))).status)
    assert Status.PASS not in found
    assert found.count(Status.FAIL) > 90


def test_an_error_that_is_not_shown_waits() -> None:
    """Above what is allowed, with limits on both sides of it: no evidence, and no promotion."""
    sample = honest(4, 5, 40)
    check = checked(replace(sample, p=shifted(np.asarray(sample.p), 0.45)))
    assert check.numbers["low"] < 0.05 < check.numbers["error"]
    assert check.status is Status.NO_EVIDENCE
    assert check.blocks
    assert "not shown to be within it yet" in check.reason


def test_the_champions_error_is_told_beside_it() -> None:
    """A reader sees whether the champion means what it says, too."""
    sample = honest(5, 10, 100)
    check = checked(sample, champion=np.sqrt(np.asarray(sample.p)))
    assert check.status is Status.PASS
    assert check.numbers["champion"] > 0.15 > check.numbers["error"]
    assert f"champion 3 has {check.numbers['champion']:.3f}" in check.reason
    assert "champion" not in checked(sample).reason


def test_one_day_or_no_probabilities_are_no_evidence() -> None:
    """Nothing is said of what cannot be judged, and nothing passes."""
    one_day = honest(6, 1, 500)
    broken = replace(one_day, p=np.full(500, np.nan))
    for sample in (one_day, broken):
        assert checked(sample).status is Status.NO_EVIDENCE
    assert calibration(Bench(trial(), GATE, "log_loss"))[0].status is Status.PASS
