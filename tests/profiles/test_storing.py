"""Profiles come back from a file as they were, down to the last bit."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.errors import Terminal
from tasks.profiles import storing
from tasks.profiles.columns import CategoricalProfile, NumericProfile, Profile
from tasks.profiles.frames import by_day, profiled
from tests.profiles.rows import CATEGORICAL, NUMERIC, frame


@pytest.mark.parametrize("rows", [3, 5_000])
def test_there_and_back(rows: int) -> None:
    """What is read is equal to what was kept, with coarse bins and with one a number."""
    made = profiled(frame(1, rows), NUMERIC, CATEGORICAL)
    assert storing.profile(storing.rows(made)) == made


def test_odd_columns() -> None:
    """Columns without a value, of the largest floats and of odd names are kept as they are."""
    made = Profile(
        4,
        {
            "": NumericProfile.of(np.array([1.8e308, -1.8e308, 5e-324, -0.0])),
            "naïve 'x'": CategoricalProfile.of({"": 1, "NULL": 2, "é\n": 1}),
            "no text": CategoricalProfile.of({}, missing=4),
        },
    )
    assert storing.profile(storing.rows(made)) == made
    nothing = storing.profile(storing.rows(Profile(1, {"x": NumericProfile.of(np.array([]))})))
    column = nothing.columns["x"]
    assert isinstance(column, NumericProfile)
    assert (column.present, len(column.sketch.keys)) == (0, 0)
    assert math.isnan(column.moments.mean)


def test_a_file_of_days(tmp_path: Path) -> None:
    """The days of a window are read in their order, and are written to the same bytes again."""
    days = by_day(frame(9, 40), NUMERIC, CATEGORICAL)
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    storing.written(one, dict(reversed(days.items())))
    storing.written(two, days)
    found = storing.read(one)
    assert found == days
    assert list(found) == sorted(days)
    assert one.read_bytes() == two.read_bytes()


def test_a_file_of_no_days(tmp_path: Path) -> None:
    """A window without a day is a file without a row."""
    storing.written(tmp_path / "none.parquet", {})
    assert storing.read(tmp_path / "none.parquet") == {}


def test_another_format(tmp_path: Path) -> None:
    """Profiles of another format are refused: their bins mean something else."""
    storing.written(tmp_path / "new.parquet", {date(2013, 1, 1): Profile(1, {"x": _ones()})})
    table = pq.read_table(tmp_path / "new.parquet")
    newer = table.set_column(0, "format", pa.array([2], pa.int32()))
    with pytest.raises(Terminal, match="profiles of format 2 are kept here, and read is format 1"):
        storing.profile(newer)
    with pytest.raises(Terminal, match="format none"):
        storing.profile(table.slice(0, 0))


def test_no_columns() -> None:
    """A profile without a column would leave no trace that the day was looked at."""
    with pytest.raises(Terminal, match="a profile of 7 rows has no column to be kept"):
        storing.rows(Profile(7, {}))


def _ones() -> NumericProfile:
    return NumericProfile.of(np.ones(1))
