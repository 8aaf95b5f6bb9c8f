"""What a person pinned, as it is on record: what its rows must be, and who wanted them."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Pinning:
    """One version of a pipeline's golden set; it never changes.

    `content` is the sha256 of the rows in their `columns`. The ledger gives `digest`, over all
    the rest and over the digest of the version before.
    """

    pipeline: str
    number: int
    content: str
    columns: tuple[str, ...]
    rows: int
    first_day: date
    last_day: date
    by: str
    reason: str
    as_of: datetime
    recorded_at: datetime
    previous_digest: str = ""
    digest: str = ""

    @property
    def told(self) -> str:
        """The version in a line."""
        return (
            f"golden v{self.number}: {self.rows:,} rows of {self.first_day} to {self.last_day}, "
            f"pinned by {self.by}: {self.reason}"
        )
