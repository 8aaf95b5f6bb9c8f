"""What came of past nights that were played again, step by step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

Step = Literal["ingest", "score", "watch", "retrain"]
STEPS: tuple[Step, ...] = ("ingest", "score", "watch", "retrain")
"""In the order in which a night takes them."""


@dataclass(frozen=True, order=True)
class Cell:
    """One step of one night: the smallest work of a backfill."""

    as_of: datetime
    night: date
    step: Step

    @property
    def told(self) -> str:
        return f"{self.step} of {self.night}"


@dataclass(frozen=True)
class Planned:
    """A cell, and what shows that it has been done; `evidence` is empty when it is to do."""

    night: date
    step: Step
    evidence: str = ""

    @property
    def done(self) -> bool:
        return bool(self.evidence)


@dataclass(frozen=True)
class Played:
    """A past night played again: what it did, or the errors that ended its steps.

    `done` are the steps that had nothing to do; `unplayed` those that wait for one that failed.
    """

    night: date
    deliveries: int = 0
    refused: int = 0
    predictions: int = 0
    measured: str = ""
    retrained: str = ""
    done: tuple[Step, ...] = ()
    unplayed: tuple[Step, ...] = ()
    error: str = ""

    @property
    def told(self) -> str:
        """The night in a line."""
        done = (
            f"{self.deliveries} deliveries ({self.refused} refused), {self.predictions} predictions"
        )
        said = "; ".join(filter(None, (done, self.measured, self.retrained)))
        return f"night of {self.night}: {self.error or said}"

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return bool(self.done) and self == Played(self.night, done=self.done)

    @property
    def state(self) -> str:
        """What the night came to, in a word or two."""
        if self.error:
            return "failed"
        return "done before" if self.is_idle else "played"

    def of(self, cell: Cell) -> str:
        """One of its steps in a line."""
        if self.unplayed:
            return f"{cell.told}: not played, for what it needs failed"
        came_to = {
            "ingest": f"{self.deliveries} deliveries ({self.refused} refused)",
            "score": f"{self.predictions} predictions",
            "watch": self.measured,
            "retrain": self.retrained,
        }
        said = f"{cell.step}: done before" if self.done else f"{cell.step}: {came_to[cell.step]}"
        return f"night of {self.night}: {self.error or said}"

    def and_then(self, later: "Played") -> "Played":
        """The night with what another of its steps came to."""
        return replace(
            self,
            deliveries=self.deliveries + later.deliveries,
            refused=self.refused + later.refused,
            predictions=self.predictions + later.predictions,
            measured=self.measured or later.measured,
            retrained=self.retrained or later.retrained,
            done=self.done + later.done,
            unplayed=self.unplayed + later.unplayed,
            error="; ".join(filter(None, (self.error, later.error))),
        )


def by_night(played: Iterable[Played]) -> tuple[Played, ...]:
    """What the steps of each night came to together, oldest night first."""
    nights: dict[date, Played] = {}
    for each in played:
        nights[each.night] = nights.get(each.night, Played(each.night)).and_then(each)
    return tuple(nights[night] for night in sorted(nights))
