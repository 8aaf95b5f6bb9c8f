"""Answers that flip for no better reason than chance are counted against a model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.gate import Churn, Gate
from config.load import Definition
from config.schema import Candidate
from config.values import Scalar
from tasks.data import artifact
from tasks.evaluation.churn import Said, churn, churned
from tasks.evaluation.contest import Champion
from tasks.evaluation.trial import Trial
from tasks.models.estimators import build, with_params
from tasks.models.selection import FRAME
from tasks.records import Check, Fit, ModelVersion, Severity, Status
from tests.evaluation.hearings import definition as shop

GATE = Gate(resamples=300, churn=Churn(max_over_noise=3))
FOREST = Candidate(
    estimator="sklearn.ensemble.RandomForestClassifier",
    encoding="ordinal",
    params={"n_estimators": 15, "max_depth": 5},
)
LOGISTIC = Candidate(estimator="sklearn.linear_model.LogisticRegression")
BAYES = Candidate(estimator="sklearn.naive_bayes.BernoulliNB")


def world(seed: int, over_noise: float, days: int = 10, rows_a_day: int = 300) -> Said:
    """Answers of which about 2 % flip by the seed, more on some days, and `over_noise` times as
    many between champion and challenger."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows_a_day)
    rate = 0.02 * random.lognormal(-0.05, 0.3, days)[day]
    y, challenger = random.uniform(size=len(day)) < 0.3, random.uniform(size=len(day)) < 0.3
    flips = random.uniform(size=len(day)) < over_noise * rate
    noise = random.uniform(size=len(day)) < rate
    return Said(y, day, challenger ^ flips, challenger, challenger ^ noise)


def test_within_the_noise() -> None:
    """As many flips as another seed would cause are no reason to stay."""
    checks = churned(GATE, 3, world(1, over_noise=1))
    assert [check.code for check in checks] == ["churn", "churn:negative"]
    assert {check.status for check in checks} == {Status.PASS}
    assert "by another seed alone; at most 3 times as many allowed" in checks[0].reason


def test_far_above_the_noise() -> None:
    """Many more flips than chance explains block, in numbers."""
    everything, negative = churned(GATE, 3, world(2, over_noise=9))
    assert everything.blocks
    assert everything.numbers["flips"] > 6 * everything.numbers["noise"]
    assert everything.numbers["low"] > 0
    assert negative.numbers["flips"] < everything.numbers["flips"]


def test_negative_flips_alone() -> None:
    """No more flips than allowed, and nearly all of them from right to wrong, block too."""
    said = world(3, over_noise=2.6)
    wronged = said.champion != said.challenger
    everything, negative = churned(GATE, 3, replace(said, y=said.y ^ (wronged & ~said.negative)))
    assert everything.status is Status.PASS
    assert negative.blocks


def test_one_day() -> None:
    """A single day has no interval, and shows nothing."""
    checks = churned(GATE, 3, world(4, over_noise=1, days=1))
    assert {check.status for check in checks} == {Status.NO_EVIDENCE}


def test_no_noise_at_all() -> None:
    """Noise of zero is never known to be zero: a flip is nobody's fault, a hundred are."""
    said = replace(world(5, over_noise=0), twin=world(5, over_noise=0).challenger)
    few, many = said.challenger.copy(), said.challenger.copy()
    few[7] ^= True
    many[::30] ^= True
    assert churned(GATE, 3, replace(said, champion=few))[0].status is Status.PASS
    assert churned(GATE, 3, replace(said, champion=many))[0].blocks


def test_chance_of_a_wrong_block() -> None:
    """At exactly the allowed churn about 2.5 % are blocked, at twice as much nearly all are."""
    gate = Gate(resamples=300)
    on_it = [churned(gate, 3, world(seed, over_noise=3))[0] for seed in range(400)]
    assert np.mean([check.status is Status.FAIL for check in on_it]) <= 0.045
    twice = [churned(gate, 3, world(seed, over_noise=6))[0] for seed in range(60)]
    assert np.mean([check.status is Status.FAIL for check in twice]) >= 0.95


@dataclass(frozen=True)
class Bench:
    """A challenger and its champion in a workshop, and everything that churn asks for."""

    definition: Definition
    challenger: Fit
    champion: Champion
    trial: Trial
    inputs: pd.DataFrame

    def checks(self) -> tuple[Check, ...]:
        return churn(self.definition, self.challenger, self.champion, self.trial, self.inputs)


