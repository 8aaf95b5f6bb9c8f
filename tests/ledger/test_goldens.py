"""What was pinned is on record: in a chain that shows every edit."""

from dataclasses import replace
from datetime import date

import pytest

from tasks.errors import Conflict, Corrupt
from tasks.features.pinning import Pinning
from tasks.ledger.goldens import FIRST_DIGEST
from tasks.ledger.ledger import Ledger
from tasks.ledger.tables import GOLDENS
from tests.ledger.conftest import night
from tests.ledger.test_chain import tamper


def pinning(number: int) -> Pinning:
    return Pinning(
        pipeline="flights",
        number=number,
        content=f"{number}" * 64,
        columns=("flight_id", "day", "late"),
        rows=1200,
        first_day=date(2013, 3, 1),
        last_day=date(2013, 3, 7),
        by="Ada",
        reason="before the new feed",
        as_of=night(number),
        recorded_at=night(number),
    )


@pytest.fixture
def pinned(ledger: Ledger) -> Ledger:
    for number in (1, 2, 3):
        ledger.pin(pinning(number))
    return ledger


def test_versions(pinned: Ledger) -> None:
    """They read back as they were written, each with the digest of the one before."""
    found = pinned.pinnings("flights")
    assert [replace(each, digest="", previous_digest="") for each in found] == [
        pinning(number) for number in (1, 2, 3)
    ]
    assert [each.previous_digest for each in found] == [
        FIRST_DIGEST,
        found[0].digest,
        found[1].digest,
    ]
    assert pinned.pinnings("other") == []
    assert pinned.verify("flights") == []


@pytest.mark.parametrize("number", [2, 5])
def test_a_number_that_does_not_follow(pinned: Ledger, number: int) -> None:
    """Who pins what somebody else has pinned meanwhile is told, and nothing is written."""
    with pytest.raises(Conflict, match=f"golden v{number}"):
        pinned.pin(pinning(number))
    assert len(pinned.pinnings("flights")) == 3


@pytest.mark.parametrize("column", [column.name for column in GOLDENS.columns])
def test_edited(pinned: Ledger, column: str) -> None:
    """An edit of any column is found, and no version is believed any more."""
    value = "99" if column in ("number", "rows") else "'edited'"
    tamper(pinned, f"UPDATE goldens SET {column} = {value} WHERE number = 2")
    assert any("golden" in told for told in pinned.verify("flights"))
    with pytest.raises(Corrupt, match="golden"):
        pinned.pinnings("flights")


def test_removed(pinned: Ledger) -> None:
    """A version that is missing in the middle is found."""
    tamper(pinned, "DELETE FROM goldens WHERE number = 2")
    with pytest.raises(Corrupt, match="v2 should stand here"):
        pinned.pinnings("flights")
