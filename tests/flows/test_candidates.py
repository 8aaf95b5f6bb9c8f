"""Candidates that go wrong do not stop the others; if all do, the champion keeps serving."""

import pytest

from flows.ingest import ingest
from flows.retrain import retrain
from flows.score import score
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night

BROKEN = {
    "raising": {"estimator": "tests.models.misbehaving.Raises"},
    "hanging": {
        "estimator": "tests.models.misbehaving.Hangs",
        "budget": {"seconds": 1.5, "memory_mb": 500, "trials": 1},
    },
    "hoarding": {
        "estimator": "tests.models.misbehaving.Hoards",
        "budget": {"seconds": 20, "memory_mb": 300, "trials": 1},
    },
}


def test_the_others_go_on(turned: Installation) -> None:
    """One raises, one hangs, one runs out of memory: each is recorded, the rest is judged."""
    turned.define({"candidates": {**BROKEN, "boosting": None, "forest": None}})
    decision = decided(retrain(NAME, night(day(LATE)), "try new ones"))
    assert (decision.kind, decision.champion) == ("promoted", 2)
    attempts = decision.evidence["attempts"]
    assert isinstance(attempts, list)
    told = {each["candidate"]: each.get("kind", "fitted") for each in attempts}
    assert told == {
        "logistic": "fitted",
        "raising": "error",
        "hanging": "timeout",
        "hoarding": "memory",
    }
    assert turned.stores.ledger.version(NAME, 2).candidate == "logistic"


def test_all_fail_and_the_champion_keeps_serving(turned: Installation) -> None:
    """Nothing is registered or decided, every reason is told, and questions get answers."""
    turned.define({"candidates": {**BROKEN, "logistic": None, "boosting": None, "forest": None}})
    before = turned.state()
    with pytest.raises(Terminal, match="0 of 3 candidates could be fitted") as refusal:
        retrain(NAME, night(day(LATE)), "try new ones")
    for reason in ("no convergence today", "hanging timeout", "hoarding memory"):
        assert reason in str(refusal.value)
    after = turned.state()
    assert {name: after[name] for name in ("ledger", "mlflow", "tables")} == {
        name: before[name] for name in ("ledger", "mlflow", "tables")
    }
    turned.deliver(LATE, LATE)
    ingest(NAME, night(day(LATE + 1)))
    scored = score(NAME, night(day(LATE + 1)))
    assert (scored.rows, scored.versions) == (70, (1,))
