"""Everybody answers the same questions, and nobody is judged on what it has seen."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.gate import Gate
from config.load import Definition
from config.schema import Baseline
from config.values import Metric
from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.evaluation.contest import Beside, Champion, contest, judge, measured
from tasks.evaluation.metrics import measure
from tasks.features.cohort import digest
from tasks.features.splits import Split
from tasks.models.estimators import build
from tasks.records import Check, Choice, Fit, ModelVersion, Status
from tests.evaluation.hearings import definition as shop

TRAINED, HELD_OUT = 20, 6


@pytest.fixture(scope="module")
def definition() -> Definition:
    """The shop with a rule and a gate that a few rows can pass."""
    gate = Gate(
        mode="refresh",
        min_rows=200,
        min_per_class=20,
        floors={"roc_auc": 0.6},
        slices=("store",),
        min_slice_rows=100,
        resamples=200,
    )
    rule = Baseline(sql="CASE WHEN store = 'north' THEN 0.6 ELSE 0.4 END")
    pipeline = shop().pipeline.model_copy(update={"gate": gate, "baselines": {"rule": rule}})
    return replace(shop(), pipeline=pipeline)


def rows(first: int, days: int) -> pd.DataFrame:
    """Dear orders are late; 60 a day."""
    random = np.random.default_rng(first)
    amount = random.normal(0, 1, days * 60)
    return pd.DataFrame(
        {
            "order_id": [f"{first}-{n}" for n in range(days * 60)],
            "day": [date(2013, 3, first + n // 60).isoformat() for n in range(days * 60)],
            "amount": amount,
            "store": random.choice(["north", "south"], days * 60),
            "late": (random.random(days * 60) < 1 / (1 + np.exp(-2 * amount))).astype("int8"),
        }
    )


@pytest.fixture(scope="module")
def split() -> Split:
    training, holdout = rows(1, TRAINED), rows(1 + TRAINED, HELD_OUT)
    return Split(training, holdout, digest(training), digest(holdout))


@pytest.fixture(scope="module")
def challenger(
    definition: Definition, split: Split, tmp_path_factory: pytest.TempPathFactory
) -> Fit:
    """A fitted candidate in its folder."""
    folder = tmp_path_factory.mktemp("challenger")
    pipeline = definition.pipeline
    model = build(pipeline.candidates["logistic"], pipeline.features)
    model.fit(split.training[list(pipeline.features.columns)], split.training["late"])
    artifact.save(model, folder)
    return Fit("logistic", str(folder), {}, (0.8,), 1, 1.0, 1.0, 100.0)


@dataclass(frozen=True)
class Coin:
    """A champion that says nothing of use, and keeps what it was asked."""

    asked: list[pd.DataFrame]

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        self.asked.append(rows)
        said = np.random.default_rng(0).uniform(0.3, 0.7, len(rows))
        return np.column_stack([1 - said, said])


@pytest.fixture
def champion() -> Champion:
    version = ModelVersion("shop", 3, "f00d", "models:/shop/3", {}, "coin", date(2013, 3, 10))
    return Champion(version, Coin([]))


def test_same_rows(
    definition: Definition, split: Split, challenger: Fit, champion: Champion
) -> None:
    """Challenger, champion and baselines answer every row of the holdout, and only inputs."""
    trial = contest(definition, split, challenger, champion, Beside())
    assert trial.champion is not None
    told = [trial.challenger, trial.champion, *trial.baselines.values()]
    assert {len(each) for each in told} == {len(split.holdout)}
    assert set(trial.baselines) == {"dummy", "rule"}
    assert isinstance(champion.model, Coin)
    (asked,) = champion.model.asked
    assert list(asked) == ["amount", "store"]
    assert trial.inputs is not None
    pd.testing.assert_frame_equal(trial.inputs, split.holdout[["amount", "store"]])
    np.testing.assert_array_equal(trial.y, split.holdout["late"].astype(bool))


def test_what_everybody_has_seen(
    definition: Definition, split: Split, challenger: Fit, champion: Champion
) -> None:
    """Days and digests let the gate check that these rows are new to both."""
    trial = contest(definition, split, challenger, champion, Beside())
    assert trial.challenger_through == date(2013, 3, 20).toordinal() < trial.days.min()
    assert trial.champion_through == date(2013, 3, 10).toordinal()
    assert trial.champion_version == 3
    assert (trial.holdout_digest, trial.used_digests) == (
        split.holdout_digest,
        (split.training_digest,),
    )


def test_first_model(definition: Definition, split: Split, challenger: Fit) -> None:
    """Without a champion the baselines remain."""
    trial = contest(definition, split, challenger, None, Beside())
    assert (trial.champion, trial.champion_version, trial.champion_through) == (None, None, None)


def test_dummy_says_the_prior_of_training(
    definition: Definition, split: Split, challenger: Fit
) -> None:
    """The dummy knows nothing of the holdout."""
    trial = contest(definition, split, challenger, None, Beside())
    assert set(trial.baselines["dummy"]) == {split.training["late"].mean()}


def test_damaged_challenger(
    definition: Definition, split: Split, challenger: Fit, tmp_path: Path
) -> None:
    """A model that does not load is not judged."""
    (tmp_path / artifact.MODEL_FILE).write_bytes(b"PK damaged")
    with pytest.raises(Corrupt):
        contest(definition, split, replace(challenger, folder=str(tmp_path)), None, Beside())


def test_judged(definition: Definition, split: Split, challenger: Fit, champion: Champion) -> None:
    """A good challenger is promoted by the pipeline's own gate; what was checked before counts."""
    trial = contest(definition, split, challenger, champion, Beside())
    fine = Check("truncation", "Features do not see the future", Status.PASS, "all equal")
    verdict = judge(definition, trial, [fine])
    assert verdict.choice is Choice.PROMOTE, verdict.reason
    assert verdict.checks[0] == fine
    leaking = replace(fine, status=Status.FAIL)
    assert judge(definition, trial, [leaking]).choice is Choice.KEEP


def test_measured(
    definition: Definition, split: Split, challenger: Fit, champion: Champion
) -> None:
    """Every metric of every contender, on the same rows."""
    trial = contest(definition, split, challenger, champion, Beside())
    told = measured(definition, trial)
    assert set(told) == {"challenger", "champion", "dummy", "rule"}
    for by_metric in told.values():
        assert set(by_metric) == set(get_args(Metric))
    auc = told["challenger"]["roc_auc"]
    assert auc.value == pytest.approx(measure("roc_auc", trial.y, trial.challenger))
    assert auc.low < auc.value < auc.high
    assert told["dummy"]["roc_auc"].value == 0.5
    assert set(measured(definition, replace(trial, champion=None))) == set(told) - {"champion"}
