"""Contributions add up to the model's own answer, and are the Shapley values that they claim."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from config.schema import Candidate
from tasks.data import artifact
from tasks.models import trees
from tasks.models.attribution import attributions
from tasks.models.contributions import Attribution, NotCheap, Scale
from tasks.models.estimators import fitted
from tests.models.conftest import FEATURES, LOGISTIC, small_world

BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"
FOREST = "sklearn.ensemble.RandomForestClassifier"
COLUMNS = list(FEATURES.columns)
WORLD = small_world()
INPUTS, BACKGROUND = WORLD[COLUMNS].head(12), WORLD[COLUMNS].tail(30)
STRANGE = INPUTS.assign(carrier="ZZ", maker=None, hour=np.nan)

KINDS: dict[str, tuple[str, str, dict[str, object], Scale]] = {
    "logistic": (LOGISTIC, "onehot", {}, Scale.LOG_ODDS),
    "logistic on codes": (LOGISTIC, "ordinal", {"max_iter": 5000}, Scale.LOG_ODDS),
    "boosting": (BOOSTING, "ordinal", {"max_iter": 20}, Scale.LOG_ODDS),
    "boosting on numbers": (
        BOOSTING,
        "ordinal",
        {"max_iter": 20, "categorical_features": None},
        Scale.LOG_ODDS,
    ),
    "forest": (FOREST, "ordinal", {"n_estimators": 10, "max_depth": 6}, Scale.PROBABILITY),
    "one-hot forest": (FOREST, "onehot", {"n_estimators": 5}, Scale.PROBABILITY),
    "tree": ("sklearn.tree.DecisionTreeClassifier", "ordinal", {}, Scale.PROBABILITY),
}


@cache
def model(estimator: str, encoding: str = "ordinal", **params: object) -> Pipeline:
    candidate = Candidate.model_validate(
        {"estimator": estimator, "encoding": encoding, "params": params}
    )
    labels = WORLD["late"].to_numpy().astype(np.int8)
    with threadpool_limits(limits=1):
        return fitted(candidate, FEATURES, WORLD[COLUMNS], labels)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small models on busy cores wait for their threads far longer than they compute."""
    with threadpool_limits(limits=1):
        yield


def attributed(fit: object, inputs: pd.DataFrame = INPUTS) -> Attribution:
    found = attributions(fit, inputs, BACKGROUND)
    assert isinstance(found, Attribution), found
    return found


def on_scale(p: npt.NDArray[np.float64], scale: Scale) -> npt.NDArray[np.float64]:
    return np.log(p / (1 - p)) if scale is Scale.LOG_ODDS else p


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inputs", [INPUTS, STRANGE], ids=["usual", "strange"])
def test_base_and_contributions_add_up_to_the_answer(kind: str, inputs: pd.DataFrame) -> None:
    """One contribution an input, and all of them with the base are the model's answer."""
    estimator, encoding, params, scale = KINDS[kind]
    fit = model(estimator, encoding, **params)
    found = attributed(fit, inputs)
    assert (found.scale, found.columns) == (scale, FEATURES.columns)
    assert found.contributions.shape == inputs.shape
    answers = fit.predict_proba(inputs)[:, 1]
    assert found.answers == pytest.approx(answers, abs=1e-7)
    usual = on_scale(fit.predict_proba(BACKGROUND)[:, 1], scale)
    if np.isfinite(usual).all():
        assert found.base == pytest.approx(float(usual.mean()), abs=1e-6)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"logistic on codes", "tree"}))
def test_contributions_are_the_shapley_values(kind: str) -> None:
    """The same as trying every set of inputs to replace, one by one, on the model itself.

    Whatever an input is encoded as, and also where trees split by sets of its categories.
    """
    estimator, encoding, params, scale = KINDS[kind]
    fit = model(estimator, encoding, **params)
    row = INPUTS.iloc[[3]]
    found = attributed(fit, row).contributions[0]
    # Forests keep their thresholds in single precision.
    exact = 1e-6 if scale is Scale.PROBABILITY else 1e-12
    assert found == pytest.approx(shapley_values(fit, row, scale), abs=exact)


