"""Profiles as rows of a table, one a column, and as a file beside a model."""

import math
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import Terminal
from tasks.profiles.columns import CategoricalProfile, ColumnProfile, NumericProfile, Profile
from tasks.profiles.moments import Moments
from tasks.profiles.sketch import Sketch

FORMAT = 1
"""Of the rows; what was stored in another is to be profiled anew."""

DAY = "day"

SCHEMA = pa.schema(
    {
        "format": pa.int32(),
        "profile_rows": pa.int64(),
        "column": pa.string(),
        "rows": pa.int64(),
        "missing": pa.int64(),
        "infinite": pa.int64(),
        "mean": pa.float64(),
        "m2": pa.float64(),
        "low": pa.float64(),
        "high": pa.float64(),
        "shift": pa.int32(),
        "keys": pa.list_(pa.int64()),
        "categories": pa.list_(pa.string()),
        "counts": pa.list_(pa.int64()),
        "other": pa.int64(),
    }
)
"""One row a column. Numbers have keys and no categories, categories the other way round."""


def rows(profile: Profile) -> pa.Table:
    """A row for every column; `Terminal` for a profile of no columns, which would leave none."""
    if not profile.columns:
        raise Terminal(f"a profile of {profile.rows:,} rows has no column to be kept")
    shared = {"format": FORMAT, "profile_rows": profile.rows}
    made = [{**shared, "column": name, **_row(column)} for name, column in profile.columns.items()]
    return pa.Table.from_pylist(made, schema=SCHEMA)


def profile(table: pa.Table) -> Profile:
    """The profile that `rows` made these of, whatever else they say beside; `Terminal` when it
    was made in another format."""
    formats = set(table["format"].to_pylist())
    if formats != {FORMAT}:
        told = ", ".join(map(str, sorted(formats))) or "none"
        raise Terminal(f"profiles of format {told} are kept here, and read is format {FORMAT}")
    columns = dict(zip(table["column"].to_pylist(), _columns(table), strict=True))
    return Profile(table["profile_rows"][0].as_py(), columns)


def written(path: Path, days: Mapping[date, Profile]) -> None:
    """Put the profiles of days into one Parquet file: the same days, the same bytes."""
    tables = [
        rows(each).append_column(DAY, pa.repeat(pa.scalar(day.isoformat()), len(each.columns)))
        for day, each in sorted(days.items())
    ]
    schema = SCHEMA.append(pa.field(DAY, pa.string()))
    pq.write_table(pa.concat_tables([schema.empty_table(), *tables]), path, compression="zstd")


def read(path: Path) -> dict[date, Profile]:
    """What `written` put there, in the order of days."""
    return {date.fromisoformat(name): each for name, each in profiles(pq.read_table(path), DAY)}


def profiles(table: pa.Table, by: str) -> list[tuple[str, Profile]]:
    """One for every run of rows with the same text in the column `by`, in their order."""
    if not table.num_rows:
        return []
    names = table[by].to_pylist()
    starts = [n for n, name in enumerate(names) if n == 0 or name != names[n - 1]]
    ends = pairwise([*starts, len(names)])
    return [(names[first], profile(table.slice(first, end - first))) for first, end in ends]


def _row(column: ColumnProfile) -> dict[str, Any]:
    if isinstance(column, CategoricalProfile):
        return {
            "rows": column.rows,
            "missing": column.missing,
            "categories": list(column.counts),
            "counts": list(column.counts.values()),
            "other": column.other,
        }
    moments, sketch = column.moments, column.sketch
    return {
        "rows": column.rows,
        "missing": column.missing,
        "infinite": column.infinite,
        **{name: _defined(getattr(moments, name)) for name in ("mean", "m2", "low", "high")},
        "shift": sketch.shift,
        "keys": sketch.keys,
        "counts": sketch.counts,
    }


def _columns(table: pa.Table) -> list[ColumnProfile]:
    # The lists of a row as arrays: as Python lists they would take most of the time.
    lists = {name: table[name].combine_chunks() for name in ("keys", "counts")}
    plain = table.drop_columns(["keys", "counts"]).to_pylist()
    return [
        _column(row, {name: each[n] for name, each in lists.items()}) for n, row in enumerate(plain)
    ]


def _column(row: Mapping[str, Any], lists: Mapping[str, pa.ListScalar]) -> ColumnProfile:
    counts = lists["counts"].values.to_numpy()
    if row["categories"] is not None:
        named = dict(zip(row["categories"], counts.tolist(), strict=True))
        return CategoricalProfile(row["rows"], row["missing"], named, row["other"])
    moments = Moments(
        row["rows"] - row["missing"] - row["infinite"],
        *(math.nan if row[name] is None else row[name] for name in ("mean", "m2", "low", "high")),
    )
    sketch = Sketch(row["shift"], np.asarray(lists["keys"].values), counts)
    return NumericProfile(row["rows"], row["missing"], row["infinite"], moments, sketch)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
