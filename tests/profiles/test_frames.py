"""Rows are profiled in one pass, by day or batch by batch, and never guessed at."""

import time
import tracemalloc
from datetime import date
from decimal import Decimal
from itertools import repeat

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tasks.errors import Terminal
from tasks.profiles.columns import CategoricalProfile, NumericProfile
from tasks.profiles.frames import by_day, profiled, streamed
from tests.profiles.rows import CATEGORICAL, FIRST, NUMERIC, frame


def numeric(*values: object, dtype: str = "object") -> NumericProfile:
    column = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    found = profiled(column, ["x"], []).columns["x"]
    assert isinstance(found, NumericProfile)
    return found


def categorical(*values: object, dtype: str = "object") -> CategoricalProfile:
    column = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    found = profiled(column, [], ["x"]).columns["x"]
    assert isinstance(found, CategoricalProfile)
    return found


def test_every_day_is_its_own() -> None:
    """The profile of a day is that of its rows alone, in whatever order all rows came."""
    rows = frame(5, 60)
    days = by_day(rows, NUMERIC, CATEGORICAL)
    assert list(days) == [date(2013, 1, n) for n in range(1, 6)]
    for day, found in days.items():
        own = rows[rows["day"] == day.isoformat()]
        assert found.rows == 60
        assert found.columns["hour"] == profiled(own, NUMERIC, CATEGORICAL).columns["hour"]
        assert found.columns["store"] == profiled(own, NUMERIC, CATEGORICAL).columns["store"]
    assert by_day(rows.head(0), NUMERIC, CATEGORICAL) == {}


@pytest.mark.parametrize(
    ("values", "dtype", "mean", "missing"),
    [
        ([1, None, 3], "object", 2, 1),
        ([1, pd.NA, 3], "Int64", 2, 1),
        ([True, False], "bool", 0.5, 0),
        ([Decimal("1.5"), Decimal("2.5")], "object", 2, 0),
        ([2, 2], "int8", 2, 0),
    ],
)
def test_kinds_of_numbers(values: list[object], dtype: str, mean: float, missing: int) -> None:
    """Whatever holds numbers is profiled as numbers; what lacks one is missing."""
    found = numeric(*values, dtype=dtype)
    assert (found.moments.mean, found.missing) == (mean, missing)


def test_nothing_but_missing() -> None:
    """A column of nothing but None is all missing, as numbers and as categories."""
    assert numeric(None, None).missing == categorical(None, None).missing == 2
    assert numeric(None).present == categorical(None).present == 0


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_kinds_of_text(dtype: str) -> None:
    """However pandas keeps text, it is counted by name; the empty text is a name."""
    found = categorical("a", None, "b", "a", "", dtype=dtype)
    assert found == CategoricalProfile(5, 1, {"a": 2, "": 1, "b": 1}, 0)


def test_what_is_no_text_has_a_name() -> None:
    """Numbers and booleans are categories by what they are written as; equal names are one."""
    assert categorical(1, "1", 2.5).counts == {"1": 2, "2.5": 1}
    assert categorical(True, False, True).counts == {"True": 2, "False": 1}


@pytest.mark.parametrize(
    "values", [["1.5", "2"], [date(2013, 1, 1)], [pd.Timestamp("2013-01-01")], [1, "2"]]
)
def test_text_is_no_number(values: list[object]) -> None:
    """Text and times are refused as numbers, even where they could be read as some."""
    with pytest.raises(Terminal, match="column 'x' to profile as numbers holds"):
        profiled(pd.DataFrame({"x": values}), ["x"], [])


def test_a_column_that_is_not_there() -> None:
    """A column that the rows lack is not all missing: it is an error that names the nearest."""
    with pytest.raises(Terminal, match=r"no column 'amout'.*amount"):
        profiled(frame(1, 5), ["amout"], [])
    with pytest.raises(Terminal, match="no column 'shop'"):
        by_day(frame(1, 5), [], ["shop"])


def test_rows_without_a_day() -> None:
    """Rows that belong to no day are an error, not a day of their own."""
    rows = frame(2, 5)
    rows.loc[3, "day"] = None
    with pytest.raises(Terminal, match="1 of 10 rows to profile have no day"):
        by_day(rows, NUMERIC, CATEGORICAL)


def test_a_month_is_quick() -> None:
    """30 days of 1000 rows and 35 columns are profiled well within half a second."""
    rng, rows = np.random.default_rng(1), 30_000
    names = rng.choice(["a", "b", "c", "d"], rows)
    made = {f"n{n}": rng.normal(size=rows) for n in range(25)} | {f"c{n}": names for n in range(10)}
    days = np.tile([f"2013-01-{n:02}" for n in range(1, 31)], 1000)
    month = pd.DataFrame(made | {"day": days})
    started = time.process_time()
    by_day(month, [f"n{n}" for n in range(25)], [f"c{n}" for n in range(10)])
    assert time.process_time() - started < 0.5


def test_memory_does_not_grow_with_rows() -> None:
    """A stream of batches is profiled in the memory of one, whatever the number of batches."""

    rng = np.random.default_rng(1)
    columns = {"x": rng.normal(size=20_000), "c": rng.choice(["a", "b"], 20_000)}
    batch = pa.RecordBatch.from_pydict(columns)

    def peak(number: int) -> int:
        tracemalloc.start()
        found = streamed(repeat(batch, number), ["x"], ["c"])
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.rows == number * 20_000
        return used

    assert peak(30) < 1.2 * peak(3)


def test_a_stream_is_its_rows() -> None:
    """Batch by batch the profile is that of the rows at once."""
    rows = frame(3, 500)
    table = pa.Table.from_pandas(rows.drop(columns="empty"), preserve_index=False)
    found = streamed(table.to_batches(max_chunksize=400), NUMERIC, ["store"])
    whole = profiled(rows, NUMERIC, ["store"])
    assert found.columns["store"] == whole.columns["store"]
    one, other = found.columns["share"], whole.columns["share"]
    assert isinstance(one, NumericProfile)
    assert isinstance(other, NumericProfile)
    assert one.sketch == other.sketch
    assert min(by_day(rows, NUMERIC, [])) == FIRST