def test_more_inputs_than_a_word_has_bits() -> None:
    """Of a hundred inputs each has its own contribution."""
    rows = np.random.default_rng(0).normal(size=(300, 100))
    labels = rows[:, [3, 80]].sum(axis=1) > 0
    fit = RandomForestClassifier(n_estimators=3, random_state=0).fit(rows, labels)
    own, background = rows[:2].astype("f4").astype("f8"), rows[2:40].astype("f4").astype("f8")
    found = trees.contributions(trees.forest(fit), own, background, np.arange(100), 100)
    gone = fit.predict_proba(own)[:, 1] - fit.predict_proba(background)[:, 1].mean()
    assert found.sum(axis=1) == pytest.approx(gone, abs=1e-12)
    asked = {column for tree in fit.estimators_ for column in tree.tree_.feature.tolist()}
    added = set(np.flatnonzero(np.abs(found).sum(axis=0)).tolist())
    assert added <= asked
    assert max(added) >= 64


def test_a_column_without_values_adds_nothing() -> None:
    """What the model leaves out is told all the same, with 0."""
    empty = WORLD.assign(seats=pd.array([None] * len(WORLD), dtype="Int64"))[COLUMNS]
    candidate = Candidate.model_validate({"estimator": FOREST, "encoding": "ordinal"})
    fit = fitted(candidate, FEATURES, empty, WORLD["late"].to_numpy().astype(np.int8))
    found = attributions(fit, empty.head(3), empty.tail(9))
    assert isinstance(found, Attribution)
    assert (found.contributions[:, COLUMNS.index("seats")] == 0).all()


def test_a_stored_model_is_explained_like_the_one_that_was_fitted(tmp_path: Path) -> None:
    """What skops reads back has all that an explanation needs."""
    estimator, encoding, params, _ = KINDS["boosting"]
    fit = model(estimator, encoding, **params)
    artifact.save(fit, tmp_path)
    loaded = artifact.load(tmp_path, artifact.manifest(tmp_path))
    assert (attributed(loaded).contributions == attributed(fit).contributions).all()


def test_other_models_are_named_as_not_cheap() -> None:
    """Neighbours, a bare estimator, or answers that a weight does not explain: said, not raised."""

    class Sloped(LogisticRegression):  # type: ignore[misc]
        def predict_proba(self, rows: object) -> npt.NDArray[np.float64]:
            answers: npt.NDArray[np.float64] = super().predict_proba(rows) / 2
            return answers

    neighbours = model("sklearn.neighbors.KNeighborsClassifier")
    encoder = model(LOGISTIC, "onehot")[0]
    labels = WORLD["late"].head(len(INPUTS))
    sloped = Pipeline(
        [("inputs", encoder), ("model", Sloped().fit(encoder.transform(INPUTS), labels))]
    )
    for fit, reason in (
        (neighbours, "KNeighborsClassifier is neither linear nor made of trees"),
        (LogisticRegression(), "LogisticRegression is no pipeline of encoded columns"),
        (sloped, "contributions miss the answers of Sloped by 0."),
    ):
        found = attributions(fit, INPUTS, BACKGROUND)
        assert isinstance(found, NotCheap)
        assert reason in found.reason


def test_trees_that_are_too_large_are_not_explained() -> None:
    """A forest of millions of nodes would take minutes."""
    tree = trees.forest(model("sklearn.tree.DecisionTreeClassifier")[-1])[0]
    grown = replace(tree, left=np.resize(tree.left, 700_000))
    rows, owners = np.zeros((1, 5)), np.arange(5)
    with pytest.raises(trees.TooDear, match="2,100,000 nodes in 3 trees are too many"):
        trees.contributions([grown] * 3, rows, rows, owners, 5)


def shapley_values(fit: Pipeline, row: pd.DataFrame, scale: Scale) -> list[float]:
    """By their definition: the mean gain of an input over all sets of the others."""
    worth = {}
    for size in range(len(COLUMNS) + 1):
        for chosen in combinations(COLUMNS, size):
            asked = BACKGROUND.assign(**{name: row[name].iloc[0] for name in chosen})
            asked = asked.astype(BACKGROUND.dtypes)
            worth[chosen] = float(on_scale(fit.predict_proba(asked)[:, 1], scale).mean())
    n = len(COLUMNS)
    return [
        sum(
            (worth[tuple(c for c in COLUMNS if c in with_it)] - worth[chosen])
            / (n * comb(n - 1, len(chosen)))
            for chosen in worth
            if name not in chosen
            for with_it in [(*chosen, name)]
        )
        for name in COLUMNS
    ]
