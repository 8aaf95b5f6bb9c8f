"""An arm's own tables read like a lake's, and are there again after a kill."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks.backtest.drawer import Drawer
from tasks.data.lake import DELIVERY, Lake, Read
from tasks.errors import NotEnoughData, Terminal

QUERIES = [
    Read(),
    Read(("version", "_partition")),
    Read(first="2024-01-02"),
    Read(last="2024-01-01"),
    Read(("order_id",), "2024-01-02", "2024-01-02"),
    Read(first="2031-01-01"),
    Read(("order_id",), where=pc.field("version") == 2),
]


def rows(*orders: str, version: int = 1) -> pa.Table:
    return pa.table({"order_id": orders, "version": [version] * len(orders)})


def filled(lake: Lake) -> Lake:
    """Two days, one of them replaced."""
    table = lake.table("predictions")
    table.made(rows("a"))
    table.replace_partition("2024-01-02", rows("c", "b", version=2), "second")
    table.replace_partition("2024-01-01", rows("a"), "first")
    table.replace_partition("2024-01-01", rows("z", "a", "y"), "again")
    return lake


@pytest.mark.parametrize("query", QUERIES)
def test_reads(tmp_path: Path, query: Read) -> None:
    """The same rows in the same order as a lake's table, before a kill and after."""
    real = filled(Lake(tmp_path / "lake")).table("predictions").read(query)
    drawer = filled(Drawer(tmp_path / "drawer"))
    for each in (drawer, Drawer(tmp_path / "drawer")):
        found = each.table("predictions").read(query)
        assert found.select(sorted(found.column_names)).to_pylist() == (
            real.select(sorted(real.column_names)).to_pylist()
        )


def test_partitions(tmp_path: Path) -> None:
    """Partitions, counts and what each came from are those of a lake's table."""
    real = filled(Lake(tmp_path / "lake")).table("predictions")
    found = filled(Drawer(tmp_path / "drawer")).table("predictions")
    assert found.partitions() == real.partitions() == ["2024-01-01", "2024-01-02"]
    assert found.counts() == real.counts()
    assert set(found.read(Read((DELIVERY,)))[DELIVERY].to_pylist()) == {"again", "second"}


def test_before_the_first_row(tmp_path: Path) -> None:
    """A table that nobody made cannot be read; one that was made has columns and no rows."""
    table = Drawer(tmp_path).table("predictions")
    assert (table.version(), table.partitions()) == (None, [])
    with pytest.raises(NotEnoughData, match="no rows yet"):
        table.read()
    assert table.made(rows("a")) == 0
    assert table.read(Read(("version",))).num_rows == 0
    with pytest.raises(Terminal, match="no column 'versoin'; did you mean 'version'"):
        table.read(Read(("versoin",)))
