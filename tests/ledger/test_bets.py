"""Bets of a reign: placed once, read in order, and vouched for by the decisions taken on them."""

import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date

from tasks.ledger.ledger import Ledger
from tasks.records import Bet, Kind
from tests.ledger.conftest import entry, night, promote

FIRST, SECOND = (
    Bet(date(2013, 4, 1), 2, 900, 0.004, 0.01),
    Bet(date(2013, 4, 2), 3, 870, -0.2, 0.01),
)


def test_bets_come_back_by_day(ledger: Ledger) -> None:
    """What was placed is read as it was, oldest day first, of that reign and pipeline alone."""
    assert ledger.place("flights", 1, [SECOND, FIRST], night(1)) == 2
    ledger.place("flights", 5, [replace(FIRST, lead=1.0)], night(2))
    ledger.place("trains", 1, [replace(FIRST, lead=2.0)], night(2))
    assert ledger.bets("flights", 1) == [FIRST, SECOND]


def test_the_first_bet_on_a_day_stands(ledger: Ledger) -> None:
    """A day that was played is not played again, whatever its rows say by now."""
    ledger.place("flights", 1, [FIRST], night(1))
    assert ledger.place("flights", 1, [replace(FIRST, lead=9.0), SECOND], night(2)) == 1
    assert ledger.bets("flights", 1) == [FIRST, SECOND]


def test_an_undefined_lead_stays_undefined(ledger: Ledger) -> None:
    """nan is kept as nothing and read as nan."""
    ledger.place("flights", 1, [replace(FIRST, lead=float("nan"))], night(1))
    (read,) = ledger.bets("flights", 1)
    assert read.lead != read.lead


def test_bets_behind_a_decision_cannot_be_changed_unnoticed(ledger: Ledger, url: str) -> None:
    """A decision keeps the bets it was taken on: edited or removed ones are told."""
    promote(ledger, 1)
    ledger.place("flights", 1, [FIRST, SECOND], night(1))
    taken = {"reign": 1, "placed": [asdict(FIRST), asdict(SECOND)]}
    ledger.decide(replace(entry(ledger, Kind.REFUSED, 2, 1), evidence={"bets": taken}))
    assert ledger.verify("flights") == []
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE bets SET lead = 0.9 WHERE day = '2013-04-02'")
    (told,) = ledger.verify("flights")
    assert "decision 2 (refused): 1 of its 2 bets" in told
    assert "2013-04-02" in told
