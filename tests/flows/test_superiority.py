"""Superiority through the real flow: evidence of a whole reign, then a promotion, once."""

from typing import Any, cast

import pytest

from flows.ingest import ingest
from flows.retrain import retrain
from tasks.records import Decision, Kind
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night

pytestmark = pytest.mark.slow

FIRST, SECOND = LATE, LATE + 14


def bets(decision: Decision) -> list[dict[str, Any]]:
    """The bets that a decision was taken on."""
    return cast("dict[str, list[dict[str, Any]]]", decision.evidence["bets"])["placed"]


def reason(decision: Decision, code: str) -> str:
    """Why a check says what it says."""
    checks = cast("list[dict[str, Any]]", decision.evidence["checks"])
    return str(next(check["reason"] for check in checks if check["code"] == code))


def test_a_reign_ends_when_the_bets_on_it_are_worth_it(turned: Installation) -> None:
    """The first challenger has no bets and waits; days that came after it are bet on, each once,
    and a later challenger is promoted on them. Run again, nothing changes."""
    turned.define({"gate": {"mode": "superiority"}, "retrain": {"cool_down_days": 0}})
    waits = decided(retrain(NAME, night(day(FIRST))))
    assert (waits.kind, waits.evidence["choice"]) == (Kind.REFUSED, "UNDECIDED"), waits.reason
    assert bets(waits) == []
    assert "0 nights against champion 1 are worth 1, 20 asked" in reason(waits, "wealth")
    assert cast("int", waits.evidence["labels_needed"]) > 0

    turned.deliver(LATE, SECOND - 1)
    ingest(NAME, night(day(SECOND)))
    promoted = decided(retrain(NAME, night(day(SECOND))))
    assert (promoted.kind, promoted.champion) == (Kind.PROMOTED, 3), promoted.reason
    days = [day(number).isoformat() for number in range(FIRST - 1, SECOND - 1)]
    assert [bet["day"] for bet in bets(promoted)] == days
    assert {bet["challenger"] for bet in bets(promoted)} == {2}
    assert "nights against champion 1 are worth" in promoted.reason
    assert turned.stores.ledger.verify(NAME) == []

    before = turned.state()
    again = retrain(NAME, night(day(SECOND)))
    assert (again.news, decided(again)) == (False, promoted)
    assert turned.state() == before
