"""One spelling for every value in the ledger, so that equal values have equal hashes."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import PurePath

from tasks.errors import Terminal
from tasks.records import Interval


def stamp(instant: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as time does. A naive instant is `Terminal`."""
    if instant.tzinfo is None:
        raise Terminal(f"{instant.isoformat()} has no time zone; the ledger keeps instants only")
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces; an undefined number is null.

    >>> canonical({"b": float("nan"), "a": (1, date(2013, 3, 15))})
    '{"a":[1,"2013-03-15"],"b":null}'
    """
    return storable(
        json.dumps(
            plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    )


def storable(text: str) -> str:
    """The text with what no database keeps spelled out: NUL, and file names that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def digest(value: object) -> str:
    """sha256 in hex over the canonical JSON of a value."""
    return hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


def defined(number: float) -> float | None:
    """The number as a column keeps it: None where it is undefined."""
    return float(number) if math.isfinite(number) else None


def interval(value: float | None, low: float | None, high: float | None) -> Interval:
    """The interval from its columns, nan where undefined."""
    return Interval(*(math.nan if number is None else number for number in (value, low, high)))


def plain(value: object) -> object:  # noqa: PLR0911 - one line a kind of value
    """The value as JSON knows it; an object that has no such form is `Terminal`."""
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    return _structure(value)


def _structure(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        return plain(item())
    raise Terminal(f"evidence cannot hold a {type(value).__qualname__}: give numbers and text")
