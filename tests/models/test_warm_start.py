"""Going on from the champion: what it has learned stays, and why it cannot is told."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from config.schema import Features
from tasks.data import artifact
from tasks.models.again import again
from tasks.models.fitting import fit_within_budget
from tasks.models.job import Job, Predecessor
from tasks.models.rows import read
from tasks.models.search import probability
from tasks.models.warm import NoWarmStart, Start, continued, learned
from tasks.records import Fit, Parent
from tests.models.conftest import FEATURES, LOGISTIC, small_world

Make = Callable[..., Job]
BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"
STEADY = {"max_iter": 20, "max_leaf_nodes": 4, "early_stopping": False}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in a candidate's own process; on busy cores pools of threads mostly wait."""
    with threadpool_limits(limits=1):
        yield


def fitted(job: Job) -> Fit:
    told = fit_within_budget(job)
    assert isinstance(told, Fit), told
    return told


def model_of(fit: Fit) -> object:
    folder = Path(fit.folder)
    return artifact.load(folder, artifact.manifest(folder))


@pytest.fixture
def before() -> pd.DataFrame:
    """The champion's rows: other days, other carriers and other values than `world`."""
    frame = small_world(days=10, seed=9).replace({"carrier": {"UA": "WN"}})
    frame["day"] = np.repeat(pd.date_range("2012-12-20", periods=10).strftime("%Y-%m-%d"), 40)
    return frame


@pytest.fixture
def champion(job: Make, before: pd.DataFrame, tmp_path: Path) -> Callable[..., Predecessor]:
    """A champion of a candidate, fitted on days before those of `world`."""

    def make(**candidate: object) -> Predecessor:
        frame_path = tmp_path / "before.feather"
        before.to_feather(frame_path)
        cold = replace(job(**candidate), folder=tmp_path / "champion", frame_path=frame_path)
        folder = Path(fitted(cold).folder)
        manifest = artifact.manifest(folder)
        return Predecessor(4, "candidate", folder, manifest, date(2012, 12, 29))

    return make


def start_of(champion: Predecessor) -> Start:
    days = (champion.through - date(1970, 1, 1)).days
    return Start(artifact.load(champion.folder, champion.manifest), days)


def trees(model: object) -> list[object]:
    inner = model.named_steps["model"]  # type: ignore[attr-defined]
    return [each[0].nodes.tolist() for each in inner._predictors]


def test_boosting_goes_on(
    job: Make, champion: Callable[..., Predecessor], world: pd.DataFrame
) -> None:
    """As many iterations more as configured; the champion's trees are the first, and unchanged."""
    described = {"estimator": BOOSTING, "encoding": "ordinal", "params": STEADY}
    served = champion(**described)
    warm = replace(job(**described, warm_start=True), champion=served)
    fit = fitted(warm)
    assert fit.parent == Parent(4, served.manifest[artifact.MODEL_FILE])
    assert not fit.cold
    old, new = start_of(served).model, model_of(fit)
    assert (len(trees(old)), len(trees(new))) == (20, 40)
    assert trees(new)[:20] == trees(old)
    inner = new.named_steps["model"]  # type: ignore[attr-defined]
    inner._predictors = inner._predictors[:20]
    inputs = world[list(FEATURES.columns)]
    np.testing.assert_array_equal(probability(new, inputs), probability(old, inputs))


def test_bins_are_kept(job: Make, champion: Callable[..., Predecessor]) -> None:
    """A warm start on other rows improves on the champion; scikit-learn's own misreads it.

    On the training rows each boosting step can only lower the loss, from where the champion is.
    """
    described = {"estimator": BOOSTING, "encoding": "ordinal", "params": STEADY}
    served, wished = champion(**described), job(**described)
    rows, start = read(wished), start_of(served)
    ours = continued(start, wished.candidate, FEATURES, rows)
    reached = ours.named_steps["model"]
    naive: HistGradientBoostingClassifier = start.model.named_steps["model"]
    inputs = start.model.named_steps["inputs"].transform(rows.inputs)
    before = naive.predict_proba(inputs)
    naive.set_params(warm_start=True, max_iter=21).fit(inputs, rows.labels)
    naive._predictors = naive._predictors[:20]
    assert np.abs(naive.predict_proba(inputs) - before).max() > 0.01
    first = reached.staged_predict_proba(inputs)
    np.testing.assert_array_equal([next(first) for _ in range(20)][-1], before)


@pytest.mark.parametrize(
    ("estimator", "encoding", "params"),
    [
        ("sklearn.ensemble.RandomForestClassifier", "ordinal", {"n_estimators": 5}),
        ("sklearn.ensemble.GradientBoostingClassifier", "onehot", {"n_estimators": 5}),
        (LOGISTIC, "onehot", {"C": 0.1}),
        ("sklearn.linear_model.SGDClassifier", "onehot", {"loss": "log_loss"}),
        ("sklearn.naive_bayes.BernoulliNB", "onehot", {}),
    ],
)
def test_others_go_on(
    job: Make,
    champion: Callable[..., Predecessor],
    estimator: str,
    encoding: str,
    params: dict[str, object],
) -> None:
    """Every kind of warm start learns from new rows, the same way each time, and adds trees."""
    described = {"estimator": estimator, "encoding": encoding, "params": params}
    served, wished = champion(**described), job(**described)
    rows, start = read(wished), start_of(served)
    inputs = rows.inputs
    before = probability(start.model, inputs)
    once, twice = (continued(start, wished.candidate, FEATURES, rows) for _ in range(2))
    np.testing.assert_array_equal(probability(once, inputs), probability(twice, inputs))
    assert (probability(once, inputs) != before).any()
    np.testing.assert_array_equal(probability(start.model, inputs), before)
    if "n_estimators" in params:
        assert len(once.named_steps["model"].estimators_) == 10


