"""A partition that was delivered again: what it held before, and which questions that changed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from config.load import Definition
from tasks.data.lake import ALL, Lake, Read
from tasks.features.cells import ASKED_AT, differing
from tasks.features.query import Days, Tables, features, known_tables, labels

GONE, NEW, LABEL = "question gone", "new question", "label"
"""What a question can have beside other inputs; named like a column."""

_Key = tuple[object, ...]

_TOGETHER = 31  # days: bounds the memory that a table of one partition takes


@dataclass(frozen=True)
class State:
    """What a partition held from a moment on, and a version of its table that has it.

    `since` is when it was judged, which for a night of the past is long ago; `at` when it was
    written, by the clock of who wrote it.
    """

    since: datetime
    version: int
    at: datetime


@dataclass(frozen=True)
class Redelivery:
    """A partition and its states, oldest first; the last is what it holds now."""

    table: str
    partition: str
    states: tuple[State, ...]

    @property
    def name(self) -> str:
        return f"{self.table}/{self.partition}"

    @property
    def earlier(self) -> tuple[State, ...]:
        """What it held and does not any more."""
        return self.states[:-1]

    def held(self, as_of: datetime) -> State | None:
        """What it held as of then; None before its first delivery."""
        return next((each for each in reversed(self.states) if each.since <= as_of), None)

    def there(self, moment: datetime) -> State | None:
        """What a reader found in it at a moment of the writers' clock."""
        return next((each for each in reversed(self.states) if each.at <= moment), None)

    def read_by(self, version: int) -> State | None:
        """What a reader of a version of the table found in it; None if nothing was there yet."""
        return next((each for each in reversed(self.states) if each.version <= version), None)


def touched(
    definition: Definition, lake: Lake, redelivery: Redelivery, state: State, known_by: datetime
) -> pd.DataFrame:
    """The questions that are other ones by what the partition holds now than by what it held.

    One row a question: its key, `day`, and `what`, the inputs that differ, with the values that
    they had, or `GONE`, `NEW` and `LABEL`, by rows known by `known_by`. Everything else is as it is
    in the lake now, so that only this partition's doing is found.
    """
    days = _days(definition, lake, redelivery)
    parts = [_touched(definition, lake, redelivery, state, (each, known_by)) for each in days]
    key = [*definition.pipeline.question.key]
    return pd.concat([pd.DataFrame(columns=[*key, "day", "what"]), *parts], ignore_index=True)


def replaced(
    definition: Definition, tables: Tables, redelivery: Redelivery, rows: pa.Table
) -> Tables:
    """The tables with `rows` in place of what they have of the partition, in the same order."""
    now = tables[redelivery.table]
    column = definition.pipeline.tables[redelivery.table].partition
    parts = [rows.select([name for name in now.column_names if name in rows.column_names])]
    if column is not None:
        held, days = date.fromisoformat(redelivery.partition), pc.field(column)
        parts = [now.filter(days < held), *parts, now.filter(days > held)]
    # None of them may have a column that was delivered for the first time later.
    merged = pa.concat_tables([now.slice(0, 0), *parts], promote_options="default")
    return {**tables, redelivery.table: merged.select(now.column_names)}


def contents(
    definition: Definition, lake: Lake, redelivery: Redelivery, version: int, known_by: datetime
) -> pa.Table:
    """What the partition has at a version of its table, of rows known by then."""
    name, only = redelivery.table, redelivery.partition
    known_at = definition.pipeline.tables[name].known_at
    return lake.table(name).read(
        Read(first=only, last=only, known_by=known_by, known_at=known_at, version=version)
    )


def _days(definition: Definition, lake: Lake, redelivery: Redelivery) -> list[Days]:
    """The days whose questions may look at the partition, in stretches that are read together."""
    pipeline = definition.pipeline
    asked = [*map(date.fromisoformat, lake.table(pipeline.question.table).partitions())]
    if redelivery.partition != ALL:
        held = date.fromisoformat(redelivery.partition)
        first = held - timedelta(days=pipeline.label.complete_after_days + 1)
        last = held + timedelta(days=pipeline.features.lookback_days + 1)
        # What was asked on the day itself may be gone from there.
        asked = sorted({each for each in asked if first <= each <= last} | {held})
    return [Days(part[0], part[-1]) for part in _parts(asked)]


def _parts(days: list[date]) -> list[list[date]]:
    return [days[n : n + _TOGETHER] for n in range(0, len(days), _TOGETHER)]


def _touched(
    definition: Definition,
    lake: Lake,
    redelivery: Redelivery,
    state: State,
    when: tuple[Days, datetime],
) -> pd.DataFrame:
    window, known_by = when
    now = known_tables(lake, definition, window, known_by)
    before = replaced(
        definition,
        now,
        redelivery,
        contents(definition, lake, redelivery, state.version, known_by),
    )
    old, new = (features(definition, each, window) for each in (before, now))
    found = _other_inputs(definition, old, new)
    for key in _other_labels(definition, redelivery, before, now):
        found.setdefault(key, {})[LABEL] = None
    names = [*definition.pipeline.question.key]
    rows = pd.concat([new, old])[[*names, "day"]].drop_duplicates(names)
    what = [found.get(key, {}) for key in _keys(definition, rows)]
    rows = rows.assign(what=pd.Series(what, rows.index, dtype=object))
    return rows[rows["what"].map(len) > 0].reset_index(drop=True)


def _other_inputs(
    definition: Definition, old: pd.DataFrame, new: pd.DataFrame
) -> dict[_Key, dict[str, object]]:
    """By question: the inputs that differ with their old values, or whether it is gone or new."""
    was, now = ({k: n for n, k in enumerate(_keys(definition, each))} for each in (old, new))
    both = [key for key in was if key in now]
    compared = [ASKED_AT, *definition.pipeline.features.columns]
    before = old[compared].iloc[[was[key] for key in both]]
    differs = differing(before, new[compared].iloc[[now[key] for key in both]])
    rows = zip(both, differs.to_dict("records"), before.to_dict("records"), strict=True)
    found: dict[_Key, dict[str, object]] = {
        key: {name: held[name] for name in compared if row[name]}
        for key, row, held in rows
        if any(row.values())
    }
    found |= {key: {GONE: None} for key in was if key not in now}
    return found | {key: {NEW: None} for key in now if key not in was}


def _other_labels(
    definition: Definition, redelivery: Redelivery, before: Tables, now: Tables
) -> list[_Key]:
    """The questions that have another label, or one where there was none, or none any more."""
    if redelivery.table != definition.pipeline.label.table:
        return []
    label = definition.pipeline.label.name
    told = [labels(definition, each) for each in (before, now)]
    was, is_now = (dict(zip(_keys(definition, e), e[label].tolist(), strict=True)) for e in told)
    return [key for key in {**was, **is_now} if was.get(key) != is_now.get(key)]


def _keys(definition: Definition, frame: pd.DataFrame) -> list[_Key]:
    """What names the question of each row."""
    return [*frame[[*definition.pipeline.question.key]].itertuples(index=False, name=None)]
