"""The prediction log: append-only, one id a row, one partition a day asked about."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from config.hints import hint
from tasks.data.lake import Lake, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.errors import Terminal

TABLE = "predictions"
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Logged:
    """Where a prediction is in the log, and which version answered."""

    prediction_id: str
    version: int
    day: date


@dataclass(frozen=True)
class PredictionLog:
    """Predictions of one pipeline, kept apart from the tables that it learns from."""

    lake: Lake

    @property
    def table(self) -> LakeTable:
        return self.lake.table(TABLE)

    def append(self, day: date, rows: pd.DataFrame, key: Sequence[str]) -> int:
        """Add the rows of `day` whose question has no answer yet; how many were new.

        `key` are the columns that name a question: it is answered once, by whichever version was
        first. The day's partition is replaced whole, so a reader sees all of them or none.
        Raises `Conflict` when another writer added to the day meanwhile.
        """
        seen = self.table.made(_arrow(rows))
        new = rows[~self.answered(day, rows, key)]
        if new.empty:
            return 0
        known = self.read(day, day)
        merged = pd.concat([known, new], ignore_index=True) if len(known) else new
        merged = merged.sort_values("prediction_id", ignore_index=True)
        content = hashlib.sha256("".join(merged["prediction_id"]).encode()).hexdigest()
        table = _arrow(merged)
        row = pa.array(range(table.num_rows), pa.int64())
        self.table.replace_partition(
            day.isoformat(), table.append_column("_row", row), content, seen
        )
        return len(new)

    def answered(self, day: date, questions: pd.DataFrame, key: Sequence[str]) -> "pd.Series[bool]":
        """Which of the questions of `day` have an answer."""
        known = self.read(day, day)
        if known.empty:
            return pd.Series(data=False, index=questions.index, dtype=bool)
        return question_names(questions[[*key]]).isin(question_names(known[[*key]]))

    def counts(self) -> dict[date, int]:
        """How many predictions there are of each day that has one."""
        return {date.fromisoformat(day): rows for day, rows in self.table.counts().items()}

    def find(self, name: str) -> "Logged":
        """The prediction whose id is or begins with `name`.

        Raises `Terminal` when there is none, naming the nearest, and when there are several.
        """
        if self.table.version() is None:
            raise Terminal("0 predictions are logged: `ratchet score` answers what was asked")
        columns = "prediction_id", "version", PARTITION
        ids, versions, days = self.table.read(Read(columns=columns)).columns
        found = [n for n, each in enumerate(ids.to_pylist()) if each.startswith(name)]
        if len(found) == 1:
            number, version, day = (each[found[0]].as_py() for each in (ids, versions, days))
            return Logged(number, int(version), date.fromisoformat(day))
        if found:
            listed = ", ".join(sorted(ids.take(found).to_pylist())[:5])
            raise Terminal(f"{len(found)} predictions begin with {name!r}: {listed}")
        known = ids.to_pylist()
        near = [each for each in known if each[:4] == name[:4] or each.endswith(name[-4:])]
        raise Terminal(f"none of {len(known):,} predictions is {name!r}{hint(name, near)}")

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
    return [
        hashlib.sha256(_SEPARATOR.join((pipeline, str(version), name)).encode()).hexdigest()[:24]
        for name in question_names(keys)
    ]


def question_names(keys: pd.DataFrame) -> "pd.Series[str]":
    columns = [keys[name].astype(str) for name in keys]
    joined = [_SEPARATOR.join(values) for values in zip(*columns, strict=True)]
    return pd.Series(joined, index=keys.index, dtype="str")


def _arrow(rows: pd.DataFrame) -> pa.Table:
    """The rows with a type for every column: one of nothing but None holds texts that lack."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    return table.cast(
        pa.schema(
            field.with_type(pa.string())
            if pa.types.is_null(field.type) or pa.types.is_large_string(field.type)
            else field
            for field in table.schema.remove_metadata()
        )
    )
