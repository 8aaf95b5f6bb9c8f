"""One real MLflow for the session (its database takes a second to make), a pipeline a test."""

from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.data import artifact
from tasks.records import Failure, Fit
from tasks.registry.registry import Registry
from tasks.registry.submission import Submission

_NUMBERS = count()

Submit = Callable[..., Submission]


def example(rows: int = 60) -> pd.DataFrame:
    """Rows as a feature query gives them."""
    draws = np.random.default_rng(5)
    return pd.DataFrame(
        {"hour": draws.uniform(5, 23, rows), "distance": draws.uniform(80, 2500, rows)}
    )


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="session")
def registry(home: Path) -> Registry:
    return Registry(f"sqlite:///{home}/tracking/mlflow.db", str(home / "artifacts"))


@pytest.fixture
def client(registry: Registry) -> MlflowClient:
    """MLflow as somebody else would look at what was registered."""
    return MlflowClient(registry.tracking_uri, registry_uri=registry.tracking_uri)


@pytest.fixture
def pipeline() -> str:
    return f"flights{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def fitted(home: Path) -> Path:
    """The folder of a fitted candidate."""
    frame = example()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(frame, frame["hour"] > 14)
    artifact.save(model, home / "fit")
    return home / "fit"


@pytest.fixture
def submission(pipeline: str, fitted: Path) -> Submission:
    return Submission(
        pipeline=pipeline,
        key="retrain 2013-03-15",
        folder=fitted,
        candidate="logistic",
        trained_through=date(2013, 3, 4),
        input_example=example().head(5),
        params={"C": 1.0, "penalty": None},
        metrics={"roc_auc": 0.73, "slice:carrier=UA": float("nan")},
        tags={"ratchet.snapshot": "5na9", "ratchet.config": "c0nf19"},
        evidence={"choice": "PROMOTE", "day": date(2013, 3, 15), "low": [float("nan")]},
        attempts=(
            Fit(
                candidate="logistic",
                folder=str(fitted),
                params={"C": 1.0},
                folds=(0.71, 0.73),
                trials=4,
                seconds=2.0,
                cpu_seconds=1.5,
                peak_mb=210.0,
                reused="retrain 2013-03-08",
            ),
            Failure("forest", "timeout", "not done within 60 s", 60.0),
        ),
    )
