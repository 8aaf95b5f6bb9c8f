"""What was lost or left by a dead run is found, and goes on exactly once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from mlflow.tracking import MlflowClient
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Crashed, Failed, Late, Paused, Pending, Running

from config import events as names
from flows.ingest import ingest
from flows.nightly import nightly
from flows.reconcile import reconcile
from flows.retrain import retrain
from flows.score import score
from flows.watch import watch
from tasks import start
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.flows.told import events, flow_run, run_of
from tests.installation import Installation
from tests.shop import NAME, day, night

CAUSE = "performance-dropped:v1:after-1"
NIGHT = night(day(LATE))


def deployed(flow: "Flow[..., Any]", *tags: str) -> Iterator[UUID]:
    """A deployment of the shop on the embedded server, which nobody works for."""
    made = flow.to_deployment(name=NAME, tags=list(tags))
    assert not hasattr(made, "__await__")
    deployment_id = made.apply()
    with get_client(sync_client=True) as client:
        yield UUID(str(deployment_id))
        client.delete_deployment(UUID(str(deployment_id)))


@pytest.fixture
def client(trained: Installation) -> MlflowClient:
    """MLflow in somebody else's hands."""
    uri = trained.settings.tracking_uri
    return MlflowClient(uri, registry_uri=uri)


@pytest.fixture
def retrains(settings: object, prefect_here: None) -> Iterator[UUID]:
    """`retrain/shop`, as `ratchet deploy` names it."""
    yield from deployed(retrain, "ratchet", f"pipeline:{NAME}")


@pytest.fixture
def nights(settings: object, prefect_here: None) -> Iterator[UUID]:
    """`nightly/shop`."""
    yield from deployed(nightly, "ratchet", f"pipeline:{NAME}")


def runs(deployment: UUID) -> list[FlowRun]:
    """The runs of a deployment."""
    mine = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_run_filter=mine)


