"""Files in landing: which are deliveries, since when, and that they are what was listed."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.schema import Column, Table
from tasks.data.source import FilesSource
from tasks.errors import Refused
from tasks.records import Delivery

MORNING = datetime(2013, 2, 15, 6, 0, tzinfo=UTC)
DAILY = Table(
    deliveries="orders/*",
    partition="day",
    key=("day",),
    known_at="known_at",
    columns={
        "day": Column.model_validate("date"),
        "known_at": Column.model_validate("timestamp"),
    },
    extra_columns="refuse",
    max_held_share=0,
)
ONCE = DAILY.model_copy(update={"partition": None})


def put(landing: Path, name: str, hours: float = 0, content: bytes = b"day\n1\n") -> Path:
    """A file that arrived some hours after the morning."""
    path = landing / "shop" / "orders" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    at = (MORNING + timedelta(hours=hours)).timestamp()
    os.utime(path, (at, at))
    return path


def listed(landing: Path, table: Table = DAILY, hours: float = 24) -> list[Delivery]:
    as_of = MORNING + timedelta(hours=hours)
    return FilesSource(landing, "shop").deliveries("orders", table, as_of)


def test_deliveries_come_in_order_of_arrival(tmp_path: Path) -> None:
    """Ordered by arrival and not by name, and only what had arrived by then."""
    for name, hours in (("2013-02-15.csv", 0), ("2013-02-14.csv", 1), ("2013-02-16.csv", 2)):
        put(tmp_path, name, hours)
    assert [each.partition for each in listed(tmp_path)] == [
        "2013-02-15",
        "2013-02-14",
        "2013-02-16",
    ]
    assert [each.partition for each in listed(tmp_path, hours=1)] == ["2013-02-15", "2013-02-14"]
    assert listed(tmp_path)[0].arrived_at == MORNING


def test_a_correction_is_of_the_same_partition(tmp_path: Path) -> None:
    """The partition is the name up to its first dot; without partitions there is one."""
    put(tmp_path, "2013-02-14.csv.gz")
    put(tmp_path, "2013-02-14.r2.csv.gz", 1)
    assert [each.partition for each in listed(tmp_path)] == ["2013-02-14"] * 2
    assert {each.partition for each in listed(tmp_path, ONCE)} == {"all"}


def test_unfinished_files_are_not_deliveries(tmp_path: Path) -> None:
    """Temporary and hidden files and folders are left alone, and no landing is no delivery."""
    for name in ("2013-02-14.csv.tmp", ".2013-02-14.csv", "_SUCCESS"):
        put(tmp_path, name)
    (tmp_path / "shop" / "orders" / "2013-02-14").mkdir()
    assert listed(tmp_path) == []
    assert listed(tmp_path / "nowhere") == []


def test_a_file_written_over_is_another_delivery(tmp_path: Path) -> None:
    """Same name, time and size, other content: other digest, and the old listing is refused."""
    put(tmp_path, "2013-02-14.csv")
    (before,) = listed(tmp_path)
    put(tmp_path, "2013-02-14.csv", content=b"day\n2\n")
    (after,) = listed(tmp_path)
    assert after.size_bytes == before.size_bytes
    assert after.sha256 != before.sha256
    with pytest.raises(Refused, match="changed"):
        FilesSource(tmp_path, "shop").read(before)


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    """A listed file that cannot be read any more is a refusal that says so."""
    path = put(tmp_path, "2013-02-14.csv")
    (delivery,) = listed(tmp_path)
    path.unlink()
    with pytest.raises(Refused, match="unreadable: the file cannot be read: No such file"):
        FilesSource(tmp_path, "shop").read(delivery)
