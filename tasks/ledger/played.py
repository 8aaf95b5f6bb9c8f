"""What came of a past night that was played again."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Played:
    """A past night played again: what it did, or the error that ended it."""

    night: date
    deliveries: int = 0
    refused: int = 0
    predictions: int = 0
    measured: str = ""
    error: str = ""

    @property
    def told(self) -> str:
        """The night in a line."""
        done = (
            f"{self.deliveries} deliveries ({self.refused} refused), {self.predictions} predictions"
        )
        return (
            f"night of {self.night}: {self.error or '; '.join(filter(None, (done, self.measured)))}"
        )
