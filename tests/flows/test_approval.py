"""Before a challenger serves a person is asked, and what the person says is kept."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateName
from prefect.client.schemas.objects import FlowRun

from flows.nightly import nightly
from flows.retrain import Retrained, retrain
from tasks.records import Decision
from tests.conftest import LATE
from tests.flows.told import artifacts
from tests.installation import Installation
from tests.shop import NAME, day, night

NIGHT = night(day(LATE))
YES = {"answer": "yes", "reason": "looks right", "name": "Ada"}


@pytest.fixture
def reachable(turned: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A shop whose runs somebody can look at: the embedded server stands for a real one."""
    with get_client(sync_client=True) as client:
        monkeypatch.setenv("PREFECT_API_URL", str(client.api_url))
    return turned


class Person:
    """Somebody who waits for one more run to pause, reads what is asked, and answers."""

    def __init__(self, *answers: dict[str, str]) -> None:
        self.answers = answers
        self.others = {each.id for each in _paused()}
        self.asked = ""
        self.form: dict[str, Any] = {}
        self.replies: list[str] = []
        self.run: FlowRun | None = None

    def answer(self) -> None:
        """Give the answers, one after the other."""
        with get_client(sync_client=True) as client:
            self.run = self._waiting()
            assert self.run.state is not None
            keys = self.run.state.state_details.run_input_keyset or {}
            self.asked = str(_input(client, self.run.id, keys["description"]))
            self.form = _input(client, self.run.id, keys["schema"])
            for each in self.answers:
                self.replies.append(client.resume_flow_run(self.run.id, each).status.value)

    def _waiting(self) -> FlowRun:
        deadline = time.monotonic() + 200
        while not (found := [each for each in _paused() if each.id not in self.others]):
            assert time.monotonic() < deadline, "no run was paused"
            time.sleep(0.2)
        return found[0]


def _paused() -> list[FlowRun]:
    waiting = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Paused"])))
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_run_filter=waiting)


def _input(client: SyncPrefectClient, run_id: UUID, key: str) -> Any:
    where = {"id": run_id, "key": key}
    return client.request("GET", "/flow_runs/{id}/input/{key}", path_params=where).json()


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """A thread for the person."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def asked(pool: ThreadPoolExecutor, person: Person, flow: "Flow[..., Any]", *given: Any) -> Any:
    """What the flow returns while the person is there to answer."""
    answering = pool.submit(copy_context().run, person.answer)
    returned = flow(*given)
    answering.result()
    return returned


def decided(retrained: Retrained) -> Decision:
    assert retrained.decision is not None, retrained.declined
    return retrained.decision


def test_a_person_says_yes(reachable: Installation, aside: ThreadPoolExecutor) -> None:
    """The verdict is shown, an answer without a reason is not taken, and a yes promotes."""
    reachable.define({"approval": {"ask": True}})
    person = Person({**YES, "reason": " "}, YES)
    decision = decided(asked(aside, person, retrain, NAME, NIGHT))
    assert person.replies == ["REJECT", "ACCEPT"]
    assert "The gate would let shop v2" in person.asked
    assert "Features do not see the future" in person.asked
    assert person.form["properties"]["answer"]["enum"] == ["yes", "no"]
    assert person.form["required"] == ["answer", "reason", "name"]
    assert (decision.kind, decision.champion) == ("promoted", 2)
    assert decision.reason.endswith("; approved by Ada: looks right")
    approval = decision.evidence["approval"]
    assert isinstance(approval, dict)
    assert datetime.fromisoformat(approval["asked_at"]) < datetime.fromisoformat(
        approval["answered_at"]
    )
    assert reachable.stores.registry.pointed(NAME) == 2
    assert person.run is not None
    assert "verdict-shop" in artifacts(person.run.id)


def test_a_person_says_no_at_night(reachable: Installation, aside: ThreadPoolExecutor) -> None:
    """A retrain of the night asks as well; after a no the champion stays, and the loop goes on."""
    reachable.define({"approval": {"ask": True}})
    person = Person({**YES, "answer": "no", "reason": "not on a Friday"})
    lived = asked(aside, person, nightly, NAME, NIGHT)
    assert lived.retrained is not None
    decision = decided(lived.retrained)
    assert (decision.kind, decision.version, decision.champion) == ("refused", 2, 1)
    assert decision.reason.endswith("; declined by Ada: not on a Friday")
    assert reachable.stores.registry.pointed(NAME) == 1
    assert reachable.stores.model(2) is not None


def test_silence_is_a_no(reachable: Installation) -> None:
    """When nobody answers in time it expires: the run ends by itself, and the champion stays."""
    reachable.define({"approval": {"expires_hours": 0.0002}})
    decision = decided(retrain(NAME, NIGHT, approval="ask"))
    assert (decision.kind, decision.champion) == ("expired", 1)
    assert decision.reason.endswith("; not approved: nobody answered within 0.0002 hours")
    before = reachable.state()
    assert decided(retrain(NAME, NIGHT, approval="do not ask")) == decision
    assert reachable.state() == before


def test_nobody_can_be_asked(turned: Installation) -> None:
    """Without a server the answer is no at once, and the reason says how to say yes."""
    turned.define({"approval": {"ask": True}})
    decision = decided(retrain(NAME, NIGHT))
    assert (decision.kind, decision.champion) == ("expired", 1)
    assert "`ratchet promote shop --version 2` makes it serve" in decision.reason


def test_whoever_starts_it_may_waive_it(turned: Installation) -> None:
    """Asked not to ask, a retrain decides by its gate alone."""
    turned.define({"approval": {"ask": True}})
    decision = decided(retrain(NAME, NIGHT, approval="do not ask"))
    assert decision.champion == 2
    assert "approval" not in decision.evidence
