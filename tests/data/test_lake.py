"""Tables of accepted rows: replaced whole, read as they were, never half written."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.data.lake import ALL, Lake, LakeTable, Read
from tasks.errors import Conflict, NotEnoughData, Terminal
from tests.servers.s3 import RealS3

FIRST, SECOND = "a" * 64, "b" * 64


def hour(number: int) -> datetime:
    return datetime(2013, 1, 1, number, tzinfo=UTC)


def rows(*names: str, **columns: pa.Array) -> pa.Table:
    """Rows that became known one an hour, from midnight."""
    known_at = pa.array([hour(i) for i in range(len(names))], pa.timestamp("us", "UTC"))
    return pa.table({"name": pa.array(names, pa.string()), "known_at": known_at} | columns)


@pytest.fixture(params=["a folder", "a bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path, s3_api: RealS3) -> Lake:
    """An empty lake: whatever is said of it here is so in either place."""
    if request.param == "a folder":
        return Lake(tmp_path / "lake")
    return Lake(s3_api.bucket() / "with a space" / "lake", s3_api.s3)


@pytest.fixture
def table(lake: Lake) -> LakeTable:
    """A table with two days."""
    found = lake.table("orders")
    found.replace_partition("2013-01-02", rows("c", "d"), SECOND)
    found.replace_partition("2013-01-01", rows("a", "b"), FIRST)
    return found


def names(table: LakeTable, query: Read | None = None) -> list[str]:
    found: list[str] = table.read(query)["name"].to_pylist()
    return found


def test_rows_come_in_order_of_partition_and_row(table: LakeTable) -> None:
    """The order of writing does not show, and every row says where it is from."""
    assert names(table) == ["a", "b", "c", "d"]
    last = table.read().to_pylist()[-1]
    assert (last["_partition"], last["_delivery"], last["_row"]) == ("2013-01-02", SECOND, 1)
    assert table.partitions() == ["2013-01-01", "2013-01-02"]


def test_a_lake_as_it_was(lake: Lake, table: LakeTable) -> None:
    """Tables that are named are read at their version of then, the others as they are."""
    then = lake.at({"orders": 1})
    table.replace_partition("2013-01-02", rows("z"), FIRST)
    lake.table("returns").replace_partition(ALL, rows("r"), FIRST)
    before = then.table("orders")
    assert (names(before), before.partitions(), before.version()) == (["c", "d"], ["2013-01-02"], 1)
    assert names(lake.at({"orders": 2}).table("orders")) == ["a", "b", "c", "d"]
    assert names(then.table("returns")) == ["r"]
    assert names(table) == ["a", "b", "z"]


def test_a_partition_is_replaced_whole(table: LakeTable) -> None:
    """New rows are all there is in the partition; the others and the past stay."""
    before = table.version()
    after = table.replace_partition("2013-01-01", rows("z"), SECOND)
    assert names(table) == ["z", "c", "d"]
    assert names(table, Read(version=before)) == ["a", "b", "c", "d"]
    history = table.history("2013-01-01")
    assert [(each.version, each.delivery, each.rows) for each in history] == [
        (after, SECOND, 1),
        (before, FIRST, 2),
    ]
    assert table.delivery_of("2013-01-01") == SECOND
    assert table.delivery_of("2013-01-09") is None


def test_bounds_are_inclusive(table: LakeTable) -> None:
    """Partitions from first to last, both among them."""
    assert names(table, Read(first="2013-01-02")) == ["c", "d"]
    assert names(table, Read(last="2013-01-01")) == ["a", "b"]
    assert names(table, Read(first="2013-01-01", last="2013-01-02")) == ["a", "b", "c", "d"]
    assert names(table, Read(first="2014-01-01")) == []


def test_one_partition_is_within_any_bounds(lake: Lake) -> None:
    """A table without partitions is read whole, whatever days are asked for."""
    planes = lake.table("planes")
    planes.replace_partition(ALL, rows("a"), FIRST)
    assert names(planes, Read(first="2013-01-01", last="2013-01-02")) == ["a"]


def test_only_rows_known_by_a_time(table: LakeTable) -> None:
    """A row that became known exactly then counts, a later one does not."""
    assert names(table, Read(known_by=hour(0))) == ["a", "c"]
    assert names(table, Read(columns=("name",), known_by=hour(1))) == ["a", "b", "c", "d"]


def test_reading_opens_only_the_partitions_asked_for(table: LakeTable) -> None:
    """A day can be read though the files of all others are gone."""
    if isinstance(table.path, Path):
        for file in (table.path / "_partition=2013-01-01").iterdir():
            file.unlink()
    else:
        client, bucket = table.s3.client, table.path.bucket
        day = (table.path / "_partition=2013-01-01").prefix
        for each in client.list_objects_v2(Bucket=bucket, Prefix=day)["Contents"]:
            client.delete_object(Bucket=bucket, Key=each["Key"])
    assert names(table, Read(first="2013-01-02")) == ["c", "d"]


def test_a_new_column_is_null_before(table: LakeTable) -> None:
    """A column that comes later is null in older rows, and one that goes is null from then on."""
    table.replace_partition("2013-01-03", rows("e", colour=pa.array(["red"])), FIRST)
    assert table.read(Read(columns=("colour",)))["colour"].to_pylist() == [None] * 4 + ["red"]
    table.replace_partition("2013-01-04", rows("f"), FIRST)
    assert table.read(Read(columns=("colour",)))["colour"].to_pylist()[-1] is None


def test_a_column_keeps_its_type(table: LakeTable) -> None:
    """Another type is refused by name, not cast."""
    other = rows("e").set_column(0, "name", pa.array([1]))
    with pytest.raises(Terminal, match=r"orders.name is string in the lake and int64 now"):
        table.replace_partition("2013-01-03", other, FIRST)
    assert table.partitions() == ["2013-01-01", "2013-01-02"]


def test_partition_names_may_be_any_text(table: LakeTable) -> None:
    """Quotation marks and slashes in a name are no SQL and no folders."""
    for name in ("it's", "a/b c", "x' OR '1'='1"):
        table.replace_partition(name, rows(name), FIRST)
        assert names(table, Read(first=name, last=name)) == [name]
    assert len(names(table)) == 7


def test_what_is_not_there_is_named(lake: Lake, table: LakeTable) -> None:
    """An empty table, an unknown column and an unknown version are told, with the nearest name."""
    missing = lake.table("none")
    assert (missing.version(), missing.partitions(), missing.history(ALL)) == (None, [], [])
    with pytest.raises(NotEnoughData, match="'none' has no rows yet"):
        missing.read()
    with pytest.raises(Terminal, match=r"no column 'nam'; did you mean 'name'\?"):
        table.read(Read(columns=("nam",)))
    with pytest.raises(Terminal, match="no version 99; the latest is 2"):
        table.read(Read(version=99))


def test_writers_of_different_partitions_do_not_meet(lake: Lake) -> None:
    """Eight threads create the table and write a day each: nothing is lost."""
    table = lake.table("orders")
    days = [f"2013-01-0{day}" for day in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        versions = set(pool.map(lambda day: table.replace_partition(day, rows(day), FIRST), days))
    assert len(versions) == 8
    assert names(table) == days


def test_of_two_writers_of_one_state_one_wins(table: LakeTable) -> None:
    """Who derived its rows from a state that is gone gets a conflict, and may write elsewhere."""
    seen = table.version()
    table.replace_partition("2013-01-01", rows("winner"), SECOND, seen=seen)
    with pytest.raises(Conflict, match="orders/2013-01-01: another writer replaced it first"):
        table.replace_partition("2013-01-01", rows("loser"), FIRST, seen=seen)
    table.replace_partition("2013-01-03", rows("elsewhere"), FIRST, seen=seen)
    assert names(table) == ["winner", "c", "d", "elsewhere"]


@pytest.mark.parametrize("name", ["with a space", "it's", "Zürich", "a+b", "50 %", "a#b", "a?b"])
def test_a_lake_in_any_folder(tmp_path: Path, name: str) -> None:
    """Whatever the folder is called, what was written is read, partition by partition."""
    table = Lake(tmp_path / name).table("orders")
    for partition in ("2013-01-01", "a b%20c"):
        table.replace_partition(partition, rows(partition), FIRST)
    assert names(table) == ["2013-01-01", "a b%20c"]
    assert names(table, Read(first="a b%20c")) == ["a b%20c"]


def test_rows_are_counted_without_reading(lake: Lake, table: LakeTable) -> None:
    """Rows by partition, of the latest state; none of a table that is not there."""
    table.replace_partition("2013-01-01", rows("z"), SECOND)
    table.replace_partition("it's", rows("y"), SECOND)
    assert table.counts() == {"2013-01-01": 1, "2013-01-02": 2, "it's": 1}
    assert lake.table("none").counts() == {}


def test_first_writers_race(lake: Lake) -> None:
    """Who derived its rows from a table that had none loses to who wrote meanwhile."""
    table = lake.table("orders")
    seen = table.made(rows("a"))
    assert (table.made(rows("a")), table.counts()) == (seen, {})
    table.replace_partition("2013-01-01", rows("winner"), FIRST, seen=seen)
    with pytest.raises(Conflict, match="another writer replaced it first"):
        table.replace_partition("2013-01-01", rows("loser"), SECOND, seen=seen)
    assert names(table) == ["winner"]
