"""Held rows back into the lake, by someone's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from config.schema import Table
from tasks.data.lake import DELIVERY, ROW, LakeTable, Read
from tasks.data.raw import Raw, laid_out
from tasks.errors import Terminal
from tasks.quality.admission import Desk
from tasks.quality.contract import cast
from tasks.records import Held


@dataclass(frozen=True)
class Change:
    """One partition with released rows added, not written yet; `seen` is what it was built on."""

    table: LakeTable
    partition: str
    rows: pa.Table
    delivery: str
    seen: int


def release(desk: Desk, rows: Sequence[Held], released_at: datetime) -> int:
    """Put held rows into their partitions, known from `released_at` on; how many were put there.

    Expectations are overruled, the contract is not. Releasing again changes nothing. Raises
    `Terminal` naming the row, before anything is written, when one still cannot be cast, would
    double a key, or its partition is not in the lake; `Conflict` when that changed meanwhile.
    """
    stored = {_name(held): held for held in desk.quarantine.held(include_released=True)}
    unknown = [held for held in rows if _name(held) not in stored]
    if unknown:
        raise Terminal(f"{_listed(unknown)}: not in quarantine; list what is held and choose again")
    waiting = [held for held in rows if stored[_name(held)].released_at is None]
    waiting.sort(key=lambda held: (held.table, held.partition, held.row))
    changes = [
        _change(desk, lake_table, partition, list(group), released_at)
        for (lake_table, partition), group in groupby(waiting, lambda h: (h.table, h.partition))
    ]
    for change in changes:
        change.table.replace_partition(
            change.partition, change.rows, change.delivery, seen=change.seen
        )
    desk.quarantine.mark(waiting, released_at)
    return len(waiting)


def _change(
    desk: Desk, name: str, partition: str, waiting: list[Held], released_at: datetime
) -> Change:
    table = desk.lake.table(name)
    seen, delivery = table.version(), table.delivery_of(partition)
    if seen is None or delivery is None:
        raise Terminal(
            f"{_listed(waiting)}: the lake does not have partition {partition} of {name} yet; "
            "admit its delivery first"
        )
    present = table.read(Read(first=partition, last=partition, version=seen))
    there = set(zip(present[DELIVERY].to_pylist(), present[ROW].to_pylist(), strict=True))
    # A release that was killed before its mark finds its rows already there.
    missing = [held for held in waiting if _name(held) not in there]
    if missing:
        spec = desk.definition.pipeline.tables[name]
        added = _typed(missing, spec, released_at)
        _refuse_doubled_keys(present, added, missing, spec)
        present = pa.concat_tables([present, added], promote_options="default")
    return Change(table, partition, present, delivery, seen)


def _typed(rows: list[Held], table: Table, released_at: datetime) -> pa.Table:
    """Rows as the contract reads them today, known from their release on."""
    for held in rows:
        if set(table.columns) - set(held.payload):
            raise Terminal(f"{_listed([held])}: it does not have the table's columns")
    names = list(table.columns)
    cells = laid_out(names, [[held.payload[name] for name in names] for held in rows])
    delivered = cast(Raw(cells, range(len(rows))), table, released_at)
    if delivered.reasons:
        number, reasons = next(iter(delivered.reasons.items()))
        raise Terminal(
            f"{_listed([rows[number]])}: still {', '.join(reasons)}; correct it at the source and "
            "deliver it again"
        )
    typed = delivered.rows
    known_at = typed[table.known_at]
    released = pa.scalar(released_at, known_at.type)
    known_at = pc.if_else(pc.greater(known_at, released), known_at, released)
    return (
        typed.set_column(typed.column_names.index(table.known_at), table.known_at, known_at)
        .set_column(typed.column_names.index(ROW), ROW, pa.array([h.row for h in rows], pa.int64()))
        .append_column(DELIVERY, pa.array([held.delivery for held in rows], pa.string()))
    )


def _refuse_doubled_keys(
    present: pa.Table, added: pa.Table, rows: list[Held], table: Table
) -> None:
    taken = set(_keys(present, table))
    for held, key in zip(rows, _keys(added, table), strict=True):
        if key in taken:
            told = ", ".join(f"{n} = {v!s}" for n, v in zip(table.key, key, strict=True))
            raise Terminal(f"{_listed([held])}: the partition already has a row of {told}")


def _keys(rows: pa.Table, table: Table) -> list[tuple[object, ...]]:
    return list(zip(*(rows[name].to_pylist() for name in table.key), strict=True))


def _name(held: Held) -> tuple[str, int]:
    return held.delivery, held.row


def _listed(rows: Sequence[Held], most: int = 3) -> str:
    named = ", ".join(f"{held.table}/{held.partition} row {held.row}" for held in rows[:most])
    return f"{len(rows)} rows cannot be released: {named}"
