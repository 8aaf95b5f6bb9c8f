"""Importances rank what a model leans on, and their limits hold as often as they claim."""

import json
import math
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.values import Metric
from tasks.data import artifact
from tasks.evaluation.contest import Champion
from tasks.evaluation.explanations import explained, explanation_drift
from tasks.evaluation.importance import Shuffling, importances
from tasks.evaluation.intervals import UNDEFINED, Resampling
from tasks.evaluation.metrics import measure
from tasks.evaluation.recorded import EVIDENCE, plain, recorded
from tasks.features.splits import Split
from tasks.ledger.text import canonical
from tasks.models.estimators import build
from tasks.records import Fit, Importance, Interval, ModelVersion, Severity, Status
from tests.evaluation.hearings import definition
from tests.evaluation.test_contest import rows as placed
from tests.evaluation.test_intervals import slack

Floats = npt.NDArray[np.float64]
PLAN = Shuffling(shuffles=2, resampling=Resampling(resamples=200))
WEIGHTS = {"strong": 1.2, "daily": 0.8, "weak": 0.4, "noise": 0.3, "unused": 0.0}
REPEATS = 500


@dataclass(frozen=True)
class Weighted:
    """Answers with fixed weights, of which `noise` is one that no label follows from."""

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        odds = -1 + sum(weight * rows[name].to_numpy() for name, weight in WEIGHTS.items())
        chance = 1 / (1 + np.exp(-odds))
        return np.column_stack([1 - chance, chance])


@dataclass(frozen=True)
class World:
    """Rows of some days; `daily` is nearly the same all day, as weather is."""

    inputs: pd.DataFrame
    y: npt.NDArray[np.bool_]
    days: npt.NDArray[np.int64]

    def importances(self, plan: Shuffling = PLAN) -> dict[str, Importance]:
        found = importances(Weighted(), self.inputs, self.y, self.days, plan)
        return {each.column: each for each in found}


def world(seed: int, days: int = 10, rows_a_day: int = 40) -> World:
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows_a_day)
    rows = len(day)
    inputs = pd.DataFrame({name: rng.normal(size=rows) for name in WEIGHTS})
    inputs["daily"] = 0.9 * rng.normal(size=days)[day] + 0.4 * rng.normal(size=rows)
    odds = -1 + inputs @ pd.Series({**WEIGHTS, "noise": 0.0}) + rng.normal(0, 0.3, days)[day]
    return World(inputs, rng.uniform(size=rows) < 1 / (1 + np.exp(-odds)), day)


def ranked() -> dict[str, float]:
    """Twenty inputs, each mattering a little less than the one before."""
    return {f"c{number}": 1 / (1 + number) for number in range(20)}


def shown(losses: dict[str, float]) -> tuple[Importance, ...]:
    return tuple(Importance(n, Interval(loss, loss - 1, loss + 1)) for n, loss in losses.items())


def test_the_planted_weights_are_ranked() -> None:
    """The largest weight comes first, and what the model ignores is exactly nothing."""
    rows = world(1, days=20, rows_a_day=100)
    found = rows.importances()
    assert list(found)[:3] == ["strong", "daily", "weak"]
    assert found["strong"].loss.low > 0
    unused = found["unused"].loss
    assert (unused.value, unused.low, unused.high) == (0, 0, 0)


def test_the_value_is_the_rise_of_the_metric() -> None:
    """What is told is the mean loss of the shuffled answers minus that of the real ones."""
    rows = world(2, days=4, rows_a_day=30)
    n = len(rows.y)
    told = rows.importances(replace(PLAN, shuffles=n - 1, answers=10**6))["weak"].loss.value
    every = pd.concat([rows.inputs] * n, ignore_index=True)
    every["weak"] = np.repeat(rows.inputs["weak"].to_numpy(), n)
    answers = Weighted().predict_proba(every)[:, 1]
    all_pairs = measure("log_loss", np.tile(rows.y, n), answers)
    whole = measure("log_loss", rows.y, Weighted().predict_proba(rows.inputs)[:, 1])
    assert told == pytest.approx((all_pairs - whole) * n / (n - 1), abs=1e-9)


