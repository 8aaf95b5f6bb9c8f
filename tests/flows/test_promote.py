"""A person makes a version serve that nobody else would have."""

import pytest

from config import events as names
from flows.ingest import ingest
from flows.promote import promote
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from flows.watch import watch
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.flows.told import events, flow_run, run_of
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night


@pytest.fixture
def weak(turned: Installation) -> Installation:
    """A shop whose v2 was refused by the gate; v1 serves."""
    turned.define({"gate": {"floors": {"roc_auc": 0.999}}})
    assert decided(retrain(NAME, night(day(LATE)))).champion == 1
    return turned


def test_a_refused_version_is_made_to_serve(weak: Installation) -> None:
    """Ledger, alias, event and run name say by whom and why, and what the gate had said."""
    run_id = run_of(promote, 2, "v1 is worse", "Ada", NAME, night(day(35)))
    assert flow_run(run_id).name == "promote shop v2 (v1 is worse)"
    decision = weak.stores.ledger.decisions(NAME)[-1]
    assert (decision.kind, decision.version, decision.champion) == ("promoted", 2, 2)
    assert decision.reason == "by Ada: v1 is worse"
    gate = decision.evidence["gate"]
    assert isinstance(gate, dict)
    assert gate["choice"] == "KEEP"
    assert weak.stores.registry.pointed(NAME) == 2
    (event,) = events(run_id, names.CHAMPION_PROMOTED)
    assert event["payload"]["reason"] == "by Ada: v1 is worse"


def test_it_answers_from_then_on(weak: Installation) -> None:
    """Questions asked after the promotion are answered by the version that a person named."""
    promote(2, "v1 is worse", "Ada", NAME, night(day(35)))
    weak.deliver(LATE, 35)
    ingest(NAME, night(day(36)))
    score(NAME, night(day(36)))
    answers = weak.answers()
    assert set(answers[answers["day"] == "2024-02-04"]["version"]) == {2}
    assert weak.stores.ledger.verify(NAME) == []


def test_twice_is_once(weak: Installation) -> None:
    """The same promotion run again changes nothing."""
    first = promote(2, "v1 is worse", "Ada", NAME, night(day(35)))
    before = weak.state()
    assert promote(2, "v1 is worse", "Ada", NAME, night(day(35))) == first
    assert weak.state() == before


def test_a_version_that_was_rolled_back(renewed: Installation) -> None:
    """It was out until a person says otherwise, and now a person does."""
    rollback(NAME, night(day(35)))
    assert promote(2, "it was the data", "Ada", NAME, night(day(36))).champion == 2


def test_what_was_said_about_the_old_champion_is_moot(weak: Installation) -> None:
    """A drop of the champion before asks for no retrain any more."""
    assert watch(NAME, night(day(35))).performance.dropped
    (before,) = weak.stores.ledger.open_intents(NAME)
    promote(2, "v1 is worse", "Ada", NAME, night(day(35)))
    assert weak.stores.ledger.open_intents(NAME) == []
    (intent,) = weak.stores.ledger.intents(NAME)
    assert (intent.cause, intent.outcome) == (before.cause, "moot: v2 was promoted")


@pytest.mark.parametrize(
    ("version", "at", "says"),
    [
        (7, 36, "v7 is not known; 2 versions have been decided on: v1, v2"),
        (2, 36, "v2 serves already"),
        (1, LATE - 1, "a champion cannot be changed in the past"),
    ],
)
def test_refused(renewed: Installation, version: int, at: int, says: str) -> None:
    """What cannot be done is told, and nothing changes."""
    before = renewed.state()
    with pytest.raises(Terminal, match=says):
        promote(version, "why not", "Ada", NAME, night(day(at)))
    assert renewed.state() == before
