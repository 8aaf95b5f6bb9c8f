"""A day is profiled once: no row of the past is read again for a window that it is in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tasks.data.lake import Lake, LakeTable, Read
from tasks.errors import Conflict
from tasks.profiles import storing
from tasks.profiles.columns import NumericProfile, Profile, merged
from tasks.profiles.frames import profiled
from tasks.profiles.shelf import Shelf
from tests.profiles.rows import FIRST, frame

COLUMNS = "amount", "share", "hour"
CONTENT = "c" * 64


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Lake(tmp_path).table("profiles"))


def days(rows: pd.DataFrame) -> dict[date, pd.DataFrame]:
    return {date.fromisoformat(str(day)): own for day, own in rows.groupby("day")}


def made(seed: int) -> Profile:
    return profiled(frame(1, 30, seed), COLUMNS, ["store"])


def break_rows(table: LakeTable, but: str) -> int:
    """Overwrite the data files of all partitions but one; how many."""
    assert isinstance(table.path, Path)
    broken = [path for path in table.path.glob("_partition=*/*") if but not in str(path)]
    for path in broken:
        path.write_bytes(b"nothing that could be read")
    return len(broken)


def test_a_new_day_reads_none_of_the_others(shelf: Shelf, tmp_path: Path) -> None:
    """With the rows of 29 days gone, the 30th joins them in a window that is exact."""
    rows = frame(30, 50)
    log = Lake(tmp_path).table("predictions")
    for day, own in days(rows).items():
        log.replace_partition(day.isoformat(), pa.Table.from_pandas(own[[*COLUMNS]]), CONTENT)
    *past, last = days(rows)
    for day in past:
        shelf.keep(day, _of(log, day), CONTENT)
    assert break_rows(log, last.isoformat()) == 29

    with pytest.raises(pa.ArrowInvalid, match="magic bytes"):
        _of(log, past[-1])
    shelf.keep(last, _of(log, last), CONTENT)
    window = merged(shelf.days(FIRST, last).values())

    whole = profiled(rows, COLUMNS, [])
    assert window.rows == whole.rows == 1500
    for name in COLUMNS:
        assert _sketched(window, name).sketch == _sketched(whole, name).sketch


def test_a_window_reads_only_its_own_profiles(shelf: Shelf) -> None:
    """Profiles of days outside the window may be gone for good."""
    for n in range(5):
        shelf.keep(FIRST + timedelta(n), made(n), CONTENT)
    last = FIRST + timedelta(4)
    break_rows(shelf.table, last.isoformat())
    assert shelf.days(last, last) == {last: made(4)}
    assert shelf.kept(last, last) == {last: CONTENT}


def test_kept_once(shelf: Shelf) -> None:
    """A day is kept in one commit; kept again from the same content, nothing is written."""
    assert shelf.keep(FIRST, made(1), CONTENT)
    version = shelf.table.version()
    assert not shelf.keep(FIRST, made(1), CONTENT)
    assert shelf.table.version() == version
    assert shelf.keep(FIRST + timedelta(1), made(2), CONTENT)
    assert shelf.table.version() == (version or 0) + 1


def test_replaced_when_its_rows_changed(shelf: Shelf) -> None:
    """Made from other content, a day's profile takes the place of the one before."""
    shelf.keep(FIRST, made(1), CONTENT)
    assert shelf.keep(FIRST, made(2), "d" * 64)
    assert shelf.kept() == {FIRST: "d" * 64}
    assert shelf.days(FIRST, FIRST) == {FIRST: made(2)}


def test_an_empty_shelf(shelf: Shelf) -> None:
    """Before the first profile there is none, and asking makes no table."""
    assert shelf.kept() == {}
    assert shelf.days(FIRST, date.max) == {}
    assert shelf.table.version() is None


def test_days_in_order(shelf: Shelf) -> None:
    """However late a day was kept, it is in its place, and days without one are left out."""
    for n in (6, 2, 4):
        shelf.keep(FIRST + timedelta(n), made(n), CONTENT)
    found = shelf.days(FIRST + timedelta(1), FIRST + timedelta(5))
    assert found == {FIRST + timedelta(n): made(n) for n in (2, 4)}
    assert list(found) == sorted(found)
    assert list(shelf.kept()) == [FIRST + timedelta(n) for n in (2, 4, 6)]


def test_other_formats_are_made_anew(shelf: Shelf) -> None:
    """A profile kept in another format counts as none: its day is profiled again."""
    old = storing.rows(made(1))
    older = old.set_column(0, "format", pa.array([0] * old.num_rows, pa.int32()))
    shelf.table.replace_partition(FIRST.isoformat(), older, CONTENT)
    assert shelf.kept() == {}
    assert shelf.keep(FIRST, made(1), CONTENT)
    assert shelf.kept() == {FIRST: CONTENT}


def test_two_writers(shelf: Shelf) -> None:
    """Of writers at the same moment each is kept whole or told of the conflict."""
    shelf.keep(FIRST, made(1), CONTENT)

    def kept(seed: int) -> bool | None:
        try:
            return shelf.keep(FIRST, made(seed), f"{seed}" * 64)
        except Conflict:
            return None

    with ThreadPoolExecutor(3) as pool:
        told = dict(zip((2, 3, 4), pool.map(kept, (2, 3, 4)), strict=True))
    (source,) = shelf.kept().values()
    assert told[int(source[0])] is True
    assert shelf.days(FIRST, FIRST) == {FIRST: made(int(source[0]))}


def _of(log: LakeTable, day: date) -> Profile:
    name = day.isoformat()
    return profiled(log.read(Read(COLUMNS, name, name)).to_pandas(), COLUMNS, [])


def _sketched(profile: Profile, name: str) -> NumericProfile:
    found = profile.columns[name]
    assert isinstance(found, NumericProfile)
    return found
