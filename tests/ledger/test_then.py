"""The ledger as it stood at a moment: nothing later is in it, and nothing is written to it."""

from collections.abc import Iterator
from datetime import date

import pytest

from tasks.ledger.ledger import Ledger
from tasks.ledger.then import LedgerThen
from tasks.records import Bet
from tests.ledger.conftest import night, promote, refuse


def bet(number: int) -> Bet:
    return Bet(day=night(number).date(), challenger=2, rows=900, lead=0.01, scale=0.02)


@pytest.fixture
def then(ledger: Ledger) -> Iterator[LedgerThen]:
    """After the promotion of night 0 and the refusal of night 1; night 2's promotion is to come."""
    promote(ledger, 1)
    refuse(ledger, 2)
    promote(ledger, 3)
    looked_back = LedgerThen(ledger.url, night(1))
    yield looked_back
    looked_back.close()


def test_decisions_of_then(then: LedgerThen) -> None:
    """Who served, after how many decisions: those that had been taken."""
    assert [each.version for each in then.decisions("flights")] == [1, 2]
    assert then.generation("flights") == 2
    assert then.champion("flights") == then.champion("flights", night(5)) == 1
    assert then.champion("flights", night(-1)) is None


def test_bets_are_remembered_and_not_placed(ledger: Ledger, then: LedgerThen) -> None:
    """Those placed by then are there, later ones are not, and a day has one bet."""
    ledger.place("flights", 1, [bet(-3)], night(0))
    ledger.place("flights", 1, [bet(-2)], night(2))
    assert [each.day for each in then.bets("flights", 1)] == [night(-3).date()]
    assert then.place("flights", 1, [bet(-3), bet(-1)], night(1)) == 1
    days: list[date] = [each.day for each in then.bets("flights", 1)]
    assert days == [night(-3).date(), night(-1).date()]
    assert [each.day for each in ledger.bets("flights", 1)] == [night(-3).date(), night(-2).date()]
