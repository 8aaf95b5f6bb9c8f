"""A delivered file traced: its verdict, its rows, and what was answered and trained with them."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from tasks.errors import Terminal
from tasks.records import Outcome
from tasks.tracing.files import FileTrace, file
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, day, night
from tests.tracing.conftest import CORRECTED, END, GONE, HELD, REFUSED, WAITING


def traced(shop: Installation, name: str) -> FileTrace:
    return file(shop.stores, name, END)


def landed(shop: Installation, table: str, of: date, suffix: str = ".csv.gz") -> Path:
    return shop.landing / NAME / table / f"{of}{suffix}"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_accepted_file(shop: Installation) -> None:
    """Verdict as journaled, rows in the lake, predictions of its questions, versions with it."""
    path = landed(shop, "orders", day(22))
    found = traced(shop, str(path))
    (verdict,) = found.verdicts
    (admitted,) = [a for a in shop.stores.ledger.admissions(NAME) if a.delivery.path == found.file]
    assert (found.sha256, found.arrived_at) == (sha256(path), admitted.delivery.arrived_at)
    assert (verdict.outcome, verdict.rows, verdict.held) == (Outcome.ACCEPTED, 70, 0)
    assert verdict.table_version == admitted.table_version
    assert found.in_lake.rows == 70
    assert found.in_lake.table_version == shop.stores.lake.table("orders").version()
    assert (found.in_quarantine.rows, found.replaced_by) == (0, None)
    assert found.answered == {1: 70}
    assert found.trained == (2,)


def test_a_file_that_both_versions_saw(shop: Installation) -> None:
    """Returns of day 10 answered nothing of their own, and are behind both snapshots."""
    found = traced(shop, f"returns/{day(15)}.csv.gz")
    assert (found.answered, found.trained) == ({}, (1, 2))


def test_a_file_of_the_second_champion(shop: Installation) -> None:
    """Its questions were answered by the version of the moment, and nobody was trained on it."""
    assert traced(shop, f"orders/{day(LATE)}.csv.gz").answered == {2: 70}
    assert traced(shop, f"orders/{day(LATE)}.csv.gz").trained == ()


def test_a_file_that_was_replaced(shop: Installation) -> None:
    """None of its rows are left; what was answered from it still is its own."""
    first, second = (landed(shop, "orders", CORRECTED, end) for end in (".csv.gz", ".r2.csv"))
    found, new = traced(shop, str(first)), traced(shop, second.name)
    assert found.replaced_by is not None
    assert (found.replaced_by.sha256, found.replaced_by.file) == (sha256(second), new.file)
    assert found.replaced_by.table_version == new.verdicts[0].table_version
    assert (found.in_lake.rows, new.in_lake.rows) == (0, 70)
    assert (found.answered, new.answered) == ({1: 70}, {})
    assert (found.trained, new.trained) == ((2,), ())
    assert new.replaced_by is None


def test_held_rows_and_releases(shop: Installation) -> None:
    """How many are held, why, and how many were let in since."""
    found = traced(shop, f"orders/{HELD}.csv.gz")
    held = found.in_quarantine
    assert (found.verdicts[0].rows, found.verdicts[0].held) == (68, 2)
    assert (held.rows, held.released, [*held.reasons.values()]) == (2, 1, [2])
    assert "items" in next(iter(held.reasons))
    assert found.in_lake.rows == 69
    assert found.answered == {2: 68}


def test_a_refused_file(shop: Installation) -> None:
    """Code and message, nothing in the lake, and the delivery that was accepted instead."""
    found = traced(shop, f"orders/{REFUSED}.csv.gz")
    (verdict,) = found.verdicts
    assert (verdict.outcome, verdict.code) == (Outcome.REFUSED, "columns_mismatch")
    assert str(REFUSED) in verdict.message
    assert (found.in_lake.rows, found.answered, found.trained) == (0, {}, ())
    assert found.replaced_by is not None
    assert found.replaced_by.file.endswith(f"{REFUSED}.r2.csv")


def test_a_file_that_nobody_has_judged(shop: Installation) -> None:
    """It waits in landing: no verdict, no rows; by its content as well, once it has arrived."""
    path = landed(shop, "orders", WAITING)
    for name in (path.name, sha256(path)[:8]):
        found = traced(shop, f"orders/{name}" if "csv" in name else name)
        assert (found.file, found.verdicts, found.in_lake.rows) == (str(path), (), 0)
    with pytest.raises(Terminal, match=r"none of \d+ deliveries is called"):
        file(shop.stores, f"orders/{WAITING}.csv.gz", night(WAITING))


def test_a_file_that_is_gone_from_landing(shop: Installation) -> None:
    """The journal knows it by its path, its name and its sha256."""
    path = landed(shop, "orders", GONE)
    assert not path.exists()
    found = traced(shop, str(path))
    assert found.answered == {1: 70}
    assert traced(shop, f"./orders/{GONE}.csv.gz") == traced(shop, found.sha256[:10]) == found


def test_a_name_of_several_and_of_none(shop: Installation) -> None:
    """Several are listed by path and digest; a slip names the nearest."""
    with pytest.raises(Terminal) as several:
        traced(shop, f"{day(22)}.csv.gz")
    assert "2 deliveries are called" in str(several.value)
    assert f"orders/{day(22)}.csv.gz, sha256 " in str(several.value)
    with pytest.raises(Terminal, match=f"did you mean 'orders/{day(22)}.csv.gz'"):
        traced(shop, f"order/{day(22)}.csv.gz")
    with pytest.raises(Terminal, match=r"none of \d+ deliveries is called 'abc'"):
        traced(shop, "abc")
