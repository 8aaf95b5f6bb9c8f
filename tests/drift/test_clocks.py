"""The clocks that do not wait: right where a naive one is wrong, and as sure as they say."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from config.values import Metric
from tasks.drift.clocks.cbpe import Answers, cbpe
from tasks.drift.clocks.density import density_ratio
from tasks.drift.clocks.dle import Inputs, dle
from tasks.drift.clocks.pape import pape
from tasks.drift.clocks.so_far import DAY, Waiting, so_far
from tasks.evaluation.intervals import Resampling, Sample
from tasks.evaluation.metrics import measure
from tasks.records import Interval
from tests.drift.waits import World, part

PLAN = Resampling(resamples=500)
METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")
REFERENCE, WINDOW = 21, 7
HORIZON = DAY * (REFERENCE + WINDOW)


def split(world: World, seed: int) -> tuple[Waiting, Waiting]:
    """Answers to learn from, and those of the window."""
    rows = world.days(REFERENCE + WINDOW, np.random.default_rng(seed))
    return part(rows, rows.days < REFERENCE), part(rows, rows.days >= REFERENCE)


def sample(rows: Waiting) -> Sample:
    return Sample(rows.y, rows.p, rows.days)


def held(said: Interval, truth: float) -> bool:
    return said.low <= truth <= said.high


def unweighted(window: Waiting, metric: Metric) -> float:
    """The metric of whatever labels have come."""
    come = window.delays <= HORIZON - window.asked
    return measure(metric, window.y[come], window.p[come])


def test_a_delay_that_depends_on_the_class() -> None:
    """Bad news comes late: labels so far look too good, weighted they are right."""
    naive, weighted = [], []
    for seed in range(20):
        reference, window = split(World(effect=0.0, waits=(4.0, 60.0)), seed)
        truth = measure("log_loss", window.y, window.p)
        naive.append(unweighted(window, "log_loss") - truth)
        said = so_far(reference, window, HORIZON, "log_loss", PLAN).measured
        weighted.append(said.value - truth)
    assert np.mean(naive) < -0.01
    assert abs(np.mean(weighted)) < 0.1 * abs(np.mean(naive))
    assert np.abs(weighted).mean() < 0.5 * np.abs(naive).mean()


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.4], ids=["days alike", "days that differ"])
def test_limits_hold_as_often_as_they_say(effect: float) -> None:
    """Of 95 % limits at least 90 % contain what turns out, of either clock and every metric."""
    counts = dict.fromkeys(((clock, metric) for clock in "es" for metric in METRICS), 0)
    worlds = 40
    for seed in range(worlds):
        reference, window = split(World(rows=120, effect=effect), 100 + seed)
        answers = Answers(window.p, WINDOW)
        for metric in METRICS:
            truth = measure(metric, window.y, window.p)
            estimated = cbpe(sample(reference), answers, metric, PLAN).measured
            counts["e", metric] += held(estimated, truth)
            come = so_far(reference, window, HORIZON, metric, PLAN).measured
            counts["s", metric] += held(come, truth)
    total = sum(counts.values()) / (worlds * len(counts))
    assert total >= 0.9
    assert min(counts.values()) >= 0.8 * worlds  # by chance alone in 1 of 250 where 93 % hold


def test_all_labels_there() -> None:
    """Once every label has come nothing is left to be unsure of: the value, to rounding."""
    reference, window = split(World(), 1)
    for metric in METRICS:
        said = so_far(reference, window, HORIZON + 200, metric, PLAN).measured
        truth = measure(metric, window.y, window.p)
        assert said.value == pytest.approx(truth, abs=1e-12)
        assert held(said, truth)
        assert said.high - said.low < 1e-8


def test_more_labels_narrower_limits() -> None:
    """The limits of the same window close as its labels come."""
    reference, window = split(World(waits=(20.0, 40.0)), 2)
    widths = [
        so_far(reference, window, HORIZON + waited, "brier", PLAN).measured
        for waited in (0, 24, 72)
    ]
    assert [w.high - w.low for w in widths] == sorted(
        (w.high - w.low for w in widths), reverse=True
    )


def test_no_label_yet() -> None:
    """Before the first label the clock says nothing, and not 0."""
    reference, window = split(World(), 3)
    said = so_far(reference, window, DAY * REFERENCE - 1, "log_loss", PLAN)
    assert math.isnan(said.measured.value)
    assert math.isnan(said.measured.low)
    assert math.isnan(said.baseline)


def test_delays_of_one_class_are_unknown() -> None:
    """Where no label of a class has ever been seen nothing is known of its delay."""
    reference, window = split(World(), 3)
    one_class = replace(reference, y=np.zeros(len(reference.y)))
    said = so_far(one_class, window, HORIZON, "log_loss", PLAN)
    assert math.isnan(said.measured.value)


def test_baseline_is_of_the_same_rows() -> None:
    """Beside the metric stands that of answering the label's share, weighted alike."""
    reference, window = split(World(waits=(4.0, 60.0)), 4)
    share = window.y.mean()
    assert so_far(reference, window, HORIZON, "roc_auc", PLAN).baseline == 0.5
    for said in (
        so_far(reference, window, HORIZON, "brier", PLAN),
        cbpe(sample(reference), Answers(window.p, WINDOW), "brier", PLAN),
    ):
        assert said.baseline == pytest.approx(share * (1 - share), rel=0.06)


