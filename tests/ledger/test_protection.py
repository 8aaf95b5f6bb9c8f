"""Old local copies go, and never one that serves, served lately, or that a person approved."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.ledger.ledger import Ledger
from tasks.ledger.protection import protected, swept
from tasks.records import Interval, Kind
from tests.ledger.conftest import entry, model, promote, refuse, roll_back

NAME = "flights"


@pytest.fixture
def copies(ledger: Ledger, tmp_path: Path) -> Path:
    """Twelve versions with a copy each: 1, 2 and 4 served, 3 was approved by Ada, 4 serves."""
    for number in range(1, 13):
        ledger.keep_version(model(number), Interval(0.7, 0.6, 0.8))
        folder = tmp_path / "models" / NAME / str(number)
        folder.mkdir(parents=True)
        (folder / "model.skops").write_bytes(b"bytes")
    promote(ledger, 1)
    promote(ledger, 2)
    said = {"approval": {"agreed": True, "by": "Ada"}}
    ledger.decide(replace(entry(ledger, Kind.PROMOTED, 3, 3), evidence=said))
    roll_back(ledger, 3, 2)
    promote(ledger, 4)
    for number in range(5, 13):
        refuse(ledger, number)
    return tmp_path / "models"


def left(copies: Path) -> list[int]:
    return sorted(int(path.name) for path in (copies / NAME).iterdir())


def test_what_stays(ledger: Ledger, copies: Path) -> None:
    """Champion, last known good, approved, and the newest; the others go, once."""
    assert protected(ledger, NAME, 2) == {4, 2, 3, 11, 12}
    assert swept(ledger, NAME, copies, 2) == (1, 5, 6, 7, 8, 9, 10)
    assert left(copies) == [2, 3, 4, 11, 12]
    assert swept(ledger, NAME, copies, 2) == ()


def test_champions_of_late(ledger: Ledger, copies: Path) -> None:
    """Whoever was champion in the last decisions stays, one that was rolled back too."""
    roll_back(ledger, 4, 2)
    assert protected(ledger, NAME, 2) == {1, 2, 3, 4, 11, 12}
    assert 4 not in protected(ledger, NAME, 1)


def test_folders_of_others(ledger: Ledger, copies: Path) -> None:
    """What the ledger does not know of is not ours to remove."""
    (copies / NAME / "99").mkdir()
    swept(ledger, NAME, copies, 1)
    assert 99 in left(copies)


def test_at_once(ledger: Ledger, copies: Path) -> None:
    """Several that clean up at the same time remove each copy once and fail nobody."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: swept(ledger, NAME, copies, 2), range(4)))
    assert left(copies) == [2, 3, 4, 11, 12]


def test_an_empty_ledger(ledger: Ledger, tmp_path: Path) -> None:
    """Before the first version there is nothing to remove."""
    assert swept(ledger, NAME, tmp_path, 10) == ()
