"""Importances as a decision's evidence keeps them."""

import math
from collections.abc import Mapping, Sequence

from tasks.records import Importance, Interval

EVIDENCE = "importances"
"""Where a decision's evidence keeps them: by contender, largest loss first."""


def plain(found: Sequence[Importance]) -> list[dict[str, object]]:
    """Importances as evidence keeps them: one flat record a column."""
    return [
        {"column": e.column, "loss": e.loss.value, "low": e.loss.low, "high": e.loss.high}
        for e in found
    ]


def recorded(evidence: Mapping[str, object], whose: str = "challenger") -> tuple[Importance, ...]:
    """The importances that a decision's evidence keeps; none when it was taken without."""
    kept = evidence.get(EVIDENCE)
    rows = kept.get(whose) if isinstance(kept, Mapping) else None
    made = []
    for row in rows or ():
        value, low, high = (_number(row[name]) for name in ("loss", "low", "high"))
        made.append(Importance(str(row["column"]), Interval(value, low, high)))
    return tuple(made)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
