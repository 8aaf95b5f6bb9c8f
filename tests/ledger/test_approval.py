"""A person's word is asked for when it is wanted, and kept with the decision."""

from dataclasses import replace

import pytest

from config.schema import Approval as ApprovalPolicy
from tasks.errors import Conflict
from tasks.ledger.approval import Approval, Wish, nobody_can_answer, question, wanted
from tasks.ledger.deciding import Ruling, bench, decide
from tasks.ledger.ledger import Ledger
from tasks.records import Choice, Kind
from tests.evaluation.hearings import hearing
from tests.ledger.conftest import model, night, promote

YES = Approval(True, "Ada", "looks right", night(2), night(3))
NO = replace(YES, agreed=False, reason="not on a Friday")
SILENCE = replace(NO, by="", reason="nobody answered within 24 hours")


@pytest.fixture
def serving(ledger: Ledger) -> Ledger:
    """A ledger whose champion is version 1."""
    ledger.keep_version(model(1), hearing(Choice.PROMOTE).reference)
    promote(ledger, 1)
    return ledger


def ruling(ledger: Ledger, number: int, approval: Approval | None) -> Ruling:
    """A version that the gate would promote, and what a person said."""
    return Ruling(
        hearing=hearing(Choice.PROMOTE, as_of=night(1)),
        version=model(number),
        key=f"attempt {number}",
        bench=bench(ledger, "flights", night(1)),
        recorded_at=night(1000),
        approval=approval,
    )


@pytest.mark.parametrize(
    ("configured", "wish", "asks"),
    [
        (False, "as configured", False),
        (True, "as configured", True),
        (False, "ask", True),
        (True, "do not ask", False),
    ],
)
def test_wanted(configured: bool, wish: Wish, asks: bool) -> None:
    """Whoever starts the retrain has the last word; without one the definition has."""
    verdict = hearing(Choice.PROMOTE).verdict
    assert wanted(ApprovalPolicy(ask=configured), wish, verdict) is asks


@pytest.mark.parametrize("choice", [Choice.KEEP, Choice.UNDECIDED])
def test_not_about_the_refused(choice: Choice) -> None:
    """What the gate refuses is refused: nobody is woken for it."""
    assert not wanted(ApprovalPolicy(ask=True), "ask", hearing(choice).verdict)


def test_question() -> None:
    """The person sees what is asked, until when, and every check."""
    verdict = hearing(Choice.PROMOTE).verdict
    asked = question(verdict, "flights v2 (boosting)", night(0))
    assert "Without an answer by 2013-03-15 07:00 UTC it does not" in asked
    assert all(check.title in asked for check in verdict.checks)


@pytest.mark.parametrize(
    ("approval", "kind", "champion", "told"),
    [
        (YES, Kind.PROMOTED, 2, "; approved by Ada: looks right"),
        (NO, Kind.REFUSED, 1, "; declined by Ada: not on a Friday"),
        (SILENCE, Kind.EXPIRED, 1, "; not approved: nobody answered within 24 hours"),
        (nobody_can_answer("flights", 2, night(2)), Kind.EXPIRED, 1, "--version 2` makes it serve"),
    ],
)
def test_decided(serving: Ledger, approval: Approval, kind: Kind, champion: int, told: str) -> None:
    """Only a yes promotes; who, why, when asked and when answered are in the ledger."""
    decided = decide(serving, ruling(serving, 2, approval))
    assert (decided.kind, decided.champion) == (kind, champion)
    assert told in decided.reason
    evidence = decided.evidence["approval"]
    assert isinstance(evidence, dict)
    assert evidence["by"] == approval.by
    assert evidence["agreed"] is approval.agreed
    assert evidence["asked_at"].startswith("2013-03-17T07:00")
    assert serving.version("flights", 2).number == 2
    assert serving.verify("flights") == []


def test_waiting_is_no_lock(serving: Ledger) -> None:
    """While the person thinks, somebody else may decide; the yes then comes too late."""

    waiting = ruling(serving, 2, YES)
    decide(serving, ruling(serving, 3, NO))
    with pytest.raises(Conflict):
        decide(serving, waiting)
    assert serving.champion("flights") == 1
