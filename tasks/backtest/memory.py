"""The real lake in memory: read once, for every night of every arm, and never written to."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.backtest.remembered import NOW, MemoryTable, Rows, instant
from tasks.data.lake import Lake
from tasks.errors import Terminal
from tasks.features.known import label_rows
from tasks.features.query import Days, features, known_tables, labels

T = TypeVar("T")


@dataclass(frozen=True)
class Memory(Lake):
    """The tables of a pipeline as they were by a night, with what was computed from them.

    Features are computed once for all nights, a month at a time, from rows known by `end`: they
    are those of each night, as no row that came to be known after a question changes its features.
    The truncation test, which every attempt makes, proves it.
    """

    end: datetime | None = None
    tables: dict[str, Rows | None] = field(default_factory=dict, compare=False, repr=False)
    made: dict[Hashable, pd.DataFrame] = field(default_factory=dict, compare=False, repr=False)
    told: dict[Hashable, pd.DataFrame | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    tonight: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)
    night: np.datetime64 = NOW
    alone: RLock = field(default_factory=RLock, compare=False, repr=False)
    """Held while something is computed: arms live in several threads."""

    @classmethod
    def of(cls, lake: Lake, definition: Definition, end: datetime) -> "Memory":
        """The lake's tables that a pipeline is defined on, for nights until `end`."""
        tables, zone = definition.pipeline.tables.items(), definition.pipeline.schedule.zone
        read = {n: Rows.of(lake.table(n), table.known_at, zone) for n, table in tables}
        return cls(lake.root, lake.s3, lake.versions, end, read)

    def by(self, night: datetime) -> "Memory":
        """The same as it was by then, for all who live that night."""
        return replace(self, night=instant(night), tonight={})

    def table(self, name: str) -> MemoryTable:
        """The table called `name`."""
        if name not in self.tables:
            raise Terminal(f"{name} is none of the tables in memory: {', '.join(self.tables)}")
        return MemoryTable(self.root / name, self.s3, None, self.tables[name], self.night)

    def once(self, of: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made by the first who asks `of` it on this night."""
        with self.alone:
            if of not in self.tonight:
                self.tonight[of] = make()
            return cast("T", self.tonight[of])

    def asked(self, definition: Definition, days: Days, known_by: datetime) -> pd.DataFrame:
        """Every question of `days` that was asked by then, with its features."""
        question, by = definition.pipeline.question, pd.Timestamp(known_by)
        first, last = days.first.isoformat(), days.last.isoformat()
        with self.alone:
            months = [self._month(definition, month) for month in _months(days)]
        parts = [
            frame[(frame["day"] >= first) & (frame["day"] <= last) & (frame["asked_at"] <= by)]
            for frame in months
        ]
        parts = [part for part in parts if len(part)] or parts[:1]
        whole = pd.concat(parts, ignore_index=True)
        times = [part[question.event_time] for part in parts]
        if all(before.iloc[-1] < after.iloc[0] for before, after in pairwise(times)):
            return whole
        return whole.sort_values([question.event_time, *question.key], ignore_index=True)

    def turned_out(
        self, definition: Definition, partitions: tuple[str, str], known_by: datetime
    ) -> pd.DataFrame:
        """The labels known by then in the first to the last of some partitions."""
        name, label = definition.pipeline.label.table, definition.pipeline.label.name
        rows = self.tables[name]
        with self.alone:
            told = None if rows is None else self._told(definition)
        if rows is None or told is None:
            read = label_rows(definition, partitions, known_by)
            return labels(definition, {name: self.table(name).read(read)})
        start, mask = rows.chosen(partitions, instant(known_by), self.night)
        found = told.iloc[start : start + len(mask)][mask]
        return found[found[label].notna()].reset_index(drop=True).astype({label: "int8"})

    def _told(self, definition: Definition) -> pd.DataFrame | None:
        """The label of each row of its table, null where it has none; None where the rows of
        different times are about one question, which is no error on a night before the second."""
        pipeline = definition.pipeline
        name, key = pipeline.label.table, list(pipeline.question.key)
        made = name, pipeline.label.model_dump_json()
        if made not in self.told:
            rows = replace(self, night=NOW).table(name).read()
            keys, told = rows.select(key).to_pandas(), None
            if not keys.duplicated().any():
                told = keys.merge(labels(definition, {name: rows}), on=key, how="left")
            self.told[made] = told
        return self.told[made]

    def _month(self, definition: Definition, month: Days) -> pd.DataFrame:
        key = query_of(definition), month.first
        if key not in self.made:
            assert self.end is not None
            tables = known_tables(replace(self, night=NOW), definition, month, self.end)
            self.made[key] = features(definition, tables, month)
        return self.made[key]


def query_of(definition: Definition) -> str:
    """Everything of a definition that features and labels follow from."""
    described = {"tables", "question", "label", "features"}
    return f"{definition.pipeline.model_dump_json(include=described)}\n{definition.features_sql}"


def _months(days: Days) -> Iterator[Days]:
    """The whole months that the days are in."""
    first = days.first.replace(day=1)
    while first <= days.last:
        after = (first + timedelta(days=31)).replace(day=1)
        yield Days(first, after - timedelta(days=1))
        first = after
