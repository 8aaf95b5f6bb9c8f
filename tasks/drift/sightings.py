"""Where the signals of every night are kept: what was seen, not only what was alarming."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import pyarrow as pa

from tasks.data.lake import DELIVERY, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.signs import Reference, Signal

_TYPES: Mapping[object, pa.DataType] = {
    date: pa.date32(),
    Reference: pa.string(),
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
SCHEMA = pa.schema([(each.name, _TYPES[each.type]) for each in fields(Signal)])
"""One row a signal; what is undefined is null."""


@dataclass(frozen=True)
class Sightings:
    """A Delta table of signals: one partition a night, which is replaced whole."""

    table: LakeTable

    def keep(self, night: date, signals: Sequence[Signal]) -> bool:
        """Keep all that was seen on a night; False, and nothing is written, when that has been
        done, or when there is nothing to keep.

        The signals of labels are of earlier days than the night. Raises `Conflict` when somebody
        else kept others meanwhile.
        """
        if not signals:
            return False
        made = pa.Table.from_pylist([_row(each) for each in signals], schema=SCHEMA)
        content = hashlib.sha256(repr(sorted(map(repr, signals))).encode()).hexdigest()
        seen = self.table.made(made)
        known = self.table.read(Read((DELIVERY,), night.isoformat(), night.isoformat()))
        if content in known[DELIVERY].to_pylist():
            return False
        self.table.replace_partition(night.isoformat(), made, content, seen)
        return True

    def of(self, first: date, last: date) -> list[Signal]:
        """All signals of the nights from `first` to `last`, oldest night first."""
        if self.table.version() is None:
            return []
        found = self.table.read(
            Read((*SCHEMA.names, PARTITION), first.isoformat(), last.isoformat())
        )
        return [_signal(row) for row in found.drop_columns([PARTITION]).to_pylist()]


def _row(signal: Signal) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(signal).items()
    }


def _signal(row: Mapping[str, Any]) -> Signal:
    known: dict[str, Any] = {
        name: math.nan if value is None else value for name, value in row.items()
    }
    reference = Reference(known.pop("reference"))
    return Signal(reference=reference, **known)
