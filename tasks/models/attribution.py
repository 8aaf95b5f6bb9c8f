"""What each input added to an answer: Shapley values, where they are cheap and exact."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from tasks.models import trees
from tasks.models.contributions import Attribution, Floats, NotCheap, Scale

Owners = npt.NDArray[np.intp]
"""The input that each encoded column stems from, by its place."""

_FORESTS = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
_ADDS_UP = 1e-6  # in probability: forests keep their thresholds in single precision


@dataclass(frozen=True)
class _Rows:
    """Encoded rows and background, the input of each of their columns, and the number of inputs."""

    own: Floats
    background: Floats
    owners: Owners
    inputs: int


@dataclass(frozen=True)
class _Parts:
    """Contributions by input."""

    scale: Scale
    base: float
    each: Floats


def attributions(
    model: object, inputs: pd.DataFrame, background: pd.DataFrame
) -> Attribution | NotCheap:
    """What each column of `inputs` (n, columns) added to the model's answers.

    Shapley values (Lundberg and Lee, NIPS 2017) against `background`, rows of the same columns:
    the base is the mean answer there, a contribution is what replacing the background's value by
    the row's own adds, averaged over the background and over all orders of replacing. Inputs are
    replaced as if they were independent, so they are true to the model rather than to the data
    (Janzing, Minorics and Bloebaum, AISTATS 2020). An input is replaced whole, whatever columns it
    is encoded as. Linear models and boosting answer in log-odds, forests in probability.

    Every answer is checked against the model's own: what does not add up is `NotCheap`, as is any
    other kind of model.
    """
    if not isinstance(model, Pipeline) or not isinstance(model[0], ColumnTransformer):
        return NotCheap(f"{type(model).__name__} is no pipeline of encoded columns")
    with threadpool_limits(limits=1):  # threads that wait for a busy core cost ten times the work
        return _attributed(model, inputs, background)


def _attributed(
    model: Pipeline, inputs: pd.DataFrame, background: pd.DataFrame
) -> Attribution | NotCheap:
    encoder, estimator = model[0], model[-1]
    names = [str(name) for name in inputs.columns]
    owners = np.array([names.index(owner) for owner in _owners(encoder)], dtype=np.intp)
    rows = _Rows(_dense(encoder, inputs), _dense(encoder, background), owners, len(names))
    try:
        parts = _parts(estimator, rows)
    except trees.TooDear as error:
        return NotCheap(str(error))
    made = Attribution(parts.scale, parts.base, tuple(names), parts.each)
    off = np.abs(made.answers - model.predict_proba(inputs)[:, 1]).max(initial=0.0)
    if not off <= _ADDS_UP:
        return NotCheap(f"contributions miss the answers of {_named(estimator)} by {off:.2g}")
    return made


def _parts(estimator: Any, rows: _Rows) -> _Parts:
    if isinstance(estimator, HistGradientBoostingClassifier):
        return _boosting(estimator, rows)
    if isinstance(estimator, _FORESTS):
        return _forest(estimator, rows)
    weights = getattr(estimator, "coef_", np.empty(0))
    if weights.shape == (1, rows.own.shape[1]):
        return _linear(estimator, rows)
    raise trees.TooDear(f"{_named(estimator)} is neither linear nor made of trees")


def _linear(estimator: Any, rows: _Rows) -> _Parts:
    """Exact, and in closed form: the weight times the distance from the background's mean."""
    weights, centre = estimator.coef_[0], rows.background.mean(axis=0)
    base = float(estimator.intercept_[0] + centre @ weights)
    of = rows.owners[:, None] == np.arange(rows.inputs)
    return _Parts(Scale.LOG_ODDS, base, ((rows.own - centre) * weights) @ of)


def _forest(estimator: Any, rows: _Rows) -> _Parts:
    # Forests compare in single precision.
    own, background = (each.astype("f4").astype("f8") for each in (rows.own, rows.background))
    base = float(estimator.predict_proba(background)[:, 1].mean())
    grown = trees.forest(estimator)
    each = trees.contributions(grown, own, background, rows.owners, rows.inputs)
    return _Parts(Scale.PROBABILITY, base, each)


def _boosting(estimator: Any, rows: _Rows) -> _Parts:
    base = float(estimator.decision_function(rows.background).mean())
    # It has codes of its own for categories, and moves their columns to the front.
    own, background = (
        estimator._preprocess_X(each, reset=False) for each in (rows.own, rows.background)
    )
    owners, categories = rows.owners, estimator.is_categorical_
    if categories is not None:
        owners = np.concatenate([owners[categories], owners[~categories]])
    each = trees.contributions(trees.boosted(estimator), own, background, owners, rows.inputs)
    return _Parts(Scale.LOG_ODDS, base, each)


def _dense(encoder: ColumnTransformer, rows: pd.DataFrame) -> Floats:
    encoded = encoder.transform(rows)
    dense = encoded.toarray() if hasattr(encoded, "toarray") else encoded
    return np.asarray(dense, dtype=np.float64)


def _owners(encoder: ColumnTransformer) -> list[str]:
    """The input that each encoded column stems from."""
    return [
        owner
        for _, part, columns in encoder.transformers_
        if not isinstance(part, str)  # `drop`, of the columns that have no values
        for owner in _owners_after(part, columns)
    ]


def _owners_after(part: Any, columns: Sequence[str]) -> Sequence[str]:
    if isinstance(part, Pipeline):
        for step in part:
            columns = _owners_after(step, columns)
        return columns
    if isinstance(part, OneHotEncoder):
        naming = copy.copy(part).set_params(feature_name_combiner=lambda column, _: column)
        return list(naming.get_feature_names_out(columns))
    if isinstance(part, SimpleImputer) and part.indicator_ is not None:
        return [*columns, *(columns[number] for number in part.indicator_.features_)]
    return columns


def _named(estimator: object) -> str:
    return type(estimator).__name__