def test_only_later_days_are_taught(job: Make, champion: Callable[..., Predecessor]) -> None:
    """With `partial_fit` no row counts twice: the champion's own days are not shown again."""
    described = {"estimator": "sklearn.naive_bayes.BernoulliNB"}
    wished, start = job(**described), start_of(champion(**described))
    rows = read(wished)
    seen = replace(start, through=int(rows.days.min()) + 4)
    model = continued(seen, wished.candidate, FEATURES, rows).named_steps["model"]
    assert model.class_count_.sum() == 400 + 10 * 40
    with pytest.raises(NoWarmStart, match="no training day is later"):
        continued(replace(start, through=int(rows.days.max())), wished.candidate, FEATURES, rows)


def test_a_warm_start_costs_less(job: Make, tmp_path: Path) -> None:
    """Ten more trees on top of a hundred cost less than a hundred and ten from nothing."""
    small_world(rows_a_day=1000).to_feather(tmp_path / "many.feather")
    described = {"estimator": BOOSTING, "encoding": "ordinal"}
    before, more, anew = (
        replace(
            job(**described, params={**STEADY, "max_iter": count}),
            frame_path=tmp_path / "many.feather",
        )
        for count in (100, 10, 110)
    )
    rows = read(before)
    start = Start(learned(None, before.candidate, FEATURES, rows)[0], int(rows.days.max()))
    begun = time.process_time()
    warm, _ = learned(start, more.candidate, FEATURES, rows)
    turned = time.process_time()
    cold, _ = learned(None, anew.candidate, FEATURES, rows)
    assert len(trees(warm)) == len(trees(cold)) == 110
    assert turned - begun < 0.7 * (time.process_time() - turned)


def changed(features: Features, **update: object) -> Features:
    return features.model_copy(update=update)


@pytest.mark.parametrize(
    ("wished", "features", "said"),
    [
        ({}, changed(FEATURES, numeric=("hour", "seats")), "columns changed: holiday"),
        ({"encoding": "onehot"}, FEATURES, "inputs are prepared anew"),
        (
            {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {}},
            FEATURES,
            "the champion is a HistGradientBoostingClassifier, the candidate a RandomForest",
        ),
        (
            {"params": {**STEADY, "l2_regularization": -1.0}},
            FEATURES,
            "HistGradientBoostingClassifier cannot go on: The 'l2_regularization' parameter",
        ),
    ],
)
def test_it_starts_cold_and_says_why(
    job: Make,
    champion: Callable[..., Predecessor],
    wished: dict[str, object],
    features: Features,
    said: str,
) -> None:
    """Where the champion does not fit, `learned` starts from nothing and gives the reason."""
    described = {"estimator": BOOSTING, "encoding": "ordinal", "params": STEADY}
    start, candidate = start_of(champion(**described)), job(**{**described, **wished})
    rows = read(replace(candidate, features=features))
    with pytest.raises(NoWarmStart) as raised:
        continued(start, candidate.candidate, features, rows)
    assert said in str(raised.value)


def test_neighbours_cannot(job: Make, champion: Callable[..., Predecessor]) -> None:
    """An estimator without `warm_start` and `partial_fit` is fitted cold."""
    described = {"estimator": "sklearn.neighbors.KNeighborsClassifier", "encoding": "ordinal"}
    wished, start = job(**described), start_of(champion(**described))
    model, cold = learned(start, wished.candidate, FEATURES, read(wished))
    assert cold == "KNeighborsClassifier has neither warm_start nor partial_fit"
    assert model.named_steps["model"].n_samples_fit_ == 600


def test_no_champion_to_go_on_from(job: Make, champion: Callable[..., Predecessor]) -> None:
    """No champion, another candidate's, and damaged bytes: a cold fit that says so."""
    served = champion()
    wished = job(warm_start=True)
    damaged = served.folder / artifact.MODEL_FILE
    other = replace(served, candidate="forest")
    assert fitted(wished).cold == "there is no champion"
    assert fitted(replace(wished, champion=other)).cold == "champion 4 is of candidate forest"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"!")
    fit = fitted(replace(wished, champion=served))
    assert fit.cold.startswith("champion 4 cannot be loaded: 1 changed: model.skops")
    assert fit.parent is None
    assert fitted(job(warm_start=False)).cold == ""


def test_seen_folds_are_scored_cold(job: Make, champion: Callable[..., Predecessor]) -> None:
    """Where the champion has seen a fold's days its warm score would be a memory: it is cold."""
    wished = job(warm_start=True, params={"C": 0.1})
    served = champion(params={"C": 0.1})
    cold = fitted(replace(wished, champion=None)).folds
    late = replace(served, through=date(2013, 1, 15))
    assert fitted(replace(wished, champion=late)).folds == cold
    half = fitted(replace(wished, champion=replace(served, through=date(2013, 1, 10)))).folds
    assert half[0] == cold[0]
    assert half[1] != cold[1]


def test_a_twin_goes_on_too(
    job: Make, champion: Callable[..., Predecessor], tmp_path: Path
) -> None:
    """A fit made again goes on from the same champion."""
    described = {"estimator": BOOSTING, "encoding": "ordinal", "params": STEADY}
    warm = replace(job(**described, warm_start=True), champion=champion(**described))
    twin = again(warm, STEADY, tmp_path / "twin", seed=3)
    assert isinstance(twin, Fit)
    assert twin.parent is not None
    assert len(trees(model_of(twin))) == 40
