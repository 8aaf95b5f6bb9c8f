"""Versions of longer lives reproduce too: random forests, golden rows, warm starts, refits."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from config.settings import Settings, inherited
from flows.ingest import ingest
from flows.pin import pin
from flows.retrain import retrain
from tasks.ledger.attestations import Likeness
from tasks.registry import recipe
from tasks.reproduction.rebuilding import reproduced
from tests.conftest import LATE, TRAINED
from tests.installation import Installation, Templates, copied
from tests.leaks import has_ended
from tests.outcomes import decided
from tests.reproduction.benches import Copy, diverged
from tests.shop import NAME, day, night

T = TypeVar("T")

pytestmark = pytest.mark.slow

FOREST = {
    "estimator": "sklearn.ensemble.RandomForestClassifier",
    "encoding": "ordinal",
    "params": {"n_estimators": 30, "max_depth": 3, "min_samples_leaf": 40},
    "budget": {"seconds": 60, "memory_mb": 1000, "trials": 1},
}
ONLY = {"logistic": None, "boosting": None}
LATER = {
    "gate": {"margin": 0.2, "golden": {"margin": 0.2}},
    "windows": {"refit": True, "max_train_days": None},
}


@pytest.fixture(scope="module")
def _lived(templates: Templates, prefect_here: None) -> Installation:
    """v1 is a forest, v2 a forest that was fitted again on all days, v3 went on from v2."""

    def live(shop: Installation) -> None:
        shop.define({"candidates": {**ONLY, "forest": FOREST}})
        shop.deliver(1, LATE + 5)
        ingest(NAME, night(day(TRAINED)))
        decided(retrain(NAME, night(day(TRAINED)), "first champion"))
        ingest(NAME, night(day(LATE)))
        pin(day(TRAINED + 2), day(TRAINED + 6), "Ada", "to be sure", 200, NAME, night(day(LATE)))
        shop.define({**LATER, "candidates": {**ONLY, "forest": FOREST}})
        second = decided(retrain(NAME, night(day(LATE)), "more days"))
        assert second.champion == 2, second.reason
        refit = second.evidence["refit"]
        assert isinstance(refit, dict)
        assert refit["certificate"]["status"] == "pass", refit["certificate"]["reason"]
        ingest(NAME, night(day(LATE + 6)))
        warm = {**FOREST, "warm_start": True}
        shop.define({**LATER, "candidates": {**ONLY, "forest": warm}})
        third = decided(retrain(NAME, night(day(LATE + 6)), "and more"))
        assert third.version == 3

    return templates.lived("forests", live)


@pytest.fixture
def lived(settings: Settings, _lived: Installation) -> Installation:
    return copied(_lived, settings.home)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_it_reproduces(lived: Installation, number: int) -> None:
    """To the bit, whatever led to it; the pinned rows are those that were pinned then."""
    stores = lived.stores
    version = stores.ledger.version(NAME, number)
    kept = recipe.read(version, stores.folder(number))
    assert (kept.golden, kept.refit, kept.parent is not None) == {
        1: (0, False, False),
        2: (1, True, False),
        3: (1, kept.refit, True),
    }[number]
    found = reproduced(stores, number)
    assert found.likeness is Likeness.IDENTICAL, found.told
    assert found.rows == (350 if number == 1 else 200)
    assert ("golden v1" in found.steps[-1].told) is (number > 1)


def test_another_seed_is_another_fit(lived: Installation, tmp_path: Path) -> None:
    """The definition on record with another seed: the same rows and parameters, other folds."""
    copy = Copy(lived, tmp_path / "bench")
    copy.redefine("trials: 1", "trials: 1\n    seed: 8")
    assert "the folds score" in diverged(copy.again(), "fit")


def test_who_is_killed_leaves_nothing(lived: Installation, tmp_path: Path) -> None:
    """The process that makes a version again ends with the one that asked, and cleans up."""
    command = [sys.executable, "-c", "from deployments.cli import main; main()", "reproduce"]
    environment = {**inherited(), "TMPDIR": str(tmp_path)}
    with subprocess.Popen([*command, "1", NAME], env=environment) as asking:
        (child,) = waited(lambda: psutil.Process(asking.pid).children())
        asking.kill()
    waited(lambda: has_ended(child.pid))
    waited(lambda: not [*tmp_path.glob("ratchet-reproduction-*")])


def waited(look: Callable[[], T]) -> T:
    """What is there at last."""
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("waited for a minute")