@pytest.mark.slow
def test_limits_hold_as_often_as_they_claim() -> None:
    """In 95 of 100 worlds the limits cover the truth: 0 for noise, else what long worlds show.

    Fewer where a value belongs to a day, of which there are only ten.
    """
    plan = replace(PLAN, answers=10**6)
    large = [world(10_000 + seed, days=1500).importances(plan) for seed in range(2)]
    truth = {n: float(np.mean([w[n].loss.value for w in large])) for n in WEIGHTS} | {"noise": 0.0}
    covered = dict.fromkeys(WEIGHTS, 0)
    for seed in range(REPEATS):
        for name, found in world(seed).importances().items():
            covered[name] += found.loss.low <= truth[name] <= found.loss.high
    for name in ("strong", "weak", "noise"):
        assert covered[name] / REPEATS > 0.95 - slack(0.95, REPEATS), name
    assert covered["daily"] / REPEATS > 0.84 - slack(0.84, REPEATS)
    assert covered["unused"] == REPEATS


def test_two_inputs_that_say_the_same_share_what_one_alone_would_lose() -> None:
    """What the docstring warns of: with a twin in the model either looks less needed."""

    class Twins:
        def predict_proba(self, rows: pd.DataFrame) -> Floats:
            signal = (rows["strong"] + rows["twin"]).to_numpy() * WEIGHTS["strong"] / 2
            chance = 1 / (1 + np.exp(1 - signal))
            return np.column_stack([1 - chance, chance])

    rows = world(3, days=20, rows_a_day=100)
    twins = rows.inputs[["strong"]].assign(twin=rows.inputs["strong"])
    alone = rows.importances()["strong"].loss.value
    shared = importances(Twins(), twins, rows.y, rows.days, PLAN)
    assert all(0 < each.loss.value < alone / 2 for each in shared)


