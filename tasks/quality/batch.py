"""What refuses a delivery whole: faults that speak against all of its rows."""

from math import log10

import pyarrow as pa
import pyarrow.compute as pc

from config.schema import Table
from tasks.data.lake import ROW
from tasks.errors import Refused
from tasks.quality import cells
from tasks.quality.contract import KNOWN_IN_FUTURE, Cast, without
from tasks.quality.reasons import Reasons, counted, first_with, listed, shown

MOST = 0.5
"""Above this share a fault is the delivery's, not the rows'."""
UNIT_TOLERANCE = 0.1
"""How near to a power of ten the ratio of two medians must be, as a share of it."""


def refuse_batch(cast: Cast, table: Table, partition: str) -> None:
    """Raise `Refused` if the rows that were laid out cannot be trusted as a whole.

    Codes: all_null_column (unless sparse), naive_timestamp (any), type_error and known_in_future
    (most rows), partition_mismatch (any).
    """
    counts = counted(cast.reasons)
    for name, column in table.columns.items():
        present = len(cast.texts) - cast.texts[name].null_count
        if not present and not column.sparse:
            raise Refused(
                "all_null_column",
                f"{len(cast.texts)} of {len(cast.texts)} cells of {name!r} are empty; "
                "if that is normal, declare the column sparse",
            )
        _refuse_naive(cast, name, counts[f"{cells.NAIVE}:{name}"], present)
        _refuse_other_type(cast, name, column.type, present)
    if counts[KNOWN_IN_FUTURE] > MOST * cast.delivered:
        row = first_with(KNOWN_IN_FUTURE, cast.reasons)
        raise Refused(
            "known_in_future",
            f"{counts[KNOWN_IN_FUTURE]} of {cast.delivered} rows claim to be known after they "
            f"arrived; first: {_first(cast, row, f':{table.known_at}')}; is a clock or a time "
            "zone wrong?",
        )
    if table.partition:
        _refuse_other_partition(cast, table.partition, partition)


def refuse_above_limit(cast: Cast, reasons: Reasons, table: Table) -> None:
    """Raise `Refused` (too_many_held) when more rows are held than the table allows, or all."""
    if len(reasons) <= table.max_held_share * cast.delivered and len(reasons) < cast.delivered:
        return
    counts = counted(reasons)
    top = counts.most_common(1)[0][0]
    row = first_with(top, reasons)
    raise Refused(
        "too_many_held",
        f"{len(reasons)} of {cast.delivered} rows would be held, more than "
        f"{table.max_held_share:.1%}: {listed(counts)}; first: {_first(cast, row, top)}; "
        "mend them at the source, or raise max_held_share",
    )


def guarded(table: Table) -> list[str]:
    """Columns whose unit is watched."""
    return [name for name, column in table.columns.items() if column.unit_guard]


def refuse_unit_change(rows: pa.Table, previous: pa.Table, of_partition: str) -> None:
    """Raise `Refused` (unit_change) when a median is a power of ten of what it was.

    `previous` holds the guarded columns of another accepted partition.
    """
    for name in previous.column_names:
        now, before = (pc.quantile(each[name], 0.5)[0].as_py() for each in (rows, previous))
        if not now or not before:
            continue
        ratio = abs(now / before)
        power = round(log10(ratio))
        if power and abs(ratio / 10.0**power - 1) <= UNIT_TOLERANCE:
            first = rows.filter(pc.is_valid(rows[name])).slice(0, 1).to_pylist()[0]
            raise Refused(
                "unit_change",
                f"the median of {name!r} is {now:g}, about {10.0**power:g} times the {before:g} of "
                f"{of_partition}; first: row {first[ROW]}, {name} = {str(first[name])!r}; "
                "did the unit change?",
            )


def _refuse_naive(cast: Cast, name: str, naive: int, present: int) -> None:
    if naive:
        reason = f"{cells.NAIVE}:{name}"
        row = first_with(reason, cast.reasons)
        raise Refused(
            "naive_timestamp",
            f"{naive} of {present} times in {name!r} have no time zone; "
            f"first: {_first(cast, row, reason)}; write an offset, as in 2013-02-14T12:00:00Z",
        )


def _refuse_other_type(cast: Cast, name: str, kind: str, present: int) -> None:
    wrong = [f"{fault}:{name}" for fault in (cells.TYPE, cells.NOT_FINITE)]
    bad = [row for row, reasons in cast.reasons.items() if set(wrong) & set(reasons)]
    if len(bad) > MOST * present:
        first = _first(cast, bad[0], wrong[0])
        raise Refused(
            "type_error",
            f"{len(bad)} of {present} cells of {name!r} are no {kind}; first: {first}"
            + _hint(cast.payloads(bad[:1])[bad[0]].get(name) or "", kind),
        )


def _refuse_other_partition(cast: Cast, column: str, partition: str) -> None:
    days = cast.texts[column]
    unread = [row for row, why in cast.reasons.items() if f"{cells.TYPE}:{column}" in why]
    other = without(cast.texts.filter(pc.not_equal(days, partition)), unread)
    if other.num_rows:
        first = other.slice(0, 1).to_pylist()[0]
        raise Refused(
            "partition_mismatch",
            f"{other.num_rows} of {cast.delivered} rows are not of {partition}, the day that "
            f"names the file; first: {shown(first[ROW], first, f':{column}')}",
        )


def _first(cast: Cast, row: int, reason: str) -> str:
    return shown(row, cast.payloads([row])[row], reason)


def _hint(cell: str, kind: str) -> str:
    if kind in ("integer", "float") and "," in cell:
        return "; write numbers with a decimal point and no thousands separators"
    if kind in ("date", "timestamp"):
        return "; write times as in ISO 8601, 2013-02-14T12:00:00Z, and dates as 2013-02-14"
    if kind == "boolean":
        return "; write true or false"
    return ""
