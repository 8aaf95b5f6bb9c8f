"""A person makes a registered version serve, and only one that still works."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from tasks.errors import Conflict, Corrupt, Terminal
from tasks.ledger.appointment import Appointment, appoint, appointee, rehearse
from tasks.ledger.deciding import Bench, bench
from tasks.ledger.ledger import Ledger
from tasks.ledger.standing import Standing
from tasks.records import Interval, Kind
from tests.ledger.conftest import entry, model, night, promote, refuse, roll_back


def asked(version: int = 2, at: int = 10) -> Appointment:
    return Appointment("flights", night(at), version, "we know better", "Ada", night(1000))


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """Version 1 serves; 2 was refused by the gate; 3 was promoted and rolled back."""
    for number in (1, 2, 3):
        ledger.keep_version(model(number), Interval(0.7, 0.6, 0.8))
    promote(ledger, 1)
    ledger.decide(
        replace(entry(ledger, Kind.REFUSED, 2, 1), evidence={"choice": "KEEP"}, reason="too weak")
    )
    promote(ledger, 3)
    roll_back(ledger, 3, 1)
    return ledger


def here(ledger: Ledger) -> Bench:
    return bench(ledger, "flights", night(10))


@pytest.mark.parametrize("version", [2, 3])
def test_any_known_version(three: Ledger, version: int) -> None:
    """One that the gate refused may serve, and one that was rolled back."""
    request, found = asked(version), here(three)
    assert appointee(three, request, found) == version
    assert appoint(three, request, found).champion == version
    assert three.champion("flights") == version
    assert three.verify("flights") == []


def test_decision(three: Ledger) -> None:
    """The decision says by whom, why, and what the gate had said; asked again it is the same."""
    request, found = asked(), here(three)
    decision = appoint(three, request, found)
    assert (decision.kind, decision.version) == (Kind.PROMOTED, 2)
    assert decision.reason == "by Ada: we know better"
    assert decision.evidence == {
        "by": "Ada",
        "why": "we know better",
        "from": 1,
        "gate": {"sequence": 2, "choice": "KEEP", "reason": "too weak"},
    }
    assert appoint(three, request, found) == decision
    assert three.decision("flights", request.key) == decision


def test_never_judged(three: Ledger) -> None:
    """Where the gate left no word there is none to repeat."""
    assert appoint(three, asked(3), here(three)).evidence["gate"] == {}


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (asked(9), "v9 is not known; 3 versions have been decided on: v1, v2, v3"),
        (asked(1), "v1 serves already"),
        (replace(asked(), by=" "), "needs 'by'"),
        (replace(asked(), reason=""), "needs 'reason'"),
    ],
)
def test_impossible(three: Ledger, request_: Appointment, why: str) -> None:
    """A version that is unknown or serves, and a request of nobody, are told and refused."""
    with pytest.raises(Terminal, match=why):
        appointee(three, request_, here(three))


def test_champion_again(three: Ledger) -> None:
    """Who serves cannot be promoted, even past the question whether it may be."""
    with pytest.raises(Terminal, match="cannot turn champion 1 into 1"):
        appoint(three, asked(1), here(three))


def test_first_champion(ledger: Ledger) -> None:
    """A person may end the time without a champion."""
    ledger.keep_version(model(1), Interval(0.7, 0.6, 0.8))
    refuse(ledger, 1)
    decision = appoint(ledger, asked(1), here(ledger))
    assert (decision.champion, decision.evidence["from"]) == (1, None)


def test_good_again(three: Ledger) -> None:
    """What a person named counts as good from then on: the next rollback returns to it."""
    appoint(three, asked(3), here(three))
    promote(three, 4)
    assert three.last_known_good("flights") == 3


def test_no_attempt(three: Ledger) -> None:
    """A person's promotion is no retrain: cool-down and budget do not count it."""
    before = Standing(three, "flights", night(10)).attempts
    appoint(three, asked(), here(three))
    assert Standing(three, "flights", night(10)).attempts == before


def test_lost_race(three: Ledger) -> None:
    """Somebody else decided meanwhile: nothing is written."""
    found = here(three)
    refuse(three, 5)
    with pytest.raises(Conflict):
        appoint(three, asked(), found)
    assert three.champion("flights") == 1


def test_key() -> None:
    """The same request in any time zone is the same; another moment or version is another."""
    key = asked().key
    tokyo = replace(asked(), as_of=night(10).astimezone(timezone(timedelta(hours=9))))
    assert tokyo.key == key == replace(asked(), reason="other", by="Bo").key
    assert len({key, asked(3).key, asked(at=11).key, replace(asked(), pipeline="x").key}) == 4


@dataclass(frozen=True)
class Saying:
    probability: float

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.tile([1 - self.probability, self.probability], (len(rows), 1))


def saying(probability: float) -> Callable[[int], Saying]:
    return lambda _: Saying(probability)


ROWS = pd.DataFrame({"hour": [7.0, 8.0]})


def test_rehearsal() -> None:
    """A version that answers every row may serve."""
    assert rehearse(saying(0.3), 1, ROWS) == 2


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.1, 1.1])
def test_rehearsal_fails(wrong: float) -> None:
    """Answers that are no probabilities keep it from serving."""
    with pytest.raises(Corrupt, match="v1 loads but its answers are no probabilities"):
        rehearse(saying(wrong), 1, ROWS)


def test_nothing_to_rehearse_on() -> None:
    """A check that had nothing to check has not passed."""
    with pytest.raises(Terminal, match="v1 cannot be rehearsed: 0 rows"):
        rehearse(saying(0.3), 1, ROWS.head(0))


def test_damaged() -> None:
    """What does not load does not serve."""

    def damaged(number: int) -> Saying:
        raise Corrupt(f"version {number} is damaged")

    with pytest.raises(Corrupt, match="version 1 is damaged"):
        rehearse(damaged, 1, ROWS)
