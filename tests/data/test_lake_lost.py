"""A lake that has not kept what it was asked to show again."""

from pathlib import Path

import pyarrow as pa
import pytest

from tasks.data.answers import Missing
from tasks.data.lake import Lake, LakeTable


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    """A table whose second version replaced the rows of its first."""
    lake = Lake(tmp_path)
    for amount in (1.0, 2.0):
        lake.table("orders").replace_partition(
            "2013-01-01", pa.table({"amount": [amount]}), str(amount) * 16
        )
    return lake.at({"orders": 1}).table("orders")


def lost(table: LakeTable, pattern: str) -> LakeTable:
    """The table without one of its files."""
    first, *_ = sorted(Path(str(table.path)).glob(pattern), key=lambda path: path.stat().st_mtime)
    first.unlink()
    return table


def test_what_was_kept_is_read(table: LakeTable) -> None:
    """Both versions are there."""
    assert table.read(None)["amount"].to_pylist() == [1.0]


@pytest.mark.parametrize("pattern", ["_partition=*/*.parquet", "_delta_log/*1.json"])
def test_a_version_that_lost_a_file(table: LakeTable, pattern: str) -> None:
    """Rows or history of then that are gone are a named error, and no empty answer."""
    with pytest.raises(Missing, match="orders cannot be read at version 1 any more"):
        lost(table, pattern).read()


def test_a_version_that_never_was(table: LakeTable) -> None:
    """A later version than there is cannot be read either."""
    with pytest.raises(Missing, match="orders cannot be read at version 9 any more"):
        Lake(table.path.parent).at({"orders": 9}).table("orders").read()  # type: ignore[union-attr]
