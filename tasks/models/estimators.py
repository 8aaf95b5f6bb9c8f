"""From a candidate's description to a scikit-learn pipeline that takes the feature frame."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

from config.hints import hint
from config.schema import Candidate, Features
from config.values import Scalar
from tasks.errors import NotEnoughData, Terminal

MODEL_STEP = "model"
_MAX_CATEGORIES = 254  # histogram gradient boosting has 255 bins, one of them for nulls
_RARE_ROWS = 20


def build(candidate: Candidate, features: Features) -> Pipeline:
    """An unfitted pipeline from the columns `features.columns` to a probability.

    Nulls and categories never seen in training are taken as they come. Only scikit-learn's own
    parts are used around the estimator, so that a stored model does not depend on our modules.
    Raises `Terminal` for an unknown estimator or parameter, with the nearest name.
    """
    estimator = _estimator(candidate, features)
    takes_nulls = bool(get_tags(estimator).input_tags.allow_nan)
    if candidate.encoding == "onehot":
        numeric, categorical = _scaled(), _onehot()
    else:
        numeric, categorical = _as_floats(takes_nulls), _ordinal(takes_nulls)
    parts = [
        (name, part, list(columns))
        for name, part, columns in (
            ("numeric", numeric, features.numeric),
            ("categorical", categorical, features.categorical),
        )
        if columns
    ]
    inputs = ColumnTransformer(parts, sparse_threshold=0.3)
    return Pipeline([("inputs", inputs), (MODEL_STEP, estimator)])


def fitted(
    candidate: Candidate,
    features: Features,
    inputs: pd.DataFrame,
    labels: NDArray[np.int8],
    weights: NDArray[np.float64] | None = None,
) -> Pipeline:
    """`build` fitted on inputs (n, columns), labels 0 or 1 (n,), and what rows count (n,).

    Weights are for the estimator alone: inputs are prepared from all rows alike. Columns without a
    single value are left out of the model, which still takes frames that have them: some estimators
    fail on such a column. Raises `NotEnoughData` when none is left, `Terminal` for weights that the
    estimator does not take.
    """
    model = build(candidate, usable(features, inputs))
    return model.fit(inputs, labels, **weighing(model.named_steps[MODEL_STEP], weights, MODEL_STEP))


def weighing(
    estimator: Any, weights: NDArray[np.float64] | None, step: str = ""
) -> dict[str, NDArray[np.float64]]:
    """The argument of `fit` that weighs rows; none without weights."""
    if weights is None:
        return {}
    if not has_fit_parameter(estimator, "sample_weight"):
        raise Terminal(
            f"{type(estimator).__name__} takes no weights of rows: take windows.half_life_days "
            "away, or train on fewer days with windows.max_train_days"
        )
    return {f"{step}__sample_weight" if step else "sample_weight": weights}


def usable(features: Features, inputs: pd.DataFrame) -> Features:
    """The features that have a value in some row; `NotEnoughData` when none has."""
    valued = inputs.columns[inputs.notna().any()]
    kept = features.model_copy(
        update={
            "numeric": tuple(name for name in features.numeric if name in valued),
            "categorical": tuple(name for name in features.categorical if name in valued),
        }
    )
    if not kept.columns:
        raise NotEnoughData(
            f"0 of {len(features.columns)} feature columns have a value in {len(inputs)} rows"
        )
    return kept


def with_params(candidate: Candidate, params: Mapping[str, Scalar]) -> Candidate:
    """The same candidate with other parameters of the estimator."""
    return candidate.model_copy(update={"params": {**candidate.params, **params}})


def _estimator(candidate: Candidate, features: Features) -> Any:
    kind = _imported(candidate.estimator)
    try:
        estimator = kind()
        known = estimator.get_params()
    except (TypeError, AttributeError) as error:
        raise Terminal(
            f"{candidate.estimator} is no scikit-learn estimator with defaults: {error}"
        ) from error
    for name in (*candidate.params, *candidate.search):
        if name not in known:
            raise Terminal(f"{candidate.estimator} has no parameter {name!r}{hint(name, known)}")
    params: dict[str, object] = dict(candidate.params)
    if "random_state" in known:
        params.setdefault("random_state", candidate.seed)
    if candidate.encoding == "ordinal" and "categorical_features" in known:
        params.setdefault("categorical_features", _category_positions(features))
    return estimator.set_params(**params)


def _imported(path: str) -> Any:
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, ValueError) as error:
        raise Terminal(f"estimator {path!r} cannot be imported: {error}") from error
    if not hasattr(module, name):
        classes = [each for each in dir(module) if each[:1].isupper()]
        raise Terminal(f"{module_name} has no {name!r}{hint(name, classes)}")
    return getattr(module, name)


def _category_positions(features: Features) -> list[int] | None:
    first = len(features.numeric)
    return list(range(first, len(features.columns))) or None


def _scaled() -> Pipeline:
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return Pipeline([("impute", imputer), ("scale", StandardScaler())])


def _onehot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_RARE_ROWS)


def _as_floats(takes_nulls: bool) -> Any:
    # A scaler that neither centres nor scales: nullable integers and booleans become floats and
    # nulls become nan, which `passthrough` leaves to luck.
    floats = StandardScaler(with_mean=False, with_std=False)
    if takes_nulls:
        return floats
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return Pipeline([("floats", floats), ("impute", imputer)])


def _ordinal(takes_nulls: bool) -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=float("nan") if takes_nulls else -1,
        max_categories=_MAX_CATEGORIES,
    )
