"""What Prefect may run to start runs of deployments, and to end those that nobody works on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Crashed

from tasks import policy
from tasks.ledger.claims import Claim

PENDING_FOR = timedelta(minutes=10)
"""How long a run may be about to start."""

MISSED_HEARTBEATS = 3
CRASHES = 3
"""How often a retrain may die of the same cause before a person has to look."""

HEARTBEAT = "prefect.flow-run.heartbeat"
OURS = "ratchet"
_UNFINISHED = (StateType.PENDING, StateType.RUNNING, StateType.SCHEDULED, StateType.PAUSED)


@dataclass(frozen=True)
class Ended:
    """A run that was ended in its own stead, and why."""

    run: str
    state: str
    why: str

    @property
    def told(self) -> str:
        return f"{self.run}: {self.state}, {self.why}"


@dataclass(frozen=True)
class Started:
    """A run that was started, or why none was."""

    run: str = ""
    why: str = ""

    @property
    def told(self) -> str:
        return f"started {self.run}: {self.why}" if self.run else self.why


def _retrain(pipeline: str, claim: Claim | None) -> Started:
    """Start the deployment `retrain/<pipeline>` for a cause, once however often it is asked to.

    Not while a run for this cause has not ended, and not after one that failed: what fails would
    fail again, and the night tries it anyway. One that died is succeeded, a few times.
    """
    if claim is None:
        return Started()
    if claim.declined:
        return Started(why=f"{claim.cause} waits: {claim.declined}")
    name = f"retrain/{pipeline}"
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(name)
        except ObjectNotFound:
            return Started(why=f"there is no deployment {name} that could answer {claim.cause}")
        runs = _runs(client, deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))
    mine = [run for run in runs if run.parameters.get("cause") == claim.cause]
    hindered = _hindered(mine)
    if hindered:
        return Started(why=f"{claim.cause}: {hindered}")
    started: Any = run_deployment(
        name,
        parameters={
            "pipeline": pipeline,
            "as_of": claim.as_of.isoformat(),
            "reason": claim.reason,
            "cause": claim.cause,
            "evidence": dict(claim.evidence),
        },
        timeout=0,
        as_subflow=False,
        idempotency_key=f"{deployment.id} {claim.cause} {len(mine)}",
    )
    return Started(str(started.name), claim.reason)


def _hindered(runs: list[FlowRun]) -> str:
    """Why no further run is to be started for a cause, from those it had, newest first."""
    unfinished = [run for run in runs if run.state_type in _UNFINISHED]
    if unfinished:
        return f"{unfinished[0].name} is {unfinished[0].state_name}"
    begun = [run for run in runs if run.start_time]
    last = begun[0] if begun else None
    if last and last.state_type in (StateType.FAILED, StateType.CANCELLED):
        return f"{last.name} ended {last.state_name}; a person should look, the night tries again"
    died = [run for run in begun if run.state_type is StateType.CRASHED]
    if len(died) >= CRASHES:
        return f"{len(died)} runs died of it; a person should look, the night tries again"
    return ""


def _ended(pipeline: str, now: datetime) -> list[Ended]:
    """End runs of the pipeline's deployments that nobody works on any more.

    Running without a sign of life, pending for too long, and a late night with a later late one
    behind it. Runs that wait for a person, and those of others, are left alone.
    """
    with get_client(sync_client=True) as client:
        ended = [_end(client, run, Cancelled(message=why)) for run, why in _late(client, pipeline)]
        for run in _begun(client, pipeline):
            why = _died(client, run, now)
            if why:
                ended += [_end(client, each, Crashed(message=why)) for each in _whole(client, run)]
    return [each for each in ended if each is not None]


def _begun(client: SyncPrefectClient, pipeline: str) -> list[FlowRun]:
    """Runs of ours that should be at work, but for the one that asks."""
    ours = FlowRunFilterTags(all_=[OURS, f"pipeline:{pipeline}"])
    runs = _runs(client, tags=ours, state=_of_type(StateType.PENDING, StateType.RUNNING))
    return [run for run in runs if str(run.id) != flow_run.get_id()]


def _died(client: SyncPrefectClient, run: FlowRun, now: datetime) -> str:
    """Why a run is thought to be dead; empty when it is not."""
    since = run.state.timestamp if run.state else now
    if run.state_type is StateType.PENDING and now - since > PENDING_FOR:
        return f"pending since {since:%Y-%m-%d %H:%M}"
    beat = get_current_settings().flows.heartbeat_frequency
    if run.state_type is not StateType.RUNNING or beat is None:
        return ""
    silence = timedelta(seconds=beat * MISSED_HEARTBEATS)
    if now - since <= silence or _beaten(client, run, now - silence):
        return ""
    return f"no sign of life for {silence.total_seconds():.0f} s"


def _beaten(client: SyncPrefectClient, run: FlowRun, since: datetime) -> bool:
    """Whether a run has shown a sign of life since then."""
    wanted = {
        "event": {"name": [HEARTBEAT]},
        "any_resource": {"id": [f"prefect.flow-run.{run.id}"]},
        "occurred": {"since": since.isoformat(), "until": datetime.now(UTC).isoformat()},
    }
    answer = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 1})
    return bool(answer.json()["events"])


def _late(client: SyncPrefectClient, pipeline: str) -> list[tuple[FlowRun, str]]:
    """Late nights that a later late night makes up for: it ingests and scores what they would."""
    try:
        deployment = client.read_deployment_by_name(f"nightly/{pipeline}")
    except ObjectNotFound:
        return []
    late = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"]))
    mine = FlowRunFilterDeploymentId(any_=[deployment.id])
    runs = _runs(client, deployment_id=mine, state=late)
    return [(run, f"{runs[0].name} is late as well") for run in runs[1:]]


def _whole(client: SyncPrefectClient, run: FlowRun) -> list[FlowRun]:
    """A run with the flows that it was in the middle of."""
    inside = FlowRunFilterParentFlowRunId(any_=[run.id])
    return [run, *_runs(client, parent_flow_run_id=inside, state=_of_type(StateType.RUNNING))]


def _end(client: SyncPrefectClient, run: FlowRun, state: "State[Any]") -> Ended | None:
    """None when the run came to its own end meanwhile."""
    answer = client.set_flow_run_state(run.id, state)
    if answer.status is not SetStateStatus.ACCEPT:
        return None
    return Ended(run.name, str(state.name), str(state.message))


def _of_type(*types: StateType) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))


def _runs(client: SyncPrefectClient, **wanted: Any) -> list[FlowRun]:
    """The latest runs that match, newest first."""
    chosen = FlowRunFilter(**wanted)
    return client.read_flow_runs(
        flow_run_filter=chosen, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=200
    )


retrain = task(**policy.IO, name="start what was left")(_retrain)
ended = task(**policy.IO, name="end dead runs")(_ended)
