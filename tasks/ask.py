"""What Prefect may run to ask a person: the run pauses until somebody answers or time is up."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, cast
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.input import RunInput, keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.states import Paused
from pydantic import Field

from tasks.errors import Terminal
from tasks.evaluation.hearing import Hearing
from tasks.ledger.approval import Approval, Wish, nobody_can_answer, question, wanted
from tasks.stores import Stores

_log = logging.getLogger("ratchet.ask")

_POLL_SECONDS = 2.0
_GRACE_SECONDS = 3600
"""How long after the time is up Prefect still takes our own answer, if this process lives."""

_Text = Annotated[str, Field(pattern=r"\S")]


class Answer(RunInput):
    """The form that the person fills in, in this order."""

    answer: Literal["yes", "no"] = Field(
        title="May it serve?",
        description="Yes: it serves from now on. No: the present champion stays.",
        json_schema_extra={"position": 0},
    )
    reason: _Text = Field(
        title="Why",
        description="A few words; they are kept with the decision.",
        json_schema_extra={"position": 1},
    )
    name: _Text = Field(
        title="Your name",
        description="Kept with the decision.",
        json_schema_extra={"position": 2},
    )


def person(stores: Stores, hearing: Hearing, number: int, wish: Wish) -> Approval | None:
    """What a person says to the challenger; None when nobody is to be asked.

    Called by a flow itself: the whole run pauses, and its process waits.
    """
    policy, now = stores.definition.pipeline.approval, datetime.now(UTC)
    if not wanted(policy, wish, hearing.verdict):
        return None
    if not stores.settings.server_url:
        return nobody_can_answer(stores.name, number, now)
    until = now + timedelta(hours=policy.expires_hours)
    title = f"{stores.name} v{number} ({hearing.challenger.candidate})"
    _log.info("%s waits for a person until %s", title, f"{until:%Y-%m-%d %H:%M} UTC")
    form = Answer.with_initial_data(description=question(hearing.verdict, title, until))
    said = _answered(form, until)
    approval = _approval(said, f"nobody answered within {policy.expires_hours:g} hours", now)
    _log.info("%s: %s", title, approval.told)
    return approval


def _approval(said: Answer | None, silence: str, asked_at: datetime) -> Approval:
    now = datetime.now(UTC)
    if said is None:
        return Approval(False, "", silence, asked_at, now)
    return Approval(said.answer == "yes", said.name.strip(), said.reason.strip(), asked_at, now)


def _answered(form: type[Answer], until: datetime) -> Answer | None:
    """Pause the run for the form; what somebody filled in, None when nobody did in time.

    Prefect's own time limit fails a paused run. So the limit that it is given is a later one, and
    when time is up the run answers itself: whoever comes first is taken, by the server.
    """
    run_id = UUID(str(flow_run.get_id()))
    limit = (until - datetime.now(UTC)).total_seconds() + _GRACE_SECONDS
    state: State[object] = Paused(timeout_seconds=int(limit), pause_key=uuid4().hex)
    keys = keyset_from_paused_state(state)
    state.state_details.run_input_keyset = {str(name): key for name, key in keys.items()}
    with get_client(sync_client=True) as client:
        form.save(keys, run_id)
        paused = client.set_flow_run_state(run_id, state)
        if paused.status is not SetStateStatus.ACCEPT:
            raise Terminal(f"the run cannot be paused to ask a person: {paused.details}")
        while (now := _state(client, run_id)) is None or now.is_paused():
            if datetime.now(UTC) >= until and _resumes(client, run_id):
                return None
            time.sleep(_POLL_SECONDS)
    if not now.is_running():
        raise Terminal(f"the run became {now.name} while it waited for a person")
    return cast("Answer", form.load(keys, run_id))  # typed for callers that await it


def _state(client: SyncPrefectClient, run_id: UUID) -> "State[object] | None":
    """The run's state; None while the server is away: a question outlives its restart."""
    try:
        return client.read_flow_run(run_id).state
    except (httpx.TransportError, httpx.HTTPStatusError) as error:
        _log.warning("the server does not answer (%s); still waiting for a person", error)
        return None


def _resumes(client: SyncPrefectClient, run_id: UUID) -> bool:
    """Answer in nobody's name; False when somebody was faster, or the server is away."""
    nobody = {"answer": "no", "reason": "nobody answered", "name": "nobody"}
    try:
        return client.resume_flow_run(run_id, nobody).status is SetStateStatus.ACCEPT
    except (httpx.TransportError, httpx.HTTPStatusError):
        return False
