"""Play past nights again, each with what was known then; nothing live comes of it."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated

from prefect import flow
from pydantic import Field

from flows.retrain import heard, retrain
from flows.watch import seen
from tasks import build, fit, policy, record, register, revisit, tell
from tasks.errors import NotEnoughData, Terminal
from tasks.ledger.played import Cell, Played, Step, by_night
from tasks.nights.grid import Grid, Order
from tasks.stores import open_stores

if TYPE_CHECKING:
    from tasks.nights.backlog import Backlog

REASON = "a past night, played again"


@dataclass(frozen=True)
class Backfilled:
    """The nights that were played, oldest first, whichever was played first."""

    nights: tuple[Played, ...]

    @property
    def failed(self) -> tuple[Played, ...]:
        return tuple(each for each in self.nights if each.error)

    @property
    def refused(self) -> int:
        """Deliveries that were refused in any of the nights."""
        return sum(each.refused for each in self.nights)


class NightsFailed(Terminal):
    """Some nights failed, and the others were played; `backfilled` tells of all of them."""

    def __init__(self, backfilled: Backfilled) -> None:
        failed = backfilled.failed
        told = [
            f"{len(failed)} of {len(backfilled.nights)} nights failed",
            *(n.told for n in failed),
        ]
        super().__init__("\n".join(told))
        self.backfilled = backfilled


@flow(
    flow_run_name=policy.sentence("backfill {pipeline} {first} to {last}"),
    task_runner=policy.threads(3),
)
def backfill(  # noqa: PLR0913, PLR0917 - one parameter a field of the form
    first: date,
    last: date,
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = ("ingest", "score"),
    order: Order = "oldest first",
    pipeline: str = "flights",
    workers: Annotated[int, Field(ge=1, le=64)] = 1,
    champion: int | None = None,
    promote: bool = False,
) -> Backfilled:
    """Play past nights: no live event, no intent, no new champion; a failing one stops no other.

    Args:
        first: The first night.
        last: The last night, included.
        steps: What each night does: ingest, score, watch (it measures), retrain (it rehearses).
        order: Which nights are scored and rehearsed first; ingest and watch go forward always.
        pipeline: Name of the pipeline, a folder under config/pipelines.
        workers: How much is done at once.
        champion: The version that answers. Empty: who served when a question was asked.
        promote: Retrain in earnest: decisions are taken, told, and change who serves.
    """
    stores = open_stores(pipeline)
    grid = Grid(stores.definition.pipeline.schedule, first, last, steps, order, promote)
    bar = tell.begun(pipeline, f"{len(grid)} steps of nights, {first} to {last}")
    played: list[Played] = []
    with revisit.backlog(stores, grid, workers, champion) as backlog:
        for went in revisit.run(grid, partial(_cell, backlog), 1 if promote else workers):
            played.append(went.played)
            if went.moved:
                tell.advanced(bar, went.percent)
    nights = by_night(played)
    tell.nights(pipeline, list(nights))
    return _whole(Backfilled(nights))


def _cell(backlog: "Backlog", cell: Cell) -> Played:
    """One step of one night, unless there is nothing to do."""
    match cell.step:
        case "ingest":
            return revisit.admit(backlog, cell)
        case "score":
            return revisit.answer(backlog, cell)
    if backlog.evidence(cell):
        return Played(cell.night, done=(cell.step,))
    if cell.step == "watch":
        return _watched(backlog, cell)
    return _retrained(backlog, cell) if backlog.grid.promote else _rehearsed(backlog, cell)


def _watched(backlog: "Backlog", cell: Cell) -> Played:
    sight, _ = seen(backlog.seen_by(cell), cell.as_of)
    record.performance(backlog.stores.ledger, sight.performance)
    return Played(cell.night, measured=sight.performance.reason)


def _retrained(backlog: "Backlog", cell: Cell) -> Played:
    try:
        told = retrain(backlog.stores.name, cell.as_of, REASON).told
    except NotEnoughData as error:
        told = str(error)
    return Played(cell.night, retrained=told)


def _rehearsed(backlog: "Backlog", cell: Cell) -> Played:
    """The attempt of that night, judged against who served then; nobody serves by it."""
    stores, as_of = backlog.rehearsed_on(cell), cell.as_of
    try:
        days = build.training_days(stores.definition, stores.lake, as_of)
        cohort = build.cohort(stores.definition, stores.lake, days, as_of, build.golden(stores))
        key = register.key(stores.definition, cohort.snapshot)
        bench = record.bench(stores.ledger, stores.name, as_of)
        rehearsal = revisit.heard(heard(stores, bench, cohort, key, REASON), key)
    except NotEnoughData as error:
        return Played(cell.night, retrained=str(error))
    revisit.keep(stores.ledger, rehearsal)
    fit.sweep(stores, key)
    return Played(cell.night, retrained=rehearsal.told)


def _whole(backfilled: Backfilled) -> Backfilled:
    if backfilled.failed:
        raise NightsFailed(backfilled)
    return backfilled
