"""A model as MLflow wants it, around the very bytes that were evaluated."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.types.schema import Schema, TensorSpec
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from tasks.data import artifact
from tasks.errors import Terminal

_REQUIREMENTS = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")


def dress(folder: Path, model: Model, signature: ModelSignature) -> None:
    """Adds to a folder with `model.skops` what MLflow needs to load it; its bytes stay.

    MLflow would write the estimator anew, and skops never writes the same bytes twice.
    """
    model.signature = signature
    model.add_flavor(
        "python_function",
        loader_module="mlflow.sklearn",
        model_path=artifact.MODEL_FILE,
        env={"virtualenv": "python_env.yaml"},
        predict_fn="predict_proba",
        python_version=platform.python_version(),
    )
    model.add_flavor(
        "sklearn",
        pickled_model=artifact.MODEL_FILE,
        sklearn_version=version("scikit-learn"),
        serialization_format="skops",
        code=None,
        skops_trusted_types=list(artifact.TRUSTED),
    )
    model.model_size_bytes = sum(
        path.stat().st_size for path in folder.rglob("*") if path.is_file()
    )
    pinned = "\n".join(f"{name}=={version(name)}" for name in _REQUIREMENTS)
    (folder / "requirements.txt").write_text(pinned + "\n")
    environment = {
        "python": platform.python_version(),
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(yaml.safe_dump(environment))
    model.save(str(folder / "MLmodel"))


def signature(example: pd.DataFrame) -> ModelSignature:
    """Inputs by name and type, output a probability for each of two classes.

    Whole numbers and booleans become floats: an integer column cannot say that a value is
    missing, and a nullable one would silently leave the model without any signature.
    """
    if example.empty:
        raise Terminal("a model needs at least one example row: its signature is read from it")
    inputs = infer_signature(pd.DataFrame({name: _typed(example[name]) for name in example})).inputs
    return ModelSignature(inputs=inputs, outputs=Schema([TensorSpec(np.dtype("float64"), (-1, 2))]))


def _typed(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if is_datetime64_any_dtype(column):
        return column
    if is_numeric_dtype(column) or is_bool_dtype(column):
        return column.astype("Float64").astype("float64")
    return column.astype(object).where(column.notna(), None)
