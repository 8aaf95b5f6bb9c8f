"""Held rows: kept as they were delivered, with every reason, until someone releases them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import pyarrow as pa

from tasks.data.lake import Lake, LakeTable, Read
from tasks.records import Held

NAME = "_quarantine"
"""No pipeline's table can be called so."""

SCHEMA = pa.schema(
    {
        "table": pa.string(),
        "partition": pa.string(),
        "row": pa.int64(),
        "reasons": pa.string(),
        "payload": pa.string(),
        "held_at": pa.timestamp("us", "UTC"),
        "released_at": pa.timestamp("us", "UTC"),
        "_row": pa.int64(),
        "_delivery": pa.string(),
    }
)


@dataclass(frozen=True)
class Quarantine:
    """A lake table whose partitions are deliveries, so that holding twice holds once."""

    lake: Lake

    def hold(self, delivery: str, rows: Sequence[Held]) -> None:
        """Make `rows` all that is held of the delivery (a sha256); none, if there are none."""
        if rows or delivery in self._rows.partitions():
            self._rows.replace_partition(delivery, _stored(rows), delivery)

    def held(
        self,
        table: str | None = None,
        partition: str | None = None,
        include_released: bool = False,
    ) -> list[Held]:
        """Held rows by table, partition and row, of all or of one table and partition."""
        found = [] if self._rows.version() is None else self._rows.read().to_pylist()
        rows = [
            held
            for held in map(_held, found)
            if table in (None, held.table)
            and partition in (None, held.partition)
            and (include_released or held.released_at is None)
        ]
        return sorted(rows, key=lambda held: (held.table, held.partition, held.delivery, held.row))

    def mark(self, rows: Iterable[Held], released_at: datetime) -> None:
        """Note that rows were released; those that already were keep their first time."""
        wanted = {(held.delivery, held.row) for held in rows}
        for delivery, _ in groupby(sorted(wanted), key=lambda found: found[0]):
            stored = map(_held, self._rows.read(Read(first=delivery, last=delivery)).to_pylist())
            marked = [
                replace(held, released_at=held.released_at or released_at)
                if (held.delivery, held.row) in wanted
                else held
                for held in stored
            ]
            self._rows.replace_partition(delivery, _stored(marked), delivery)

    @property
    def _rows(self) -> LakeTable:
        return self.lake.table(NAME)


def _stored(rows: Sequence[Held]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "table": held.table,
                "partition": held.partition,
                "row": held.row,
                "reasons": json.dumps(held.reasons),
                "payload": json.dumps(dict(held.payload)),
                "held_at": held.held_at,
                "released_at": held.released_at,
                "_row": held.row,
                "_delivery": held.delivery,
            }
            for held in rows
        ],
        schema=SCHEMA,
    )


def _held(row: dict[str, Any]) -> Held:
    return Held(
        table=row["table"],
        partition=row["partition"],
        delivery=row["_delivery"],
        row=row["row"],
        reasons=tuple(json.loads(row["reasons"])),
        payload=json.loads(row["payload"]),
        held_at=row["held_at"],
        released_at=row["released_at"],
    )
