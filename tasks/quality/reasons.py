"""Why rows are held: reasons by row number, counted and told.

A reason is `<what>`, `<what>:<column>` or `expect:<type>:<column>`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from tasks.data.raw import Payload

Reasons = Mapping[int, Sequence[str]]

SHOWN_CHARACTERS = 80


def merged(*parts: Reasons) -> dict[int, tuple[str, ...]]:
    """All reasons of every row, in row order."""
    rows = sorted({row for part in parts for row in part})
    return {row: tuple(why for part in parts for why in part.get(row, ())) for row in rows}


def counted(reasons: Reasons) -> Counter[str]:
    """Rows by reason; a row with two reasons counts for both."""
    return Counter(reason for row in reasons.values() for reason in row)


def listed(counts: Counter[str], most: int = 5) -> str:
    """The most frequent reasons with their counts."""
    more = f" and {len(counts) - most} more reasons" if len(counts) > most else ""
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common(most)) + more


def first_with(reason: str, reasons: Reasons) -> int:
    """The first row that is held for the reason."""
    return min(row for row, row_reasons in reasons.items() if reason in row_reasons)


def shown(row: int, payload: Payload, reason: str) -> str:
    """The cell that a reason speaks of, or the row's first cells where it speaks of none."""
    column = reason.rpartition(":")[2]
    if column in payload:
        return f"row {row}, {column} = {_short(payload[column])}"
    return f"row {row}, " + ", ".join(f"{n} = {_short(cell)}" for n, cell in first_cells(payload))


def first_cells(payload: Payload, most: int = 3) -> list[tuple[str, str | None]]:
    """Enough of a row to find it again."""
    return list(payload.items())[:most]


def _short(cell: str | None) -> str:
    """Quoted and with control characters escaped, so that no terminal obeys it."""
    text = repr(cell)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."
