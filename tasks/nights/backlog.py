"""What past nights have left to do, found by evidence, and the doing of it, cell by cell."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Lock
from typing import TYPE_CHECKING

import pandas as pd

from tasks.ledger.played import Cell, Planned, Played
from tasks.ledger.rehearsals import Rehearsal
from tasks.nights.asked import Asked, Night
from tasks.nights.grid import Grid
from tasks.nights.intake import Intake, intake
from tasks.nights.views import rehearsed_then, seen_then
from tasks.predictions.scorer import Reign
from tasks.records import Outcome
from tasks.stores import Stores

if TYPE_CHECKING:
    from tasks.data.lake import Lake

_ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)


class Backlog:
    """The cells of a grid: what shows that one is done, and what doing it takes.

    `champion` answers every question instead of who served when it was asked; None: who served.
    """

    # No dataclass: of one that is given to a task Prefect looks through every field.
    def __init__(
        self, stores: Stores, grid: Grid, arriving: Intake, champion: int | None = None
    ) -> None:
        self.stores, self.grid = stores, grid
        self._intake, self._champion = arriving, champion
        self._asked, self._scorer = Asked(stores.definition), stores.scorer
        self._lock = Lock()
        if champion is not None:
            stores.ledger.version(stores.name, champion)  # one that is not there is told here

    def plan(self) -> Iterator[Planned]:
        """Every cell in its turn, with what shows that it is done; nothing is changed."""
        for cell in self.grid.cells:
            yield Planned(cell.night, cell.step, self.evidence(cell))

    def evidence(self, cell: Cell) -> str:
        """What shows that there is nothing to do, and no flag that anybody set; empty if nothing.

        A score is to do while a delivery of its night, or of one before, is not admitted.
        """
        match cell.step:
            case "ingest":
                waits = self._intake.waits(cell.night, cell.night)
                return "" if waits else "every delivery that had arrived is judged"
            case "score":
                waits = self._intake.waits(self.grid.first, cell.night) or len(self._due(cell)) > 0
                return "" if waits else "no question is due"
            case "watch":
                return self._measured(cell)
            case "retrain":
                return self._attempted(cell)

    def admit(self, cell: Cell) -> Played:
        """Admit what arrived since the night before."""
        admissions = self._intake.admit(cell.night, cell.as_of)
        refused = sum(each.outcome is Outcome.REFUSED for each in admissions)
        done = () if admissions else (cell.step,)
        return Played(cell.night, deliveries=len(admissions), refused=refused, done=done)

    def answer(self, cell: Cell) -> Played:
        """Answer the questions that fell due in the night, by the lake of then."""
        due, rows = self._due(cell), 0
        if due.empty:
            return Played(cell.night, done=(cell.step,))
        scorer = replace(self._scorer, lake=self._lake(cell.as_of), reigns=self._reigns())
        days = sorted(map(date.fromisoformat, due["day"].unique()))
        key = self.stores.definition.pipeline.question.key
        for day, answers in scorer.said(days, cell.as_of, due):
            with self._lock:  # nights that are neighbours answer questions of the same day
                rows += self.stores.log.append(day, answers, key, scorer.lake.versions)
        return Played(cell.night, predictions=rows)

    def seen_by(self, cell: Cell) -> Stores:
        """The stores as whoever watched that night would have found them."""
        return seen_then(self.stores, self._intake.versions(cell.as_of), cell.as_of)

    def rehearsed_on(self, cell: Cell) -> Stores:
        """The stores as a retrain of that night would have found them."""
        return rehearsed_then(self.stores, self._intake.versions(cell.as_of), cell.as_of)

    def _due(self, cell: Cell) -> pd.DataFrame:
        """Questions of the night that somebody serves for and that have no answer."""
        reigns = self._reigns()
        if not reigns:
            return pd.DataFrame()
        eve = self.grid.before(cell.night)
        due = self._asked.fell_due(
            Night(eve, self._lake(eve)), Night(cell.as_of, self._lake(cell.as_of))
        )
        if due.empty:
            return due
        due = due[due["asked_at"] >= min(each.since for each in reigns)]
        key, log = self.stores.definition.pipeline.question.key, self.stores.log
        parts = [
            of_day[~log.answered(date.fromisoformat(str(day)), of_day, key)]
            for day, of_day in due.groupby("day")
        ]
        return pd.concat(parts) if parts else due

    def _measured(self, cell: Cell) -> str:
        measured = self.stores.ledger.performances(self.stores.name)
        found = next((each for each in measured if each.as_of == cell.as_of), None)
        return f"measured: {found.reason}" if found else ""

    def _attempted(self, cell: Cell) -> str:
        """A decision of that moment; without a promotion in mind, a rehearsal will do as well."""
        ledger, name = self.stores.ledger, self.stores.name
        config = self.stores.definition.config_hash
        for decision in ledger.decisions(name):
            if decision.as_of == cell.as_of and decision.judged:
                return f"decision {decision.sequence}: v{decision.version} {decision.kind}"
        rehearsals: Sequence[Rehearsal] = () if self.grid.promote else ledger.rehearsals(name)
        for each in rehearsals:
            if each.as_of == cell.as_of and each.evidence.get("config_hash") == config:
                return f"rehearsal {each.key}: {each.choice}"
        return ""

    def _lake(self, as_of: datetime) -> "Lake":
        return self.stores.lake.at(self._intake.versions(as_of))

    def _reigns(self) -> Sequence[Reign]:
        if self._champion is not None:
            return (Reign(_ALWAYS, self._champion),)
        return self.stores.scorer.reigns if self.grid.promote else self._scorer.reigns


@contextmanager
def backlog(
    stores: Stores, grid: Grid, workers: int = 1, champion: int | None = None
) -> Iterator[Backlog]:
    """The backlog, for as long as it is worked on."""
    with intake(stores, grid, workers) as arriving:
        yield Backlog(stores, grid, arriving, champion)
