"""With a half-life the newest days count most, whatever the estimator."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tasks.data import artifact
from tasks.models.fitting import fit_within_budget
from tasks.models.job import Job, Predecessor
from tasks.models.rows import read
from tasks.models.warm import Start, continued, learned
from tasks.records import Failure, Fit
from tests.models.conftest import FEATURES, LOGISTIC

Make = Callable[..., Job]
CANDIDATES: dict[str, dict[str, Any]] = {
    "logistic": {"estimator": LOGISTIC},
    "forest": {
        "estimator": "sklearn.ensemble.RandomForestClassifier",
        "params": {"n_estimators": 10, "max_depth": 4},
    },
    "boosting": {
        "estimator": "sklearn.ensemble.HistGradientBoostingClassifier",
        "encoding": "ordinal",
        "params": {"max_iter": 20},
    },
}


@pytest.fixture
def turned(world: pd.DataFrame, tmp_path: Path) -> pd.DataFrame:
    """The world with the other answer on its last three days of 15; jobs read it."""
    is_new = world["day"] > sorted(world["day"].unique())[-4]
    frame = world.assign(late=world["late"].to_numpy(bool) ^ is_new.to_numpy())
    frame.to_feather(tmp_path / "training.feather")
    new: pd.DataFrame = frame[is_new]
    return new


def ranked(told: Fit | Failure, rows: pd.DataFrame) -> float:
    """The area under the curve of a fit on some rows."""
    assert isinstance(told, Fit), told
    folder = Path(told.folder)
    model = artifact.load(folder, artifact.manifest(folder))
    answers = model.predict_proba(rows[list(FEATURES.columns)])[:, 1]
    return float(roc_auc_score(rows["late"], answers))


def weighed(job: Job) -> Job:
    """The same job in which a row of the day before counts half."""
    windows = job.windows.model_copy(update={"half_life_days": 1.0})
    return replace(job, windows=windows, folder=job.folder.with_name("weighed"))


@pytest.mark.parametrize("candidate", CANDIDATES.values(), ids=CANDIDATES)
def test_what_is_new_is_believed(
    job: Make, turned: pd.DataFrame, candidate: dict[str, Any]
) -> None:
    """Three new days of 15 lose against the old ones, unless the old ones count less."""
    alike = job(**candidate)
    assert ranked(fit_within_budget(alike), turned) < 0.5
    assert ranked(fit_within_budget(weighed(alike)), turned) > 0.6


def test_a_warm_start_is_weighed_too(job: Make, turned: pd.DataFrame, tmp_path: Path) -> None:
    """What it adds to the champion is learned from what counts."""
    cold = replace(job(**CANDIDATES["boosting"]), folder=tmp_path / "champion")
    champion = fit_within_budget(cold)
    assert isinstance(champion, Fit)
    known = artifact.manifest(Path(champion.folder))
    before = Predecessor(1, "candidate", Path(champion.folder), known, date(2013, 1, 15))
    warm = replace(job(**CANDIDATES["boosting"], warm_start=True), champion=before)
    told = fit_within_budget(weighed(warm))
    assert isinstance(told, Fit)
    assert told.parent is not None
    assert ranked(told, turned) > ranked(champion, turned) + 0.2


def test_what_is_taught_later_is_weighed_too(job: Make, world: pd.DataFrame) -> None:
    """With `partial_fit` three later days of 40 rows count 1, 1/2 and 1/4 a row."""
    bayes = job("sklearn.naive_bayes.BernoulliNB")
    rows = read(weighed(bayes))
    model, _ = learned(None, bayes.candidate, FEATURES, read(bayes))
    later = continued(Start(model, int(rows.days.max()) - 3), bayes.candidate, FEATURES, rows)
    assert later.named_steps["model"].class_count_.sum() == len(world) + 40 * 1.75


def test_who_takes_no_weights_says_so(job: Make) -> None:
    """A candidate that would count all rows alike is no candidate."""
    told = fit_within_budget(weighed(job("sklearn.neighbors.KNeighborsClassifier")))
    assert isinstance(told, Failure)
    assert "KNeighborsClassifier takes no weights of rows: take windows.half" in told.reason
