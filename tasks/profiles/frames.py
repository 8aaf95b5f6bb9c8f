"""Profiles of rows: of a frame, of each of its days, of more rows than fit into memory."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.api.types import infer_dtype, is_numeric_dtype

from config.hints import hint
from tasks.errors import Terminal
from tasks.profiles.columns import (
    CategoricalProfile,
    ColumnProfile,
    NumericProfile,
    Profile,
    merged,
)

T = TypeVar("T", bound=np.generic)

_NUMBERS = {"boolean", "decimal", "empty", "floating", "integer", "mixed-integer-float"}


def profiled(frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> Profile:
    """Of all rows of a frame, in one pass over the named columns.

    None, nan and NaT are missing. Raises `Terminal` for a column that the frame lacks, and for
    one of `numeric` that holds no numbers.
    """
    whole = _Parts(slice(None), (0, len(frame)))
    found = _columns(frame, whole, numeric, categorical)
    return Profile(len(frame), {name: parts[0] for name, parts in found.items()})


def streamed(
    batches: Iterable[pa.RecordBatch], numeric: Sequence[str], categorical: Sequence[str]
) -> Profile:
    """As `profiled`, of more rows than fit into memory: holds one batch at a time.

    As long as nobody else does: a Parquet file is read ahead unless opened with `pre_buffer=False`.
    """
    names = [*numeric, *categorical]
    return merged(
        profiled(batch.select(names).to_pandas(), numeric, categorical) for batch in batches
    )


def by_day(
    frame: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]
) -> dict[date, Profile]:
    """As `profiled`, of the rows of each day that `day` names as an ISO date, in order of days."""
    codes, days = pd.factorize(frame["day"], sort=True)
    if (codes < 0).any():
        raise Terminal(f"{(codes < 0).sum():,} of {len(frame):,} rows to profile have no day")
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(days) + 1))
    found = _columns(frame, _Parts(order, tuple(bounds.tolist())), numeric, categorical)
    return {
        date.fromisoformat(str(day)): Profile(
            int(bounds[n + 1] - bounds[n]), {name: parts[n] for name, parts in found.items()}
        )
        for n, day in enumerate(days)
    }


@dataclass(frozen=True)
class _Parts:
    """Which rows belong together: between neighbouring `bounds` of the rows put in `order`."""

    order: npt.NDArray[np.intp] | slice
    bounds: Sequence[int]

    def of(self, values: npt.NDArray[T]) -> list[npt.NDArray[T]]:
        ordered = values[self.order]
        return [ordered[first:end] for first, end in pairwise(self.bounds)]


def _columns(
    frame: pd.DataFrame, parts: _Parts, numeric: Sequence[str], categorical: Sequence[str]
) -> dict[str, list[ColumnProfile]]:
    found: dict[str, list[ColumnProfile]] = {}
    for name in numeric:
        values = _numbers(name, _column(frame, name))
        found[name] = [NumericProfile.of(part) for part in parts.of(values)]
    for name in categorical:
        codes, known = pd.factorize(_column(frame, name))
        names = [str(each) for each in known]
        found[name] = [_categories(part, names) for part in parts.of(codes)]
    return found


def _column(frame: pd.DataFrame, name: str) -> "pd.Series[Any]":
    if name not in frame:
        raise Terminal(f"rows to profile have no column {name!r}{hint(name, list(frame))}")
    return frame[name]


def _numbers(name: str, column: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    """The column as floats; text is refused even where every cell could be read as a number."""
    if not is_numeric_dtype(column):
        kind = infer_dtype(column, skipna=True)
        if kind not in _NUMBERS:
            raise Terminal(f"column {name!r} to profile as numbers holds {kind}")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _categories(codes: npt.NDArray[np.intp], names: Sequence[str]) -> CategoricalProfile:
    """Of rows that name a category by its place, -1 where missing."""
    seen, times = np.unique(codes, return_counts=True)
    counts = Counter[str]()
    for code, count in zip(seen.tolist(), times.tolist(), strict=True):
        if code >= 0:
            counts[names[code]] += count  # 1 and "1" are one name
    return CategoricalProfile.of(counts, missing=len(codes) - counts.total())