def rows(first: int, days: int) -> pd.DataFrame:
    """Dear orders are late; 80 a day in March 2013."""
    random = np.random.default_rng(first)
    amount = random.normal(0, 1, days * 80)
    return pd.DataFrame(
        {
            "day": [date(2013, 3, first + n // 80).isoformat() for n in range(days * 80)],
            "amount": amount,
            "store": random.choice(["north", "south"], days * 80),
            "late": (random.random(days * 80) < 1 / (1 + np.exp(-2 * amount))).astype("int8"),
        }
    )


def bench(folder: Path, candidate: Candidate, older: Mapping[str, Scalar] | None = None) -> Bench:
    """The candidate fitted on ten days, against a champion with `older` parameters."""
    pipeline = shop().pipeline
    features = pipeline.features
    columns = list(features.columns)
    training, holdout = rows(1, 10), rows(11, 6)
    folder.mkdir(exist_ok=True)
    training.to_feather(folder / FRAME)
    model = build(candidate, features).fit(training[columns], training["late"])
    artifact.save(model, folder / "own")
    serving = build(with_params(candidate, older or {}), features)
    serving.fit(training[columns], training["late"])
    changes = {"candidates": {"own": candidate}, "gate": GATE}
    version = ModelVersion("shop", 3, "f00d", "models:/shop/3", {}, "own", date(2013, 3, 10))
    days = np.array([date.fromisoformat(day).toordinal() for day in holdout["day"]])
    return Bench(
        replace(shop(), pipeline=pipeline.model_copy(update=changes)),
        Fit("own", str(folder / "own"), candidate.params, (0.8,), 1, 1.0, 1.0, 100.0),
        Champion(version, serving),
        Trial(
            y=holdout["late"].to_numpy().astype(bool),
            days=days,
            challenger=model.predict_proba(holdout[columns])[:, 1],
            challenger_through=int(days.min()) - 1,
            champion=serving.predict_proba(holdout[columns])[:, 1],
            champion_version=3,
        ),
        holdout[columns],
    )


def test_against_a_real_twin(tmp_path: Path) -> None:
    """A champion that differs in its seed alone is within the noise of a twin that is fitted."""
    everything, negative = bench(tmp_path, FOREST, {"random_state": 99}).checks()
    assert everything.numbers["noise"] > 0.005
    assert {everything.status, negative.status} == {Status.PASS}
    artifact.verify(tmp_path / "own", artifact.manifest(tmp_path / "own"))
    assert (tmp_path / "own-twin" / artifact.MODEL_FILE).exists()


def test_another_kind_of_champion(tmp_path: Path) -> None:
    """A champion that answers otherwise is above the noise, and the challenger stays out."""
    found = bench(tmp_path, FOREST)
    reversed_ = replace(found.trial, champion=1 - found.trial.challenger)
    everything, _ = replace(found, trial=reversed_).checks()
    assert everything.blocks


@pytest.mark.parametrize("candidate", [LOGISTIC, BAYES], ids=["unused seed", "no seed"])
def test_a_seed_that_changes_nothing(tmp_path: Path, candidate: Candidate) -> None:
    """Without noise to measure, churn is told as a warning and decides nothing."""
    (check,) = bench(tmp_path, candidate).checks()
    assert (check.status, check.severity) == (Status.NOT_APPLICABLE, Severity.WARNING)
    assert "another seed changes no answer of own" in check.reason
    assert not check.blocks


def test_a_twin_that_fails(tmp_path: Path) -> None:
    """Without the training rows there is no twin, no noise, and no promotion."""
    found = bench(tmp_path, FOREST)
    (tmp_path / FRAME).unlink()
    (check,) = found.checks()
    assert check.blocks
    assert check.status is Status.NO_EVIDENCE
    assert "noise could not be measured: the twin of own error: FileNotFound" in check.reason


def test_nothing_to_compare(tmp_path: Path) -> None:
    """Unset it does not apply, nor without a champion; a champion without answers blocks."""
    found = bench(tmp_path, FOREST)
    silent = replace(found, trial=replace(found.trial, champion=None))
    (check,) = silent.checks()
    assert check.blocks
    (first,) = churn(found.definition, found.challenger, None, found.trial, found.inputs)
    assert first.status is Status.NOT_APPLICABLE
    unset = found.definition.pipeline.model_copy(update={"gate": Gate()})
    (none,) = replace(found, definition=replace(found.definition, pipeline=unset)).checks()
    assert (none.status, none.severity) == (Status.NOT_APPLICABLE, Severity.NOTE)
    assert not (tmp_path / "own-twin").exists()
