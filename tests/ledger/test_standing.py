"""Where a pipeline stood at any moment, from what had been decided by then."""

import pytest

from tasks.errors import Terminal
from tasks.ledger.ledger import Ledger
from tasks.ledger.standing import Standing
from tasks.records import Interval, Promise
from tests.ledger.conftest import intent, model, night, promote, refuse, roll_back


@pytest.fixture
def lived(ledger: Ledger) -> Ledger:
    """By night: 1 promoted, 2 refused, 3 promoted, 4 refused, 3 rolled back to 1, 5 refused."""
    for number in range(1, 6):
        ledger.keep_version(model(number), Interval(0.7 + number / 100, 0.6, 0.8))
    promote(ledger, 1)
    refuse(ledger, 2)
    promote(ledger, 3)
    refuse(ledger, 4)
    roll_back(ledger, 3, 1)
    refuse(ledger, 5)
    return ledger


def at(ledger: Ledger, number: float) -> Standing:
    return Standing(ledger, "flights", night(0) + (night(1) - night(0)) * number)


def test_before_anything(ledger: Ledger) -> None:
    """Nobody serves, nothing is promised, nothing was tried."""
    empty = at(ledger, 9)
    assert (empty.champion, empty.promise) == (None, None)
    assert (empty.decisions, empty.attempts, empty.unanswered) == ([], [], [])


@pytest.mark.parametrize(
    ("moment", "champion", "since"),
    [
        (-0.1, None, None),
        (0, 1, 0),
        (1.9, 1, 0),
        (2, 3, 2),
        (3.5, 3, 2),
        (4, 1, 4),
        (9, 1, 4),
    ],
)
def test_who_served(lived: Ledger, moment: float, champion: int | None, since: int | None) -> None:
    """Who serves and since when: a refusal does not renew a reign, a return begins a new one."""
    found = at(lived, moment)
    if champion is None or since is None:
        assert (found.champion, found.promise) == (None, None)
        return
    assert found.champion == model(champion)
    assert found.promise == Promise(champion, night(since), 0.7 + champion / 100)


def test_attempts(lived: Ledger) -> None:
    """Every judged challenger is an attempt; a rollback is none."""
    assert at(lived, 9).attempts == [night(n) for n in (0, 1, 2, 3, 5)]
    assert at(lived, 1).attempts == [night(0), night(1)]


def test_refused_from_the_start(ledger: Ledger) -> None:
    """Refusals before the first promotion are attempts, and nobody serves."""
    refuse(ledger, 1)
    assert at(ledger, 1).promise is None
    assert at(ledger, 1).attempts == [night(0)]


def test_unanswered(ledger: Ledger) -> None:
    """Open and claimed intents of that moment or before, oldest first; settled ones are not."""
    for cause, number in (("later", 5), ("second", 2), ("first", 1), ("done", 1), ("no", 1)):
        ledger.intend(intent(cause, number))
    ledger.claim("flights", "second", "a run")
    ledger.settle("flights", "done", "done", "")
    ledger.settle("flights", "no", "declined", "")
    assert [each.cause for each in at(ledger, 2).unanswered] == ["first", "second"]
    assert [each.cause for each in at(ledger, 9).unanswered] == ["first", "second", "later"]


def test_version_not_on_record(ledger: Ledger) -> None:
    """A champion whose version nobody recorded is an error, not a missing champion."""
    promote(ledger, 1)
    with pytest.raises(Terminal, match="no version 1 of 'flights' in the ledger"):
        _ = at(ledger, 1).champion
