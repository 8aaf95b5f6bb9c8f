"""A person pins rows: they are kept, and what they are is written down once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from tasks.errors import Terminal
from tasks.features.pinning import Pinning
from tasks.ledger.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

    from tasks.features.golden import Vault


@dataclass(frozen=True)
class Pin:
    """A pinning that was asked for."""

    pipeline: str
    as_of: datetime
    by: str
    reason: str
    recorded_at: datetime

    def __post_init__(self) -> None:
        for what, text in (("by", self.by), ("reason", self.reason)):
            if not text.strip():
                raise Terminal(f"{self.pipeline}: to pin rows needs {what!r}: it is kept")


def pin(ledger: Ledger, vault: "Vault", asked: Pin, rows: "pd.DataFrame") -> Pinning:
    """The new version of the golden set; the latest one when that has the same rows.

    The rows are written first: without them a record would promise what is not there. Raises
    `Conflict` when somebody else pinned meanwhile.
    """
    from tasks.features.golden import content, stored  # noqa: PLC0415 - loads pandas

    known = ledger.pinnings(asked.pipeline)
    if known and known[-1].content == content(stored(rows)):
        return known[-1]
    number = len(known) + 1
    return ledger.pin(
        Pinning(
            pipeline=asked.pipeline,
            number=number,
            content=vault.keep(number, rows),
            columns=tuple(rows.columns),
            rows=len(rows),
            first_day=date.fromisoformat(rows["day"].min()),
            last_day=date.fromisoformat(rows["day"].max()),
            by=asked.by,
            reason=asked.reason,
            as_of=asked.as_of,
            recorded_at=asked.recorded_at,
        )
    )