def run_in(deployment: UUID, *states: "State[Any]") -> UUID:
    """A run that has come as far as the last of some states."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment, state=states[0])
        for state in states[1:]:
            client.set_flow_run_state(run.id, state, force=True)
        return run.id


def test_a_lost_event(turned: Installation, retrains: UUID) -> None:
    """A drop whose event nobody heard is started once, with its cause, moment and numbers."""
    watch(NAME, NIGHT)
    started = reconcile(NAME, NIGHT).started
    assert started.run
    assert started.why.startswith("performance dropped: roc_auc")
    again = reconcile(NAME, NIGHT + timedelta(minutes=5)).started
    assert (again.run, again.why) == ("", f"{CAUSE}: {started.run} is Scheduled")
    (run,) = runs(retrains)
    assert run.parameters["cause"] == CAUSE
    assert datetime.fromisoformat(run.parameters["as_of"]) == NIGHT
    assert run.parameters["evidence"]["labels"] == 350
    assert set(run.tags) == {"ratchet", f"pipeline:{NAME}"}


def test_without_a_deployment(turned: Installation) -> None:
    """Where nothing is deployed it says what waits; what policy forbids is not started either."""
    watch(NAME, NIGHT)
    lost = reconcile(NAME, NIGHT).started
    assert lost.why == f"there is no deployment retrain/shop that could answer {CAUSE}"
    turned.define({"retrain": {"cool_down_days": 30}})
    waits = reconcile(NAME, NIGHT).started
    assert waits.why.startswith(f"{CAUSE} waits: performance dropped")
    assert "cooling down until 2024-02-18" in waits.why
    turned.forge('UPDATE decisions SET evidence = \'{"cause":"' + CAUSE + "\"}'")
    assert reconcile(NAME, NIGHT).started.told == "", "it has its answer"
    assert turned.stores.ledger.intents(NAME)[0].state == "done"


@pytest.mark.parametrize(
    ("end", "started"), [(Crashed(), start.CRASHES), (Failed(message="a bug"), 1)], ids=str
)
def test_what_became_of_the_last(
    turned: Installation, retrains: UUID, end: "State[Any]", started: int
) -> None:
    """A run that died is succeeded, a few times; one that failed would fail again."""
    watch(NAME, NIGHT)
    for _ in range(started):
        reconcile(NAME, NIGHT)
        with get_client(sync_client=True) as client:
            for run in runs(retrains):
                for state in (Pending(), Running(), end):
                    client.set_flow_run_state(run.id, state)
    assert "a person should look" in reconcile(NAME, NIGHT).started.why
    assert len(runs(retrains)) == started


def test_a_hand_on_the_alias(renewed: Installation) -> None:
    """An alias that was moved, to whomever, or taken away is put right, and it is said."""
    registry = renewed.stores.registry
    registry.point(NAME, 1)
    moved = "the alias named v1, which no longer serves; it names v2 again"
    assert reconcile(NAME, NIGHT).told == (moved,)
    assert registry.pointed(NAME) == 2
    registry.withdraw(NAME)
    assert reconcile(NAME, NIGHT).told == ("the alias named nobody; it names v2 again",)
    assert reconcile(NAME, NIGHT).told == ()


def test_a_version_that_nobody_promoted(turned: Installation) -> None:
    """An alias on a version that the gate refused is taken back: it was never champion."""
    turned.define({"gate": {"floors": {"roc_auc": 0.999}}})
    retrain(NAME, NIGHT)
    turned.stores.registry.point(NAME, 2)
    told = "the alias named v2, which no decision made champion; it names v1 again"
    assert reconcile(NAME, NIGHT).told == (told,)


def test_a_deleted_champion(trained: Installation, client: MlflowClient) -> None:
    """The alarm is raised once; the verified copy answers on, and nobody else gets the alias."""
    trained.stores.folder(1)
    client.delete_model_version(NAME, "1")
    trained.deliver(19, 19)
    ingest(NAME, night(day(20)))
    run_id = run_of(reconcile, NAME, night(day(20)))
    (raised,) = events(run_id, names.ALARM_RAISED)
    assert raised["payload"]["what"] == (
        "v1 of shop was deleted in the registry, where no version is left"
    )
    assert "v1 serves on from its verified local copy" in raised["payload"]["detail"]
    again = reconcile(NAME, night(day(20)))
    assert (again.told, again.pointed.lost) == ((), True)
    assert score(NAME, night(day(20))).rows == 70
    client.delete_registered_model(NAME)
    assert reconcile(NAME, night(day(20))).told == ()
    with pytest.raises(Terminal, match="not found"):
        trained.stores.registry.fetch(trained.stores.ledger.version(NAME, 1), trained.home / "else")
    trained.forge("DELETE FROM decisions")  # so that it adds up: nobody serves, nobody is named


def test_dead_runs(empty: Installation, nights: UUID) -> None:
    """Silent and stuck runs are ended; those at work, those of a person, and others' are not."""
    silent = run_in(nights, Pending(), Running())
    stuck = run_in(nights, Pending())
    waiting = run_in(nights, Pending(), Running(), Paused(timeout_seconds=9999))
    now = datetime.now(UTC)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: 30}):
        assert start.ended(NAME, now + timedelta(seconds=80)) == []
        assert start.ended("another", now + timedelta(hours=1)) == []
        ended = start.ended(NAME, now + timedelta(minutes=11))
    assert sorted(each.why.partition(" 2")[0] for each in ended) == [
        "no sign of life for 90 s",
        "pending since",
    ]
    states = [flow_run(run_id).state_name for run_id in (silent, stuck, waiting)]
    assert states == ["Crashed", "Crashed", "Paused"]


def test_late_nights(empty: Installation, nights: UUID) -> None:
    """Of nights that are all late the latest one makes up for the others."""
    now = datetime.now(UTC)
    late = [run_in(nights, Late(scheduled_time=now - timedelta(days=n))) for n in (1, 2, 0)]
    assert {each.state for each in start.ended(NAME, now)} == {"Cancelled"}
    states = [flow_run(run_id).state_name for run_id in late]
    assert states == ["Cancelled", "Cancelled", "Late"]
