"""What a candidate's description becomes, and what it says when it cannot."""

import re

import numpy as np
import pandas as pd
import pytest

from config.schema import Candidate, Features
from tasks.errors import NotEnoughData, Terminal
from tasks.models.estimators import build, fitted
from tests.models.conftest import FEATURES, LOGISTIC

BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"
FOREST = "sklearn.ensemble.RandomForestClassifier"
NEIGHBOURS = "sklearn.neighbors.KNeighborsClassifier"


def described(estimator: str, encoding: str = "ordinal", **params: object) -> Candidate:
    return Candidate.model_validate(
        {"estimator": estimator, "encoding": encoding, "params": params}
    )


def answers(candidate: Candidate, fit_on: pd.DataFrame, ask: pd.DataFrame) -> np.ndarray:
    columns = list(FEATURES.columns)
    labels = fit_on["late"].to_numpy().astype(np.int8)
    model = fitted(candidate, FEATURES, fit_on[columns], labels)
    result: np.ndarray = model.predict_proba(ask[columns])[:, 1]
    return result


@pytest.mark.parametrize(
    ("estimator", "encoding"),
    [(LOGISTIC, "onehot"), (BOOSTING, "ordinal"), (FOREST, "ordinal"), (NEIGHBOURS, "ordinal")],
)
def test_nulls_and_unseen_categories_are_taken_as_they_come(
    world: pd.DataFrame, estimator: str, encoding: str
) -> None:
    """A row of nulls and of categories never seen gets a probability, not an error."""
    strange = world.head(3).assign(
        carrier=pd.Series(["ZZ", None, "AA"]),
        maker=pd.Series([None, None, "ZEPPELIN"]),
        hour=[np.nan, 9.0, 9.0],
    )
    strange["seats"] = pd.array([None, None, None], dtype="Int64")
    given = answers(described(estimator, encoding), world, strange)
    assert ((given >= 0) & (given <= 1)).all()


def test_a_column_without_a_single_value_can_be_trained_on(world: pd.DataFrame) -> None:
    """An all-null feature is useless, not fatal."""
    empty = world.assign(seats=pd.array([None] * len(world), dtype="Int64"), maker=None)
    for candidate in (described(LOGISTIC, "onehot"), described(BOOSTING)):
        assert np.isfinite(answers(candidate, empty, empty)).all()


def test_a_frame_without_any_value_is_an_error_that_counts(world: pd.DataFrame) -> None:
    """A model of nothing is not built."""
    empty = world.assign(**dict.fromkeys(FEATURES.columns))
    with pytest.raises(NotEnoughData, match="0 of 5 feature columns have a value in 600 rows"):
        answers(described(BOOSTING), empty, empty)


def test_categories_are_categories_to_an_estimator_that_knows_them() -> None:
    """Histogram gradient boosting is told which of its columns are codes."""
    model = build(described(BOOSTING), FEATURES)
    assert model.get_params()["model__categorical_features"] == [3, 4]


def test_the_seed_is_the_random_state(world: pd.DataFrame) -> None:
    """A candidate's seed reaches the estimator, unless its parameters say otherwise."""
    seeded = described(FOREST).model_copy(update={"seed": 11})
    assert build(seeded, FEATURES).get_params()["model__random_state"] == 11
    given = described(FOREST, random_state=5)
    assert build(given, FEATURES).get_params()["model__random_state"] == 5


def test_features_of_one_kind_are_enough(world: pd.DataFrame) -> None:
    """A pipeline without categories, or with nothing else, is built all the same."""
    for features in (
        Features(lookback_days=1, numeric=("hour",)),
        Features(lookback_days=1, categorical=("carrier",)),
    ):
        model = build(described(BOOSTING), features)
        model.fit(world[list(features.columns)], world["late"])


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            described("sklearn.ensemble.RandomForrestClassifier"),
            "has no 'RandomForrestClassifier'; did you mean 'RandomForestClassifier'?",
        ),
        (
            described(FOREST, n_estimator=3),
            "has no parameter 'n_estimator'; did you mean 'n_estimators'?",
        ),
        (described("no_such.place.Model"), "'no_such.place.Model' cannot be imported"),
        (described("Model"), "'Model' cannot be imported"),
        (described("pathlib.Path"), "pathlib.Path is no scikit-learn estimator"),
    ],
)
def test_a_wrong_name_is_an_error_with_the_nearest(candidate: Candidate, message: str) -> None:
    """Unknown estimators and parameters are named, with what was probably meant."""
    with pytest.raises(Terminal, match=re.escape(message)):
        build(candidate, FEATURES)
