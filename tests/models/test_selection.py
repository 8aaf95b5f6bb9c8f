"""Candidates of a retrain: each has its job, finished work is known again, the best is chosen."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.values import Metric
from tasks.data.artifact import REFERENCE
from tasks.errors import Terminal
from tasks.models.fitting import RESULT, fit_within_budget, once
from tasks.models.selection import FRAME, PROFILES, best, jobs
from tasks.profiles import storing
from tasks.profiles.columns import CategoricalProfile, NumericProfile, merged
from tasks.profiles.frames import profiled
from tasks.records import Failure, Fit
from tests.features.lakes import defined
from tests.shop import day


def fit(name: str, *folds: float) -> Fit:
    return Fit(name, f"work/{name}", {}, folds, 1, 1.0, 1.0, 100.0)


FAILED = Failure("forest", "timeout", "not done within 60 s", 60.0)


@pytest.mark.parametrize(
    ("metric", "attempts", "name"),
    [
        ("roc_auc", [fit("a", 0.7, 0.6), fit("b", 0.7, 0.8)], "b"),
        ("log_loss", [fit("a", 0.5), fit("b", 0.4)], "b"),
        ("brier", [fit("a", 0.1), fit("b", 0.2)], "a"),
        ("roc_auc", [fit("a", 0.7), fit("b", 0.7)], "a"),
        ("roc_auc", [FAILED, fit("a", 0.6)], "a"),
        ("roc_auc", [fit("a", math.nan), fit("b", 0.5)], "b"),
        ("log_loss", [fit("a"), fit("b", 0.9)], "b"),
        ("roc_auc", [fit("a", 0.5), fit("b", math.nan)], "a"),
        ("roc_auc", [fit("a"), fit("b")], "a"),
    ],
)
def test_best(metric: Metric, attempts: Sequence[Fit | Failure], name: str) -> None:
    """The best mean over the folds, whichever way the metric points; no score is the worst."""
    assert best(attempts, metric).candidate == name


def test_nobody_was_fitted() -> None:
    """When all candidates fail every reason is told, and that the champion stays."""
    message = r"0 of 2 candidates could be fitted, the champion stays: forest timeout: not done"
    with pytest.raises(Terminal, match=message):
        best([FAILED, Failure("boosting", "memory", "2000 MB", 3.0)], "roc_auc")


@pytest.fixture
def training() -> pd.DataFrame:
    """Rows as a split gives them."""
    random = np.random.default_rng(1)
    amount = random.normal(50, 20, 600)
    return pd.DataFrame(
        {
            "order_id": [str(n) for n in range(600)],
            "day": [day(1 + n // 40).isoformat() for n in range(600)],
            "amount": amount,
            "items": 1.0,
            "hour": random.integers(8, 20, 600).astype(float),
            "store_return_share": np.where(random.random(600) < 0.1, np.nan, 0.3),
            "category": pd.Series(random.choice(["shoes", "books"], 600), dtype=object),
            "store": pd.Series([None] * 600, dtype=object),
            "returned": (random.random(600) < 1 / (1 + np.exp(-(amount - 50) / 10))).astype("int8"),
        }
    )


def test_jobs(training: pd.DataFrame, tmp_path: Path) -> None:
    """A job a candidate with a folder of its own, on one frame; each keeps a sample of inputs."""
    shop = defined(tmp_path)
    made = jobs(shop, training, tmp_path / "work")
    assert [job.name for job in made] == ["logistic", "boosting", "forest"]
    assert {job.frame_path for job in made} == {tmp_path / "work" / FRAME}
    assert len({job.folder for job in made}) == 3
    frame = pd.read_feather(tmp_path / "work" / FRAME)
    assert set(frame) == {"day", "returned", *shop.pipeline.features.columns}
    assert len(frame) == 600
    for job in made:
        sample = pd.read_parquet(job.folder / REFERENCE)
        assert list(sample) == list(shop.pipeline.features.columns)
        assert len(sample) == shop.pipeline.watch.report_rows == 200


def test_profiles_of_the_training_window(training: pd.DataFrame, tmp_path: Path) -> None:
    """Beside every candidate lie the profiles of inputs and label by day: of all training rows."""
    shop = defined(tmp_path)
    made = jobs(shop, training, tmp_path / "work")
    assert len({(job.folder / PROFILES).read_bytes() for job in made}) == 1
    days = storing.read(made[0].folder / PROFILES)
    assert list(days) == [day(n) for n in range(1, 16)]
    assert {each.rows for each in days.values()} == {40}
    features = shop.pipeline.features
    found = merged(days.values())
    assert set(found.columns) == {*features.columns, "returned"}
    whole = profiled(training, features.numeric, features.categorical)
    amount, all_amounts = found.columns["amount"], whole.columns["amount"]
    assert isinstance(amount, NumericProfile)
    assert isinstance(all_amounts, NumericProfile)
    assert amount.sketch == all_amounts.sketch
    for name in features.categorical:
        assert isinstance(found.columns[name], CategoricalProfile)
        assert found.columns[name] == whole.columns[name]
    label = found.columns["returned"]
    assert isinstance(label, NumericProfile)
    assert label.moments.mean == pytest.approx(float(training["returned"].mean()))


def test_jobs_again(training: pd.DataFrame, tmp_path: Path) -> None:
    """Made again after a crash they are the same to the byte."""
    shop = defined(tmp_path)
    before = [jobs(shop, training, tmp_path / "work"), _bytes(tmp_path / "work")]
    assert [jobs(shop, training, tmp_path / "work"), _bytes(tmp_path / "work")] == before


def test_small_sample(training: pd.DataFrame, tmp_path: Path) -> None:
    """Fewer rows than the sample wants are all in it."""
    (job, *_) = jobs(defined(tmp_path), training.head(30), tmp_path / "work")
    assert len(pd.read_parquet(job.folder / REFERENCE)) == 30


def test_attempt_is_made_once(training: pd.DataFrame, tmp_path: Path) -> None:
    """A finished attempt is not made again: what it said is read back as it was."""
    (job, *_) = jobs(defined(tmp_path), training, tmp_path / "work")
    told = once(job, fit_within_budget)
    assert isinstance(told, Fit), told
    before = _bytes(job.folder)
    assert once(job, fit_within_budget) == told
    assert _bytes(job.folder) == before
    assert not (job.folder / RESULT).with_suffix(".tmp").exists()


def test_failures_are_remembered_too(training: pd.DataFrame, tmp_path: Path) -> None:
    """A candidate that failed is not tried again in the same attempt."""
    changes = {"candidates": {"logistic": {"estimator": "sklearn.linear_model.LogisticRegresion"}}}
    (job, *_) = jobs(defined(tmp_path, changes), training, tmp_path / "work")
    told = once(job, fit_within_budget)
    assert isinstance(told, Failure)
    assert once(job, fit_within_budget) == told


def test_unfinished_attempt(training: pd.DataFrame, tmp_path: Path) -> None:
    """What a killed process left half written is made again."""
    (job, *_) = jobs(defined(tmp_path), training, tmp_path / "work")
    (job.folder / RESULT).with_suffix(".tmp").write_text('{"candidate": "logi')
    assert isinstance(once(job, fit_within_budget), Fit)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