def test_the_sample_is_seeded_and_spread_over_the_days() -> None:
    """The same plan asks the same questions, a fixed number of them, the same share of each day."""

    class Asked:
        rows = pd.DataFrame()

        def predict_proba(self, rows: pd.DataFrame) -> Floats:
            self.rows = rows
            return np.full((len(rows), 2), 0.5)

    rows = world(4, days=5, rows_a_day=100)
    plan = replace(PLAN, answers=1000)
    first, again = Asked(), Asked()
    for model in (first, again):
        importances(model, rows.inputs.assign(day=rows.days), rows.y, rows.days, plan)
    assert first.rows.equals(again.rows)
    sampled = first.rows.head(1000 // (2 * 6))
    assert len(first.rows) == len(sampled) * (1 + 2 * 6)
    assert sampled["day"].value_counts().between(16, 17).all()


def test_text_nulls_and_nullable_types_are_shuffled_as_they_are() -> None:
    """A column keeps its type, whatever it holds."""

    class Kinds:
        def predict_proba(self, rows: pd.DataFrame) -> Floats:
            assert rows.dtypes.equals(inputs.dtypes)
            chance = np.where(rows["carrier"].isna(), 0.9, 0.1)
            return np.column_stack([1 - chance, chance])

    carrier = pd.Series(["AA", None] * 50, dtype=object)
    inputs = pd.DataFrame({"carrier": carrier, "seats": pd.array([1, None] * 50, dtype="Int64")})
    found = importances(Kinds(), inputs, carrier.isna(), np.repeat(np.arange(5), 20), PLAN)
    assert [each.column for each in found] == ["carrier", "seats"]
    assert found[0].loss.low > 0


def test_what_is_undefined_is_not_zero() -> None:
    """No rows, one row, or answers that are no probabilities: nan, and no error."""

    class Broken:
        def predict_proba(self, rows: pd.DataFrame) -> Floats:
            return np.full((len(rows), 2), np.nan)

    rows = world(5, days=2, rows_a_day=10)
    for count, model in ((0, Weighted()), (1, Weighted()), (20, Broken())):
        found = importances(model, rows.inputs.head(count), rows.y[:count], rows.days[:count], PLAN)
        assert len(found) == len(WEIGHTS)
        assert all(math.isnan(each.loss.value) for each in found)


def test_a_metric_without_a_row_loss_is_told_in_log_loss() -> None:
    """An AUC has no loss of a row; squared errors have one of their own."""
    rows = world(6)
    by_metric = {
        metric: rows.importances(replace(PLAN, metric=metric))["strong"].loss.value
        for metric in get_args(Metric)
    }
    assert by_metric["roc_auc"] == by_metric["log_loss"] > by_metric["brier"] > 0


def test_importances_come_back_from_evidence() -> None:
    """What a decision keeps as JSON reads back the same, undefined limits as nan."""
    found = (*world(7).importances().values(), Importance("lost", UNDEFINED))
    kept = json.loads(canonical({EVIDENCE: {"challenger": plain(found)}}))
    back = recorded(kept)
    assert back[:-1] == found[:-1]
    assert math.isnan(back[-1].loss.value)
    assert recorded(kept, "champion") == recorded({}) == ()


def test_challenger_and_champion_are_explained_on_the_same_rows(tmp_path: Path) -> None:
    """A retrain's importances, of both, in the gate's metric, with the check between them."""
    training, holdout = placed(1, 10), placed(11, 6)
    split = Split(training, holdout, "t", "h")
    pipeline = definition().pipeline
    inputs = list(pipeline.features.columns)
    fit = build(pipeline.candidates["logistic"], pipeline.features)
    artifact.save(fit.fit(training[inputs], training["late"]), tmp_path)
    challenger = Fit("logistic", str(tmp_path), {}, (0.8,), 1, 1.0, 1.0, 100.0)
    version = ModelVersion("shop", 3, "f00d", "models:/shop/3", {}, "same", date(2013, 3, 10))
    found = explained(definition(), split, challenger, Champion(version, fit))
    assert found.challenger == found.champion
    assert [each.column for each in found.challenger] == ["amount", "store"]
    assert found.challenger[0].loss.low > 0
    assert found.drift.status is Status.PASS
    assert recorded({EVIDENCE: found.evidence()}, "champion") == found.champion
    alone = explained(definition(), split, challenger, None)
    assert (alone.champion, alone.drift.status) == ((), Status.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({}, Status.PASS, "ranks of 20 inputs agree by 1.00"),
        ({"c0": 0.0}, Status.PASS, "c5 entered the top 5; c0 left the top 5"),
        ({f"c{n}": float(n) for n in range(20)}, Status.FAIL, "at least 0.3 expected"),
        (dict.fromkeys(ranked(), 1.0), Status.NO_EVIDENCE, "agreement of 20 inputs is undefined"),
        ({"c3": math.nan}, Status.NO_EVIDENCE, "agreement of 20 inputs is undefined"),
    ],
)
def test_a_drift_of_explanations_is_told_and_blocks_nothing(
    change: dict[str, float], status: Status, told: str
) -> None:
    """Other ranks are a warning that names the columns; undefined ranks are no agreement."""
    check = explanation_drift(shown({**ranked(), **change}), shown(ranked()))
    assert (check.code, check.severity, check.status) == ("explanations", Severity.WARNING, status)
    assert told in check.reason
    assert not check.blocks


def test_without_a_champion_there_is_nothing_to_compare() -> None:
    """The first model, or a champion of which no importances are known."""
    check = explanation_drift(shown(ranked()), ())
    assert check.status is Status.NOT_APPLICABLE
    other = shown({"unknown": 1.0, "too": 2.0})
    assert explanation_drift(shown(ranked()), other).status is Status.NO_EVIDENCE


def test_the_same_model_on_other_days_leans_on_the_same() -> None:
    """Chance alone is no drift: of 100 pairs of small holdouts at most 5 are called unlike."""
    unlike = 0
    for seed in range(100):
        ours, theirs = (tuple(world(seed + 1000 * k).importances().values()) for k in (1, 2))
        unlike += explanation_drift(ours, theirs).status is not Status.PASS
    assert unlike <= 5


def test_ranks_by_chance_are_called_unlike() -> None:
    """Of models that lean on inputs at random, most are warned of."""
    rng = np.random.default_rng(8)
    warned = 0
    for _ in range(100):
        ours, theirs = (shown(dict(zip(ranked(), rng.random(20), strict=True))) for _ in range(2))
        warned += explanation_drift(ours, theirs).status is Status.FAIL
    assert warned > 80
