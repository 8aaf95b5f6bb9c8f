"""How often the gate may promote, and which version slow shifts are measured from."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from config.gate import Gate
from tasks.ledger.approved import approved, by_a_person
from tasks.ledger.ledger import Ledger
from tasks.ledger.pace import pace
from tasks.records import Kind, Status
from tests.ledger.conftest import entry, night, promote, refuse, roll_back

GATE = Gate(promotions_a_week=2)
BY_HAND = {"by": "Ada"}
AGREED = {"approval": {"agreed": True, "by": "Ada"}}
SILENCE = {"approval": {"agreed": False, "by": ""}}


def decide(ledger: Ledger, version: int, evidence: Mapping[str, object]) -> None:
    made = entry(ledger, Kind.PROMOTED, version, version)
    ledger.decide(replace(made, evidence=evidence))


def test_the_first_champion_is_always_possible(ledger: Ledger) -> None:
    """Before anybody serves there is no pace, also after refusals."""
    assert pace(ledger, "flights", GATE, night(0)).status is Status.NOT_APPLICABLE
    refuse(ledger, 1)
    assert pace(ledger, "flights", GATE, night(1)).status is Status.NOT_APPLICABLE


def test_pace(ledger: Ledger) -> None:
    """At the limit the gate waits, and is told until when; a week later it may again."""
    promote(ledger, 1)
    assert pace(ledger, "flights", GATE, night(1)).status is Status.PASS
    promote(ledger, 2)
    full = pace(ledger, "flights", GATE, night(2))
    assert full.status is Status.FAIL
    assert full.blocks
    assert full.numbers == {"promotions": 2.0, "limit": 2.0}
    assert "2 of 2 promotions" in full.reason
    assert f"from {night(7):%Y-%m-%d %H:%M}" in full.reason
    second = timedelta(seconds=1)
    assert pace(ledger, "flights", GATE, night(7) - second).status is Status.FAIL
    assert pace(ledger, "flights", GATE, night(7)).status is Status.PASS


def test_a_lowered_limit(ledger: Ledger) -> None:
    """With more promotions behind than are allowed now, enough of them have to pass."""
    for version in (1, 2, 3):
        promote(ledger, version)
    told = pace(ledger, "flights", Gate(promotions_a_week=1), night(3)).reason
    assert f"from {night(9):%Y-%m-%d}" in told


def test_what_is_not_counted(ledger: Ledger) -> None:
    """A person's promotions, those a person agreed to, refusals, and what is yet to come."""
    promote(ledger, 1)
    decide(ledger, 2, BY_HAND)
    decide(ledger, 3, AGREED)
    refuse(ledger, 4)
    roll_back(ledger, 3, 1)
    assert pace(ledger, "flights", GATE, night(4)).numbers["promotions"] == 1
    promote(ledger, 5)
    assert pace(ledger, "flights", GATE, night(4)).numbers["promotions"] == 1
    assert pace(ledger, "flights", GATE, night(5)).numbers["promotions"] == 2


def test_nobody_yet(ledger: Ledger) -> None:
    """Before the first champion there is nothing to measure from."""
    assert approved([]) is None
    refuse(ledger, 1)
    assert approved(ledger.decisions("flights")) is None


def test_small_steps_do_not_move_it(ledger: Ledger) -> None:
    """However often the gate promotes, it is the first champion until a person says more."""
    for version in range(1, 6):
        promote(ledger, version)
    assert approved(ledger.decisions("flights")) == 1
    decide(ledger, 6, SILENCE)
    assert approved(ledger.decisions("flights")) == 1


@pytest.mark.parametrize("evidence", [BY_HAND, AGREED], ids=["by hand", "agreed"])
def test_a_person_moves_it(ledger: Ledger, evidence: Mapping[str, object]) -> None:
    """A promotion by hand, or one that a person agreed to, is what counts from then on."""
    promote(ledger, 1)
    decide(ledger, 2, evidence)
    promote(ledger, 3)
    decisions = ledger.decisions("flights")
    assert [by_a_person(each) for each in decisions] == [False, True, False]
    assert approved(decisions) == 2


def test_rolled_back(ledger: Ledger) -> None:
    """What was rolled back is no measure, until a person promotes it again."""
    promote(ledger, 1)
    decide(ledger, 2, BY_HAND)
    roll_back(ledger, 2, 1)
    assert approved(ledger.decisions("flights")) == 1
    ledger.decide(replace(entry(ledger, Kind.PROMOTED, 2, 2), key="once more", evidence=BY_HAND))
    assert approved(ledger.decisions("flights")) == 2


def test_nobody_left(ledger: Ledger) -> None:
    """When every version that stood was rolled back, it is who serves."""
    promote(ledger, 1)
    promote(ledger, 2)
    ledger.decide(replace(entry(ledger, Kind.PROMOTED, 1, 1), key="again", evidence=BY_HAND))
    roll_back(ledger, 1, 2)
    assert approved(ledger.decisions("flights")) == 2
