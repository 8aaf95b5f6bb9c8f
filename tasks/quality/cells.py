"""Cells as text, and text as values: one strict reading for every format."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite

import pyarrow as pa

from config.values import ColumnType

ARROW: Mapping[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

TYPE, NOT_FINITE, NAIVE, OUT_OF_RANGE = "type", "not_finite", "naive_timestamp", "out_of_range_time"
LARGEST_EXACT = 2**53
"""Integers from here on are rounded by a float."""

_INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?|nan", re.I)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_BOOLEAN = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


class CellError(ValueError):
    """A cell that is no value of its column; the message is the reason's code."""


@dataclass(frozen=True)
class Parsed:
    """A column's values, null where there is none, and the code of each fault, else null."""

    values: pa.Array
    faults: pa.Array


def parsed(cells: pa.ChunkedArray, kind: ColumnType) -> Parsed:
    """Values of text cells. Each distinct text is read once."""
    encoded = cells.combine_chunks().dictionary_encode()
    distinct = [_outcome(cell, kind) for cell in encoded.dictionary.to_pylist()]
    values = pa.array([value for value, _ in distinct], ARROW[kind])
    faults = pa.array([fault for _, fault in distinct], pa.string())
    return Parsed(values.take(encoded.indices), faults.take(encoded.indices))


def text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Typed cells as the text that `parsed` reads back without loss."""
    kind = column.type
    if pa.types.is_floating(kind):
        return pa.chunked_array([pa.array(map(_float_text, column.to_pylist()), pa.string())])
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        shown = [None if cell is None else repr(cell) for cell in column.to_pylist()]
        return pa.chunked_array([pa.array(shown, pa.string())])
    if pa.types.is_timestamp(kind) and kind.tz:
        column = column.cast(pa.timestamp("us", tz="UTC"), safe=False)
    return column.cast(pa.string())


def admits(kind: ColumnType, delivered: pa.DataType) -> bool:
    """Whether a typed column may hold values of the declared type at all."""
    of = pa.types
    match kind:
        case "string":
            held = delivered.value_type if of.is_dictionary(delivered) else delivered
            admitted = of.is_string(held) or of.is_large_string(held) or of.is_string_view(held)
        case "integer" | "float":
            admitted = (
                of.is_integer(delivered) or of.is_floating(delivered) or of.is_decimal(delivered)
            )
        case "boolean":
            admitted = of.is_boolean(delivered)
        case "date":
            admitted = of.is_date(delivered)
        case "timestamp":
            admitted = of.is_timestamp(delivered)
    return bool(admitted or of.is_null(delivered))


def _outcome(cell: str, kind: ColumnType) -> tuple[object, str | None]:
    try:
        return _READ[kind](cell), None
    except CellError as fault:
        return None, str(fault)
    except ValueError:
        return None, TYPE


def _integer(cell: str) -> int:
    if not _INTEGER.fullmatch(cell):
        raise CellError(TYPE)
    value = int(cell.partition(".")[0])
    if not -(2**63) <= value < 2**63:
        raise CellError(TYPE)
    return value


def _float(cell: str) -> float:
    if not _FLOAT.fullmatch(cell):
        raise CellError(TYPE)
    value = float(cell)
    if not isfinite(value):
        raise CellError(NOT_FINITE)
    return value


def _boolean(cell: str) -> bool:
    try:
        return _BOOLEAN[cell.lower()]
    except KeyError as error:
        raise CellError(TYPE) from error


def _date(cell: str) -> date:
    if not _DATE.fullmatch(cell):
        raise CellError(TYPE)
    return date.fromisoformat(cell)


def _timestamp(cell: str) -> datetime:
    shape = _TIME.fullmatch(cell)
    if shape is None:
        raise CellError(TYPE)
    value = datetime.fromisoformat(cell)
    if not shape["offset"]:
        raise CellError(NAIVE)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise CellError(OUT_OF_RANGE) from error


def _float_text(cell: float | None) -> str | None:
    if cell is None:
        return None
    return repr(cell) if abs(cell) < LARGEST_EXACT else f"{cell:.17e}"


_READ: Mapping[ColumnType, Callable[[str], object]] = {
    "string": str,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
