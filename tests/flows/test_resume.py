"""A retrain that dies is run again, and ends where it would have ended."""

import signal
from typing import Any

import pytest
from prefect.tasks import Task

from flows.retrain import retrain
from tasks import evaluate, fit, record, register, tell
from tests.conftest import LATE, RENEWAL
from tests.flows.killed import elsewhere
from tests.installation import Installation, State
from tests.shop import NAME, day, night

pytestmark = pytest.mark.slow

Step = Task[Any, Any]

STEPS: dict[str, Step] = {
    "after the fits": fit.best,
    "after the contest": evaluate.judge,
    "before the registration": register.version,
    "before the decision": record.decide,
    "after the decision": tell.verdict,
    "before the alias": register.alias,
    "before the cause is settled": record.settle,
}
"""Where a retrain fails: the step that raises."""


class PowerCutError(Exception):
    """Something that nobody expected."""


def end_state(shop: Installation) -> State:
    """What a retrain leaves: versions, decisions, runs that ended, and who serves."""
    stores = shop.stores
    decisions = stores.ledger.decisions(NAME)
    return {
        "decisions": [(d.kind, d.version, d.champion, d.reason) for d in decisions],
        "measured": [d.evidence["measured"] for d in decisions],
        "versions": [(v.number, v.candidate) for v in stores.ledger.versions(NAME)],
        "registered": [row[:2] for row in stores_rows(shop, "model_versions")],
        "alias": stores.registry.pointed(NAME),
        "problems": stores.ledger.verify(NAME),
    }


def stores_rows(shop: Installation, table: str) -> list[tuple[object, ...]]:
    """Rows of one of MLflow's tables."""
    dumped = shop.state()["mlflow"]
    assert isinstance(dumped, dict)
    return list(dumped[table])


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_retrain_that_failed_ends_as_if_it_had_not(
    step: Step,
    turned: Installation,
    _renewed: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever step fails, the next run ends with one version, one decision, one alias."""

    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(step, "fn", cut)
        with pytest.raises(PowerCutError):
            retrain(NAME, night(day(LATE)), RENEWAL)
    retrain(NAME, night(day(LATE)), RENEWAL)
    assert end_state(turned) == end_state(_renewed)


def test_a_retrain_that_was_killed_ends_as_if_it_had_not(
    turned: Installation, _renewed: Installation
) -> None:
    """Killed at once and without warning, the next run ends in the same state."""
    died = elsewhere("inside the registration", night(day(LATE)), RENEWAL)
    _, said = died.communicate(timeout=120)
    assert died.returncode == -signal.SIGKILL, said.decode()[-2000:]
    assert turned.stores.ledger.champion(NAME) == 1
    early = retrain(NAME, night(day(LATE)), RENEWAL)
    assert "another is under way: retrain shop as of 2024-02-03 03:00" in early.declined
    turned.forge("UPDATE leases SET until = until - 121")  # two minutes pass
    retrain(NAME, night(day(LATE)), RENEWAL)
    assert end_state(turned) == end_state(_renewed)
    assert not [row for row in stores_rows(turned, "runs") if "RUNNING" in row]
