"""The prediction log: append-only, one id a row, one partition a day asked about."""

import hashlib
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from tasks.data.lake import Lake, LakeTable, Read

TABLE = "predictions"


@dataclass(frozen=True)
class PredictionLog:
    """Predictions of one pipeline, kept apart from the tables that it learns from."""

    lake: Lake

    @property
    def table(self) -> LakeTable:
        return self.lake.table(TABLE)

    def append(self, day: date, rows: pd.DataFrame) -> int:
        """Add the rows of `day` whose `prediction_id` is not there yet; how many were new.

        The day's partition is replaced whole, so a reader sees all of them or none.
        """
        seen = self.table.version()
        known = self.read(day, day)
        new = rows[~rows["prediction_id"].isin(known["prediction_id"])]
        if new.empty:
            return 0
        merged = pd.concat([known, new], ignore_index=True) if len(known) else new
        merged = merged.sort_values("prediction_id", ignore_index=True)
        content = hashlib.sha256("".join(merged["prediction_id"]).encode()).hexdigest()
        table = _stored(merged)
        row = pa.array(range(table.num_rows), pa.int64())
        self.table.replace_partition(
            day.isoformat(), table.append_column("_row", row), content, seen
        )
        return len(new)

    def days(self) -> list[date]:
        """Days with at least one prediction, in order."""
        if self.table.version() is None:
            return []
        return sorted(map(date.fromisoformat, self.table.partitions()))

    def read(self, first: date, last: date) -> pd.DataFrame:
        """Predictions of the days from `first` to `last`: empty, with `prediction_id`, if none."""
        if self.table.version() is None:
            return pd.DataFrame({"prediction_id": pd.Series(dtype="str")})
        found = self.table.read(Read(first=first.isoformat(), last=last.isoformat()))
        system = [name for name in found.column_names if name.startswith("_")]
        frame: pd.DataFrame = found.drop_columns(system).to_pandas()
        return frame


def _stored(rows: pd.DataFrame) -> pa.Table:
    """Text is `string` whatever pandas made of it: a column keeps its type in the lake."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    types = [pa.string() if pa.types.is_large_string(t) else t for t in table.schema.types]
    return table.cast(pa.schema(zip(table.schema.names, types, strict=True)))


def prediction_ids(pipeline: str, version: int, keys: pd.DataFrame) -> list[str]:
    """One id a row: the same pipeline, version and key always give the same id."""
    columns = [keys[name].astype(str) for name in keys]
    return [
        hashlib.sha256("\x1f".join((pipeline, str(version), *values)).encode()).hexdigest()[:24]
        for values in zip(*columns, strict=True)
    ]
