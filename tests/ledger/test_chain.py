"""Nobody edits the ledger unnoticed."""

import sqlite3
from contextlib import closing

import pytest

from tasks.errors import Corrupt
from tasks.ledger.ledger import Ledger
from tasks.ledger.tables import DECISIONS, HEADS, VERSIONS
from tasks.records import Interval
from tests.ledger.conftest import model, promote, refuse


@pytest.fixture
def told(ledger: Ledger) -> Ledger:
    """A ledger with three decisions about versions on record."""
    for number in (1, 2, 3):
        ledger.keep_version(model(number), Interval(0.73, 0.72, 0.74))
    promote(ledger, 1)
    refuse(ledger, 2)
    promote(ledger, 3)
    return ledger


def tamper(ledger: Ledger, statement: str) -> None:
    """Edits the file as somebody with another program would."""
    with closing(sqlite3.connect(ledger.url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()


def test_untouched(told: Ledger) -> None:
    """A ledger that only Ratchet has written to has no problems."""
    assert told.verify("flights") == []


@pytest.mark.parametrize("sequence", [1, 2, 3])
@pytest.mark.parametrize("column", [column.name for column in DECISIONS.columns])
def test_edited_decision(told: Ledger, column: str, sequence: int) -> None:
    """An edit of any column of any decision is found."""
    value = "99" if column in ("sequence", "version", "champion") else "'edited'"
    tamper(told, f"UPDATE decisions SET {column} = {value} WHERE sequence = {sequence}")
    assert told.verify("flights") != []


@pytest.mark.parametrize("column", [column.name for column in VERSIONS.columns])
def test_edited_version(told: Ledger, column: str) -> None:
    """An edit of a version that was decided about is found: its manifest cannot be swapped."""
    is_number = column == "number" or column.startswith("reference")
    value = "99" if is_number else "'edited'"
    tamper(told, f"UPDATE versions SET {column} = {value} WHERE number = 3")
    assert told.verify("flights") == [
        "decision 3 (promoted): version 3 is not recorded as it was then"
    ]


@pytest.mark.parametrize("column", [column.name for column in HEADS.columns])
def test_edited_head(told: Ledger, column: str) -> None:
    """An edit of the record of the last decision is found."""
    tamper(told, f"UPDATE heads SET {column} = 'edited'")
    assert told.verify("flights") != []


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_removed_decision(told: Ledger, sequence: int) -> None:
    """A removed decision is found, the last one too."""
    tamper(told, f"DELETE FROM decisions WHERE sequence = {sequence}")
    assert told.verify("flights") != []


def test_problem_names_the_decision(told: Ledger) -> None:
    """A problem says which decision it is about."""
    tamper(told, "UPDATE decisions SET reason = 'because' WHERE sequence = 2")
    assert told.verify("flights") == [
        "decision 2 (refused): its contents are not what was recorded"
    ]


def test_unreadable_decision(told: Ledger) -> None:
    """A decision that makes no sense any more is corrupt, by number."""
    tamper(told, "UPDATE decisions SET kind = 'crowned' WHERE sequence = 2")
    with pytest.raises(Corrupt, match="decision 2 of 'flights' cannot be read"):
        told.decisions("flights")
