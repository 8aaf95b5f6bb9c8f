"""Which files and rows of a lake table a query asks for, as the readers of both understand it."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.parts import PARTITION

if TYPE_CHECKING:
    from tasks.data.lake import Read


def partitions(query: "Read", only: str) -> str | None:
    """Which files to open, decided before any is: SQL over the partition.

    A partition called `only` is never left out.
    """
    bounds = [
        f"{PARTITION} {comparison} {quoted(bound)}"
        for comparison, bound in ((">=", query.first), ("<=", query.last))
        if bound is not None
    ]
    return f"{PARTITION} = {quoted(only)} OR ({' AND '.join(bounds)})" if bounds else None


def condition(query: "Read") -> Any:
    """What a row must be like to be read; None when all are."""
    if query.known_by is None:
        return query.where
    known = pc.field(query.known_at) <= pa.scalar(query.known_by, pa.timestamp("us", "UTC"))
    return known if query.where is None else known & query.where


def quoted(text: str) -> str:
    """Text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
