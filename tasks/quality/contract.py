"""The table's contract applied to a delivery: typed rows, and reasons for those that are held."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from config.schema import Column, Table
from tasks.data.lake import ROW
from tasks.data.raw import Payload, Raw
from tasks.errors import Refused
from tasks.quality import cells
from tasks.quality.columns import refuse_other_columns
from tasks.quality.frames import frame
from tasks.quality.reasons import Reasons, merged

CLOCK_SKEW = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=731)
"""How far ahead of its delivery a row's times may lie: plans are made for two years at most."""

KNOWN_IN_FUTURE, DUPLICATE, CONFLICT = "known_in_future", "duplicate_row", "conflicting_key"


@dataclass(frozen=True)
class Cast:
    """A delivery as the table declares it.

    `rows` are those that nothing speaks against: typed, columns as declared, with `_row`;
    `reasons` has all others by row number. `texts` are the laid out rows as text, with `_row`.
    """

    rows: pa.Table
    reasons: Reasons
    texts: pa.Table
    misfits: Mapping[int, Payload]
    warnings: tuple[str, ...]

    @property
    def delivered(self) -> int:
        """Rows in the delivery."""
        return len(self.texts) + len(self.misfits)

    def payloads(self, numbers: Iterable[int]) -> dict[int, Payload]:
        """Rows by number, every cell as the text that was delivered."""
        wanted = pa.array(list(numbers), pa.int64())
        laid_out = self.texts.filter(pc.is_in(self.texts[ROW], wanted)).to_pylist()
        found: dict[int, Payload] = {row.pop(ROW): row for row in laid_out}
        return found | {n: self.misfits[n] for n in wanted.to_pylist() if n in self.misfits}


def cast(raw: Raw, table: Table, arrived_at: datetime) -> Cast:
    """Typed rows, and the reasons of those that cannot be kept.

    Reasons: `null:<column>`, `type:<column>`, `not_finite:<column>`, `naive_timestamp:<column>`,
    `out_of_range_time:<column>`, `known_in_future`, `duplicate_row` (a later copy of a row),
    `conflicting_key` (rows of one key that differ: none is kept), and those of misfits. Raises
    `Refused`: columns_mismatch, type_error (a typed column of another kind), and the misfits'
    reason when there is no other row.
    """
    warnings = refuse_other_columns(raw.cells.column_names, table)
    _refuse_misfits_only(raw)
    numbers = pa.array(raw.numbers, pa.int64())
    texts = _texts(raw, table)
    read = {name: cells.parsed(texts[name], of.type) for name, of in table.columns.items()}
    unfit = {misfit.row: (misfit.reason,) for misfit in raw.misfits}
    reasons = merged(unfit, *_column_reasons(texts, read, numbers, table, arrived_at))
    values = {name: column.values for name, column in read.items()}
    typed = without(pa.table(values | {ROW: numbers}), reasons)
    repeated = _duplicates(typed, table.key)
    return Cast(
        rows=without(typed, repeated),
        reasons=merged(reasons, repeated),
        texts=texts.append_column(ROW, numbers),
        misfits={misfit.row: misfit.payload for misfit in raw.misfits},
        warnings=warnings,
    )


def without(rows: pa.Table, numbers: Iterable[int]) -> pa.Table:
    """Rows whose number is not among `numbers`."""
    excluded = pa.array(list(numbers), pa.int64())
    return rows.filter(pc.invert(pc.is_in(rows[ROW], excluded))) if len(excluded) else rows


def _texts(raw: Raw, table: Table) -> pa.Table:
    if not raw.typed:
        return raw.cells.select(list(table.columns))
    for name, column in table.columns.items():
        kind = raw.cells.schema.field(name).type
        if not cells.admits(column.type, kind):
            told = f"column {name!r} arrived as {kind} and is declared {column.type}"
            cell = f"row 0, {name} = {str(raw.cells[name][0])[:80]!r}"
            raise Refused("type_error", f"{raw.delivered} of {raw.delivered} rows: {told}; {cell}")
    return pa.table({name: cells.text(raw.cells[name]) for name in table.columns})


def _refuse_misfits_only(raw: Raw) -> None:
    if raw.misfits and not len(raw.numbers):
        first = raw.misfits[0]
        raise Refused(
            first.reason,
            f"{raw.delivered} of {raw.delivered} rows do not fit the header's "
            f"{raw.cells.num_columns} columns; first: row {first.row}, "
            f"{str(first.payload['_line'])[:80]!r}; is there an index column without a name?",
        )


def _column_reasons(
    texts: pa.Table,
    read: Mapping[str, cells.Parsed],
    numbers: pa.Array,
    table: Table,
    arrived_at: datetime,
) -> Iterable[Reasons]:
    def rows(mask: pa.Array, reason: str) -> Reasons:
        return dict.fromkeys(numbers.filter(mask).to_pylist(), (reason,))

    for name, column in table.columns.items():
        values, faults = read[name].values, read[name].faults
        for fault in faults.unique().drop_null().to_pylist():
            yield rows(pc.equal(faults, fault), f"{fault}:{name}")
        if not column.nullable:
            yield rows(pc.is_null(texts[name].combine_chunks()), f"null:{name}")
        if column.type in ("date", "timestamp"):
            yield rows(_outside(values, column, arrived_at), f"{cells.OUT_OF_RANGE}:{name}")
    known_at = read[table.known_at].values
    latest = pa.scalar(arrived_at + CLOCK_SKEW, known_at.type)
    yield rows(pc.greater(known_at, latest), KNOWN_IN_FUTURE)


def _outside(values: pa.Array, column: Column, arrived_at: datetime) -> pa.Array:
    bounds = (EARLIEST, arrived_at + HORIZON)
    first, last = (
        pa.scalar(bound.date() if column.type == "date" else bound, values.type) for bound in bounds
    )
    return pc.or_(pc.less(values, first), pc.greater(values, last))


def _duplicates(typed: pa.Table, key: Sequence[str]) -> Reasons:
    """Rows of a key that another row has too: later copies, or all of them where they differ."""
    repeated = frame(typed.select(list(key))).duplicated(keep=False)
    if not repeated.any():
        return {}
    by_key = defaultdict(list)
    for row in typed.filter(pa.array(repeated)).to_pylist():
        by_key[tuple(row[name] for name in key)].append(row)
    reasons: dict[int, tuple[str, ...]] = {}
    for rows in by_key.values():
        numbers = [row.pop(ROW) for row in rows]
        same = all(row == rows[0] for row in rows)
        held, reason = (numbers[1:], DUPLICATE) if same else (numbers, CONFLICT)
        reasons |= dict.fromkeys(held, (reason,))
    return reasons
