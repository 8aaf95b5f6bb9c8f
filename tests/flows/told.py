"""What the embedded Prefect was told, read back through its API."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, State

_PATIENCE_SECONDS = 20


def run_of(flow: "Flow[..., Any]", *given: Any, **named: Any) -> UUID:
    """Run a flow to its end; the id of its run."""
    state: State[Any] = flow(*given, **named, return_state=True)  # type: ignore[assignment]
    state.result()
    run_id = state.state_details.flow_run_id
    assert run_id is not None
    return UUID(str(run_id))


def flow_run(run_id: UUID) -> FlowRun:
    """The run as the server knows it."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id)


def artifacts(run_id: UUID) -> dict[str, Artifact]:
    """The run's artifacts by key."""
    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    with get_client(sync_client=True) as client:
        return {str(each.key): each for each in client.read_artifacts(artifact_filter=mine)}


def events(run_id: UUID, name: str, count: int = 1) -> list[dict[str, Any]]:
    """Events of this name that the run emitted; they arrive a moment later, so wait for `count`."""
    wanted = {
        "event": {"name": [name]},
        "any_resource": {"id": [f"prefect.flow-run.{run_id}"]},
    }
    return _waited(lambda: _asked({"filter": wanted, "limit": 50}), count)


def emitted(event: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Events of any run that match; at least one is waited for."""
    return _waited(lambda: _asked({"filter": {"event": event}, "limit": 50}), 1)


def lines(run_id: UUID, until: str) -> list[str]:
    """The run's log lines of ours; they arrive in batches, so wait for one that has `until`."""
    mine = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with get_client(sync_client=True) as client:
            found = client.read_logs(mine, limit=200)
        told = [each.message for each in found if each.name.startswith("ratchet")]
        if any(until in line for line in told) or time.monotonic() > deadline:
            return told
        time.sleep(0.2)


def _asked(question: dict[str, Any]) -> list[dict[str, Any]]:
    with get_client(sync_client=True) as client:
        response = client.request("POST", "/events/filter", json=question)
        found: list[dict[str, Any]] = response.json()["events"]
        return found


def _waited(look: Callable[[], list[dict[str, Any]]], count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = look()
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.1)
