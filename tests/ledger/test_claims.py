"""A cause is tried for one moment until it has its answer, and then never again."""

from dataclasses import replace

import pytest

from tasks.errors import Conflict
from tasks.ledger.claims import asked, take
from tasks.ledger.ledger import Ledger
from tasks.records import Kind
from tests.ledger.conftest import entry, intent, night, promote, refuse

CAUSE = "performance-dropped:v1:after-1"


@pytest.fixture
def dropped(ledger: Ledger) -> Ledger:
    """A champion, and a drop that nobody has answered."""
    promote(ledger, 1)
    ledger.intend(intent(CAUSE, 1))
    return ledger


def claimed(ledger: Ledger, number: int) -> None:
    """An attempt of that night takes the cause."""
    take(ledger, "flights", asked(ledger, "flights", CAUSE, night(number)))


def test_first(dropped: Ledger) -> None:
    """The first attempt is made for its own moment; it hears the numbers behind the drop."""
    claim = asked(dropped, "flights", CAUSE, night(2))
    assert (claim.cause, claim.as_of, claim.declined) == (CAUSE, night(2), "")
    assert claim.evidence == {"drop": 0.05}
    assert dropped.open_intents("flights"), "asking takes nothing"
    take(dropped, "flights", claim)
    assert dropped.intents("flights")[0].state == "claimed"


@pytest.mark.parametrize("cause", ["", "age", "first"])
def test_no_intent(dropped: Ledger, cause: str) -> None:
    """What is no intent takes none."""
    claim = asked(dropped, "flights", cause, night(2))
    assert (claim.cause, claim.as_of, claim.declined) == ("", night(2), "")
    take(dropped, "flights", claim)
    assert dropped.open_intents("flights") == [intent(CAUSE, 1)]


@pytest.mark.parametrize("number", [2, 3, 9])
def test_after_a_crash(dropped: Ledger, number: int) -> None:
    """Whoever comes after an attempt that died goes on with the moment of the first."""
    claimed(dropped, 3)
    claim = asked(dropped, "flights", CAUSE, night(number))
    assert (claim.as_of, claim.declined) == (night(3), "")
    take(dropped, "flights", claim)
    assert asked(dropped, "flights", CAUSE, night(20)).as_of == night(3)


def test_overtaken(dropped: Ledger) -> None:
    """When somebody decided since, the first attempt's moment is past: it is a later one's turn."""
    claimed(dropped, 2)
    last = replace(entry(dropped, Kind.REFUSED, 2, 1), as_of=night(4))
    dropped.decide(last)
    claim = asked(dropped, "flights", CAUSE, night(5))
    assert (claim.as_of, claim.declined) == (night(5), "")
    take(dropped, "flights", claim)
    assert asked(dropped, "flights", CAUSE, night(6)).as_of == night(5)


def test_in_the_past(dropped: Ledger) -> None:
    """An attempt for a moment before the last decision is declined, and the cause stays open."""
    dropped.decide(replace(entry(dropped, Kind.REFUSED, 2, 1), as_of=night(4)))
    claim = asked(dropped, "flights", CAUSE, night(3))
    assert claim.declined == ("decision 2 was taken as of 2013-03-19 07:00, after 2013-03-18 07:00")
    assert claim.decision is None


def test_answered(dropped: Ledger) -> None:
    """A cause with a decision is answered, whether or not somebody lived to settle it."""
    claimed(dropped, 2)
    answer = replace(entry(dropped, Kind.REFUSED, 2, 1), evidence={"cause": CAUSE})
    decision = dropped.decide(answer)
    claim = asked(dropped, "flights", CAUSE, night(5))
    assert claim.decision == decision
    assert claim.declined.startswith(f"{CAUSE} was answered by decision 2: roc_auc")


def test_settled_without_a_decision(dropped: Ledger) -> None:
    """A cause that was settled in another way is declined with the words it was settled with."""
    dropped.settle("flights", CAUSE, "declined", "moot: v2 was promoted")
    claim = asked(dropped, "flights", CAUSE, night(5))
    assert claim.declined == f"{CAUSE} is declined already: moot: v2 was promoted"
    assert claim.decision is None


def test_another_was_faster(dropped: Ledger) -> None:
    """Of two that ask at once the second is told to ask again."""
    first, second = (asked(dropped, "flights", CAUSE, night(number)) for number in (2, 3))
    take(dropped, "flights", first)
    with pytest.raises(Conflict, match="claimed or answered by another"):
        take(dropped, "flights", second)
    take(dropped, "flights", first)


def test_refusals_of_other_causes(dropped: Ledger) -> None:
    """A decision on something else answers nothing."""
    refuse(dropped, 2)
    assert asked(dropped, "flights", CAUSE, night(5)).declined == ""
