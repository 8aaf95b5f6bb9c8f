"""A winner goes on from who served, is fitted again on all days, and ships with a certificate."""

import pytest

from flows.ingest import ingest
from flows.retrain import retrain
from tasks.errors import NotEnoughData
from tests.conftest import LATE, TRAINED
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night

FOREST = {
    "estimator": "sklearn.ensemble.RandomForestClassifier",
    "encoding": "ordinal",
    "params": {"n_estimators": 30, "max_depth": 3, "min_samples_leaf": 40},
    "budget": {"seconds": 30, "memory_mb": 1000, "trials": 1},
}
ONLY = {"logistic": None, "boosting": None}


def test_a_winner_of_all_days(trained: Installation) -> None:
    """What ships was trained on the holdout too, and no rows are left to judge a next one on."""
    windows = {"refit": True, "max_train_days": None}
    changes = {
        "windows": windows,
        "gate": {"margin": 0.2},
        "candidates": {**ONLY, "forest": FOREST},
    }
    trained.define(changes)
    trained.deliver(TRAINED, LATE - 1)
    ingest(NAME, night(day(LATE)))
    decision = decided(retrain(NAME, night(day(LATE)), "more days"))
    refit = decision.evidence["refit"]
    assert isinstance(refit, dict), decision.reason
    assert refit["certificate"]["status"] == "pass", refit["certificate"]["reason"]
    version = trained.stores.ledger.version(NAME, 2)
    assert version.manifest["model.skops"] == refit["digests"]["refit"]
    assert version.trained_through == day(LATE - 2)
    with pytest.raises(NotEnoughData, match=f"0 complete days after {day(LATE - 2)}, the champ"):
        retrain(NAME, night(day(LATE + 1)), "nothing new")


def test_a_winner_that_would_move(turned: Installation) -> None:
    """In a world that has just turned the refit is another model: what was judged ships.

    The evidence names the version that the winner went on from, and why the refit does not ship.
    """
    served = turned.stores.ledger.version(NAME, 1)
    others = dict.fromkeys({"logistic", "boosting", "forest"} - {served.candidate})
    warm = {**others, served.candidate: {"warm_start": True}}
    turned.define({"windows": {"refit": True}, "candidates": warm})
    decision = decided(retrain(NAME, night(day(LATE)), "the world turned"))
    assert (decision.kind, decision.champion) == ("promoted", 2), decision.reason
    attempts, refit = decision.evidence["attempts"], decision.evidence["refit"]
    assert isinstance(attempts, list)
    assert attempts[0]["parent"] == {"version": 1, "digest": served.manifest["model.skops"]}
    assert isinstance(refit, dict)
    assert refit["certificate"]["status"] == "fail"
    version = turned.stores.ledger.version(NAME, 2)
    assert version.manifest["model.skops"] == refit["digests"]["evaluated"]
    assert version.trained_through == day(LATE - 7)
