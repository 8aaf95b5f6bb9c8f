"""The prediction log: append-only, one id a row, one partition a day asked about."""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from config.hints import hint
from tasks.data.lake import Lake, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.data.revisions import Revision
from tasks.errors import Terminal

TABLE = "predictions"
_SEPARATOR = "\x1f"

_From = tuple[int, Mapping[str, int] | None]
"""The log's version that rows were added to, and those of the tables that they were made from."""


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

    def append(
        self,
        day: date,
        rows: pd.DataFrame,
        key: Sequence[str],
        read: Mapping[str, int] | None = None,
    ) -> int:
        """Add the rows of `day` whose question has no answer yet; how many were new.

        `key` are the columns that name a question: it is answered once, by whichever version was
        first. `read` are the tables' versions that were answered from, where those were not the
        latest. The day's partition is replaced whole, so a reader sees all of them or none.
        Raises `Conflict` when another writer added to the day meanwhile.
        """
        seen = self.table.made(_arrow(rows))
        new = rows[~self.answered(day, rows, key)]
        if new.empty:
            return 0
        known = self.read(day, day)
        merged = pd.concat([known, new], ignore_index=True) if len(known) else new
        merged = merged.sort_values("prediction_id", ignore_index=True)
        self._put(day, merged, "".join(merged["prediction_id"]), (seen, read))
        return len(new)

    def replace(self, day: date, rows: pd.DataFrame, seen: int) -> None:
        """Make the rows all answers of `day`; those they replace stay in the table's history.

        `seen` is the table's version that they were made from. Raises `Conflict` when another
        writer changed the day meanwhile.
        """
        ordered = rows.sort_values("prediction_id", ignore_index=True)
        said = zip(ordered["prediction_id"], ordered["probability"], strict=True)
        self._put(day, ordered, "".join(f"{n} {value!r}\n" for n, value in said), (seen, None))

    def _put(self, day: date, rows: pd.DataFrame, content: str, made_from: _From) -> None:
        """Make the rows, in their order, the day's partition."""
        table = _arrow(rows)
        row = pa.array(range(table.num_rows), pa.int64())
        delivery = hashlib.sha256(content.encode()).hexdigest()
        self.table.replace_partition(
            day.isoformat(), table.append_column("_row", row), delivery, *made_from
        )

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
        begins = pc.starts_with(pc.field("prediction_id"), name)
        found = self.table.read(Read(("prediction_id", PARTITION), where=begins)).to_pylist()
        if len(found) == 1:
            number, day = found[0]["prediction_id"], found[0][PARTITION]
            its = Read(("version",), day, day, where=pc.field("prediction_id") == number)
            (version,) = self.table.read(its)["version"].to_pylist()
            return Logged(number, int(version), date.fromisoformat(day))
        if found:
            listed = ", ".join(sorted(each["prediction_id"] for each in found)[:5])
            raise Terminal(f"{len(found):,} predictions begin with {name!r}: {listed}")
        known = self.table.read(Read(("prediction_id",)))["prediction_id"].to_pylist()
        near = [each for each in known if each[:4] == name[:4] or each.endswith(name[-4:])]
        raise Terminal(f"none of {len(known):,} predictions is {name!r}{hint(name, near)}")

    def answered_by(self, version: int) -> dict[date, int]:
        """How many questions of each day a version answered, of the days that have one."""
        if self.table.version() is None:
            return {}
        found = self.table.read(Read((PARTITION,), where=pc.field("version") == version))
        counted = Counter(found[PARTITION].to_pylist())
        return {date.fromisoformat(day): rows for day, rows in sorted(counted.items())}

    def states(self, day: date) -> list[Revision]:
        """Every state of a day's predictions, oldest first."""
        return self.table.history(day.isoformat())[::-1]

    def written(self, logged: Logged) -> Revision:
        """The state of its day that first had an answer as it is now."""
        states = self.states(logged.day)
        day = logged.day.isoformat()
        its = pc.field("prediction_id") == logged.prediction_id
        read = Read(("probability",), day, day, where=its)
        answer = self.table.read(read).to_pylist() if len(states) > 1 else []

        def has(state: Revision) -> bool:
            return bool(self.table.read(replace(read, version=state.version)).to_pylist() == answer)

        return states[bisect_left(states[:-1], True, key=has)]

    def before(self, day: date, state: Revision) -> set[str]:
        """The ids of the answers of a day that were there before one of its states."""
        earlier = [each for each in self.states(day) if each.version < state.version]
        if not earlier:
            return set()
        read = Read(("prediction_id",), day.isoformat(), day.isoformat())
        read = replace(read, version=earlier[-1].version)
        return set(self.table.read(read)["prediction_id"].to_pylist())

    def read(self, first: date, last: date, version: int | None = None) -> pd.DataFrame:
        """Predictions of the days from `first` to `last`: empty, with `prediction_id`, if none.

        At a version of the log's table, by default the latest.
        """
        if version is None and self.table.version() is None:
            return pd.DataFrame({"prediction_id": pd.Series(dtype="str")})
        days = first.isoformat(), last.isoformat()
        found = self.table.read(Read(None, *days, version=version))
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
