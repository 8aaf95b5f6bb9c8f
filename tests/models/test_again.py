"""A fit with known parameters: the same again, a twin with another seed, other rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.schema import Budget
from tasks.data import artifact
from tasks.models.again import again
from tasks.models.fitting import RESULT, fit_within_budget
from tasks.models.job import Job
from tasks.records import Failure, Fit
from tests.models.conftest import FEATURES

Make = Callable[..., Job]
FOREST = "sklearn.ensemble.RandomForestClassifier"
PARAMS = {"n_estimators": 5, "max_depth": 4}


def fitted(told: Fit | Failure) -> Fit:
    assert isinstance(told, Fit), told
    return told


def answers(fit: Fit, world: pd.DataFrame) -> np.ndarray:
    folder = Path(fit.folder)
    model = artifact.load(folder, artifact.manifest(folder))
    given: np.ndarray = model.predict_proba(world[list(FEATURES.columns)])[:, 1]
    return given


@pytest.fixture
def forest(job: Make) -> Job:
    return job(
        FOREST,
        encoding="ordinal",
        params=PARAMS,
        search={"max_depth": [3]},
        budget=Budget(seconds=60, memory_mb=1000, trials=2),
    )


def test_the_same_again(forest: Job, world: pd.DataFrame, tmp_path: Path) -> None:
    """With the parameters, seed and rows of a fit its answers come out again, without a search."""
    first = fitted(fit_within_budget(forest))
    second = fitted(again(forest, first.params, tmp_path / "again"))
    assert (second.params, second.folds, second.trials) == (first.params, (), 1)
    np.testing.assert_array_equal(answers(first, world), answers(second, world))


@pytest.mark.parametrize("params", [PARAMS, {**PARAMS, "random_state": 5}])
def test_a_twin(forest: Job, world: pd.DataFrame, tmp_path: Path, params: dict[str, int]) -> None:
    """Another seed gives another model, also where the parameters name a random state."""
    one = fitted(again(forest, params, tmp_path / "one"))
    twin = fitted(again(forest, params, tmp_path / "twin", seed=8))
    difference = np.abs(answers(one, world) - answers(twin, world))
    assert 0 < difference.mean() < 0.2


def test_other_rows(forest: Job, world: pd.DataFrame, tmp_path: Path) -> None:
    """Given another frame, that is what it is fitted on, and the job's frame stays as it was."""
    longer = tmp_path / "all.feather"
    pd.concat([world, world.assign(late=~world["late"])]).to_feather(longer)
    confused = fitted(again(forest, PARAMS, tmp_path / "all", frame_path=longer))
    assert (
        answers(confused, world).std()
        < answers(fitted(again(forest, PARAMS, tmp_path / "own")), world).std()
    )


def test_it_keeps_to_the_budget(job: Make, tmp_path: Path) -> None:
    """A candidate that hangs is killed here too, and the failure is remembered."""
    budget = Budget(seconds=1, memory_mb=1000, trials=1)
    hanging = job("tests.models.misbehaving.Hangs", budget=budget)
    failure = again(hanging, {}, tmp_path / "hangs")
    assert isinstance(failure, Failure)
    assert failure.kind == "timeout"
    assert (tmp_path / "hangs" / RESULT).exists()
    assert again(hanging, {}, tmp_path / "hangs") == failure


def test_a_fit_is_made_once(forest: Job, tmp_path: Path) -> None:
    """Asked for again in the same folder, a finished fit is read back and its bytes stay."""
    first = fitted(again(forest, PARAMS, tmp_path / "once"))
    before = artifact.manifest(tmp_path / "once")
    assert again(forest, PARAMS, tmp_path / "once") == first
    assert artifact.manifest(tmp_path / "once") == before
