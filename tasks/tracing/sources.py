"""Deliveries that rows came from: by the lake's own record of each row, named by the ledger."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from tasks.data.lake import ALL, DELIVERY, Read
from tasks.data.parts import PARTITION
from tasks.data.revisions import Past
from tasks.features.query import Days, span
from tasks.records import Admission, Outcome, Snapshot
from tasks.stores import Stores

Span = tuple[str, str]
"""The first and the last of some partitions."""

Identity = tuple[str, str, str]
"""A delivery: its table, partition and sha256."""


@dataclass(frozen=True)
class File:
    """A delivery that rows were read from, and how many; without a path if no verdict is on record.

    `replaced_by` is the delivery (sha256) that its partition holds instead by now, empty while it
    is still there.
    """

    table: str
    partition: str
    file: str
    sha256: str
    arrived_at: datetime | None
    rows: int
    replaced_by: str


@dataclass(frozen=True)
class Content:
    """The deliveries behind a snapshot: how many of each table, and a digest over all of them."""

    files: int
    tables: Mapping[str, int]
    digest: str


@dataclass(frozen=True)
class Sources:
    """What is on record about a pipeline's deliveries, read once."""

    stores: Stores

    @cached_property
    def past(self) -> Past:
        """Everything that happened to the lake's tables."""
        return self.stores.lake.past(self.stores.definition.pipeline.tables)

    @cached_property
    def admissions(self) -> Sequence[Admission]:
        """Every verdict, in the order in which they were given."""
        return self.stores.ledger.admissions(self.stores.name)

    def read(self, days: Days, known_by: datetime, versions: Mapping[str, int]) -> tuple[File, ...]:
        """The deliveries whose rows the feature query saw, in order of table and partition.

        Those of the look-back that were known by then, at the versions of the tables.
        """
        return tuple(
            self._file(table, seen, rows, versions[table])
            for table in versions
            for seen, rows in self._counted(table, self._span(days), known_by, versions)
        )

    def today(
        self, files: Sequence[File], days: Days, known_by: datetime, versions: Mapping[str, int]
    ) -> tuple[File, ...]:
        """The same at the latest versions; only partitions that changed are read again."""
        now, found = self.past.latest, []
        for table, version in versions.items():
            changed = [
                state.partition
                for state in self.past.held(table, now[table])
                if state.version > version and _within(state.partition, self._span(days))
            ]
            found += [f for f in files if f.table == table and f.partition not in changed]
            between = (min(changed), max(changed)) if changed else ("", "")
            again = self._counted(table, between, known_by, now) if changed else []
            found += [self._file(table, s, n, now[table]) for s, n in again if s[0] in changed]
        return tuple(sorted(found, key=lambda f: (list(versions).index(f.table), f.partition)))

    def content(self, snapshot: Snapshot) -> Content:
        """What the partitions that a snapshot was built from held at its table versions."""
        held = [
            (table, state.partition, state.delivery)
            for table, version in sorted(snapshot.versions.items())
            for state in self.past.held(table, version)
            if self._reads(snapshot, state.partition)
        ]
        tables = Counter(table for table, _, _ in held)
        lines = "".join(f"{' '.join(each)}\n" for each in held)
        return Content(len(held), dict(tables), hashlib.sha256(lines.encode()).hexdigest())

    def holds(self, snapshot: Snapshot, delivery: Identity) -> bool:
        """Whether a delivery is one of those."""
        table, partition, sha256 = delivery
        version = snapshot.versions.get(table)
        state = None if version is None else self.past.state(table, partition, version)
        return state is not None and state.delivery == sha256 and self._reads(snapshot, partition)

    def _reads(self, snapshot: Snapshot, partition: str) -> bool:
        return _within(partition, self._span(Days(snapshot.first_day, snapshot.last_day)))

    def _span(self, days: Days) -> Span:
        return span(self.stores.definition, days)

    def _counted(
        self, name: str, between: Span, known_by: datetime, versions: Mapping[str, int]
    ) -> list[tuple[tuple[str, str], int]]:
        """Rows by partition and delivery."""
        known_at = self.stores.definition.pipeline.tables[name].known_at
        columns = PARTITION, DELIVERY
        rows = (
            self.stores.lake.at(versions)
            .table(name)
            .read(Read(columns, *between, known_by, known_at))
        )
        counted = rows.group_by(columns).aggregate([([], "count_all")]).to_pylist()
        return sorted(((e[PARTITION], e[DELIVERY]), e["count_all"]) for e in counted)

    def _file(self, table: str, seen: tuple[str, str], rows: int, version: int) -> File:
        partition, delivery = seen
        admission = self.accepted.get((table, partition, delivery))
        then, now = (self.past.state(table, partition, each) for each in (version, None))
        replaced = then is not None and now is not None and then.delivery != now.delivery
        return File(
            table=table,
            partition=partition,
            file=admission.delivery.path if admission else "",
            sha256=delivery,
            arrived_at=admission.delivery.arrived_at if admission else None,
            rows=rows,
            replaced_by=now.delivery if now and replaced else "",
        )

    @cached_property
    def accepted(self) -> Mapping[Identity, Admission]:
        """Those that were accepted, by table, partition and sha256."""
        return {
            (each.delivery.table, each.delivery.partition, each.delivery.sha256): each
            for each in self.admissions
            if each.outcome is Outcome.ACCEPTED
        }


def _within(partition: str, between: Span) -> bool:
    return partition == ALL or between[0] <= partition <= between[1]
