"""A grid of nights and steps: which cells there are, and what each of them waits for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Literal

from config.schema import Schedule
from tasks.errors import Terminal
from tasks.ledger.played import STEPS, Cell, Step

Order = Literal["oldest first", "newest first"]

_ALWAYS_FORWARD: tuple[Step, ...] = ("ingest", "watch")


@dataclass(frozen=True)
class Grid:
    """The nights from `first` to `last`, and what is done in each.

    What a night's ingest or watch finds depends on what those before it left: they go forward,
    one after another, whatever the order. Scores and rehearsals look at the lake as it was in
    their night and may come in any order, some at once. A promotion changes who answers from
    then on: with `promote` everything goes forward.
    """

    schedule: Schedule
    first: date
    last: date
    steps: Collection[Step]
    order: Order = "oldest first"
    promote: bool = False

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise Terminal(f"the first night, {self.first}, comes after the last, {self.last}")
        if self.schedule.night_of(self.last) > datetime.now(UTC):
            raise Terminal(
                f"the night of {self.last} has not come yet: only past nights can be played"
            )
        if self.promote and self.order == "newest first":
            raise Terminal("a champion follows from the one before: promotions go oldest first")

    @cached_property
    def nights(self) -> tuple[date, ...]:
        """Oldest first."""
        count = (self.last - self.first).days + 1
        return tuple(self.first + timedelta(days=number) for number in range(count))

    def __len__(self) -> int:
        return len(self.nights) * len(self._steps)

    def cell(self, night: date, step: Step) -> Cell:
        """One of the cells."""
        return Cell(self.schedule.night_of(night), night, step)

    def before(self, night: date) -> datetime:
        """When the night before a night ran."""
        return self.schedule.night_of(night - timedelta(days=1))

    @property
    def cells(self) -> Iterator[Cell]:
        """Every cell, those first that are wanted first; each after all that it waits for."""
        if self.order == "oldest first":
            yield from (self.cell(n, step) for n in self.nights for step in self._steps)
            return
        back = [step for step in self._steps if step not in _ALWAYS_FORWARD]
        yield from (self.cell(n, "ingest") for n in self.nights if "ingest" in self._steps)
        yield from (self.cell(n, step) for n in reversed(self.nights) for step in back)
        yield from (self.cell(n, "watch") for n in self.nights if "watch" in self._steps)

    def after(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells that have to be over before this one: played, or failed."""
        steps = self._steps[: self._steps.index(cell.step)]
        same = [step for step in steps if self._depends(cell.step, step)]
        waits = [self.cell(cell.night, step) for step in same]
        if cell.night == self.first:
            return tuple(waits)
        eve = cell.night - timedelta(days=1)
        if cell.step in _ALWAYS_FORWARD or self.promote:
            waits.append(self.cell(eve, cell.step))
        if self.promote and cell.step != "ingest" and "retrain" in self._steps:
            waits.append(self.cell(eve, "retrain"))
        return tuple(waits)

    def needs(self, cell: Cell) -> tuple[Cell, ...]:
        """The cells without which this one would say something else: those of the same night."""
        return tuple(each for each in self.after(cell) if each.night == cell.night)

    def _depends(self, step: Step, earlier: Step) -> bool:
        """A rehearsal asks the lake alone; a real retrain comes last in its night."""
        return step != "retrain" or self.promote or earlier == "ingest"

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return tuple(step for step in STEPS if step in self.steps)