def test_estimated_of_other_scores() -> None:
    """Where harder rows are asked about the estimate falls with the truth, as far."""
    reference, window = split(World(rows=1000, effect=0.0), 5)
    hard = part(window, (window.p > 0.3) & (window.p < 0.7))
    truth = {m: measure(m, hard.y, hard.p) for m in METRICS}
    before = {m: measure(m, reference.y, reference.p) for m in METRICS}
    for metric in METRICS:
        said = cbpe(sample(reference), Answers(hard.p, WINDOW), metric, PLAN).measured
        assert said.value == pytest.approx(truth[metric], abs=0.03)
        assert abs(said.value - truth[metric]) < 0.35 * abs(before[metric] - truth[metric])


def test_a_concept_that_moved_is_not_seen() -> None:
    """The estimate holds for the old concept: what turns out then lies beyond its limits."""
    reference, window = split(World(effect=0.1), 6)
    turned = replace(window, y=1 - window.y)
    said = cbpe(sample(reference), Answers(turned.p, WINDOW), "roc_auc", PLAN).measured
    assert measure("roc_auc", turned.y, turned.p) < said.low


def test_one_day_has_no_limits() -> None:
    """From a single day of labels nobody can tell how days differ: a value without limits."""
    reference, window = split(World(), 7)
    one = part(reference, reference.days == 0)
    said = cbpe(sample(one), Answers(window.p, WINDOW), "brier", PLAN).measured
    assert not math.isnan(said.value)
    assert math.isnan(said.low)


def shifted(days: range, share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of two kinds, one of them `share`: the same score means more among the second."""
    rows = 250 * len(days)
    kind = (rng.random(rows) < share).astype(float)
    odds = rng.normal(-0.5, 1, rows)
    return pd.DataFrame(
        {
            "day": np.repeat([f"2024-01-{day + 1:02}" for day in days], 250),
            "kind": kind,
            "p": expit(odds),
            "y": rng.random(rows) < expit(odds + 2 * kind),
        }
    )


def test_weighted_for_the_rows_there_are() -> None:
    """Where a kind of rows grows that the score does not know, PAPE follows and CBPE does not."""
    rng = np.random.default_rng(8)
    reference, current = shifted(range(21), 0.1, rng), shifted(range(21, 28), 0.6, rng)
    density = density_ratio(reference, current, ["kind", "p"], [])
    known, answers = Sample(reference["y"], reference["p"], reference["day"]), current["p"]
    asked = Answers(answers.to_numpy(), WINDOW)
    truth = measure("log_loss", current["y"], current["p"])
    plain = cbpe(known, asked, "log_loss", PLAN).measured.value
    adapted = pape(known, asked, "log_loss", PLAN, density).measured
    assert abs(plain - truth) > 0.1
    assert abs(adapted.value - truth) < 0.03
    assert held(adapted, truth)


def test_density_ratio() -> None:
    """Windows that differ are told apart and weighted to be alike; others are not."""
    rng = np.random.default_rng(9)
    reference, current = shifted(range(21), 0.1, rng), shifted(range(21, 28), 0.6, rng)
    found = density_ratio(reference, current, ["kind", "p"], [])
    assert found.low > 0.6
    assert found.weights.mean() == pytest.approx(1)
    assert np.average(reference["kind"], weights=found.weights) == pytest.approx(0.6, abs=0.06)
    same = density_ratio(reference, shifted(range(21, 28), 0.1, rng), ["kind", "p"], [])
    assert same.low < 0.5 < found.auc
    assert same.weights.std() < 0.2


def test_density_ratio_of_categories_and_nulls() -> None:
    """Categories, new ones too, and nulls tell windows apart as numbers do."""
    rng = np.random.default_rng(10)
    reference, current = shifted(range(8), 0.1, rng), shifted(range(8, 12), 0.1, rng)
    reference["shop"] = rng.choice(["north", "south"], len(reference))
    current["shop"] = rng.choice(["north", "east", ""], len(current))
    current["shop"] = current["shop"].replace("", None)
    assert density_ratio(reference, current, ["p"], ["shop"]).low > 0.7
    current["p"] = math.inf
    assert density_ratio(reference, current, ["p"], []).low > 0.9


def test_too_little_to_tell_apart() -> None:
    """One day on a side is a day, not a shift: undefined, with the reason."""
    rng = np.random.default_rng(11)
    reference, current = shifted(range(8), 0.1, rng), shifted(range(8, 9), 0.1, rng)
    found = density_ratio(reference, current, ["p"], [])
    assert found.reason == "1 days to compare, 2 needed"
    assert math.isnan(found.low)
    assert np.isnan(found.weights).all()
    assert density_ratio(reference, reference, [], []).reason == "no column to compare"


def noisy(days: range, wide: float, rng: np.random.Generator) -> pd.DataFrame:
    """Rows whose loss is as large as `spread`, on average `wide`."""
    rows = 100 * len(days)
    spread = rng.exponential(wide, rows)
    day = np.repeat(np.array(days), 100)
    moved = rng.normal(size=max(days) + 1)[day] * 0.1
    return pd.DataFrame({"day": day, "spread": spread, "loss": spread * np.exp(moved)})


def test_direct_loss() -> None:
    """The mean loss of rows like others, from what those lost; its limits hold."""
    inside, worlds = 0, 6
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        reference, current = noisy(range(14), 1.0, rng), noisy(range(14, 21), 1.4, rng)
        lost = reference["loss"].to_numpy()
        said = dle(reference, lost, current, Inputs(["spread"]), PLAN)
        truth = current["loss"].mean()
        inside += held(said, truth)
        assert abs(said.value - truth) < abs(lost.mean() - truth)
    assert inside >= worlds - 1


def test_direct_loss_of_one_day() -> None:
    """Losses of a single day are nothing to learn from: undefined."""
    rng = np.random.default_rng(12)
    rows = noisy(range(1), 1.0, rng)
    said = dle(rows, rows["loss"].to_numpy(), rows, Inputs(["spread"]), PLAN)
    assert math.isnan(said.value)
