"""A small world in which lateness depends on the hour, the carrier and a nullable column."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.schema import Budget, Candidate, Features, Windows
from tasks.models.job import Job

FEATURES = Features(
    lookback_days=7, numeric=("hour", "seats", "holiday"), categorical=("carrier", "maker")
)
WINDOWS = Windows(holdout_days=1, folds=2, fold_days=3, min_train_days=6)
LOGISTIC = "sklearn.linear_model.LogisticRegression"


def small_world(days: int = 15, rows_a_day: int = 40, seed: int = 3) -> pd.DataFrame:
    """Rows of `days * rows_a_day` flights with nulls, nullable integers and booleans."""
    rng = np.random.default_rng(seed)
    rows = days * rows_a_day
    hour = rng.integers(5, 23, rows).astype(float)
    carrier = rng.choice(["AA", "B6", "UA"], rows)
    chance = 1 / (1 + np.exp(-(0.4 * (hour - 15) + (carrier == "B6"))))
    seats = pd.array(rng.integers(50, 300, rows), dtype="Int64")
    seats[rng.uniform(size=rows) < 0.2] = pd.NA
    maker = pd.Series(rng.choice(["AIRBUS", "BOEING"], rows)).mask(rng.uniform(size=rows) < 0.1)
    return pd.DataFrame(
        {
            "key": [f"flight-{row}" for row in range(rows)],
            "day": np.repeat(
                pd.date_range("2013-01-01", periods=days).strftime("%Y-%m-%d"), rows_a_day
            ),
            "hour": hour,
            "seats": seats,
            "holiday": rng.uniform(size=rows) < 0.1,
            "carrier": carrier,
            "maker": maker,
            "late": rng.uniform(size=rows) < chance,
        }
    )


@pytest.fixture
def world() -> pd.DataFrame:
    return small_world()


@pytest.fixture
def job(tmp_path: Path, world: pd.DataFrame) -> Callable[..., Job]:
    """A job for an estimator by dotted path; the rest has defaults."""
    frame_path = tmp_path / "training.feather"
    world.to_feather(frame_path)

    def make(
        estimator: str = LOGISTIC,
        name: str = "candidate",
        budget: Budget | None = None,
        **candidate: object,
    ) -> Job:
        described = {"estimator": estimator, **candidate}
        described["budget"] = budget or Budget(seconds=60, memory_mb=1000, trials=1)
        return Job(
            name=name,
            candidate=Candidate.model_validate(described),
            features=FEATURES,
            metric="roc_auc",
            windows=WINDOWS,
            frame_path=frame_path,
            label="late",
            folder=tmp_path / "fits" / name,
        )

    return make
