"""Play past nights again, each with what was known then; nothing live comes of it."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from prefect import flow
from pydantic import Field

from config.schema import Schedule
from flows.ingest import admitted
from flows.watch import seen
from tasks import policy, predict, record, tell
from tasks.errors import Terminal
from tasks.ledger.played import Played
from tasks.records import Outcome
from tasks.stores import Stores, open_stores

Step = Literal["ingest", "score", "watch"]
Order = Literal["oldest first", "newest first"]

_log = logging.getLogger("ratchet.backfill")


@dataclass(frozen=True)
class Backfilled:
    """The nights that were played, in the order in which they were."""

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
    task_runner=policy.threads(2),
)
def backfill(
    first: date,
    last: date,
    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = ("ingest", "score"),
    order: Order = "oldest first",
    pipeline: str = "flights",
) -> Backfilled:
    """Play past nights: no live event, no intent, no new champion; a failing one stops no other.

    Args:
        first: The first night.
        last: The last night, included.
        steps: What each night does, in this order: ingest, score, watch (which only measures).
        order: Which night comes first.
        pipeline: Name of the pipeline, a folder under config/pipelines.
    """
    stores = open_stores(pipeline)
    nights = nights_between(stores.definition.pipeline.schedule, first, last, order)
    bar = tell.begun(pipeline, f"{len(nights)} nights, {first} to {last}")
    played: list[Played] = []
    for night in nights:
        played.append(_played(stores, night, steps))
        tell.advanced(bar, 100 * len(played) / len(nights))
    tell.nights(pipeline, played)
    return _whole(Backfilled(tuple(played)))


def nights_between(schedule: Schedule, first: date, last: date, order: Order) -> list[datetime]:
    """When each of the nights ran. Raises `Terminal` when there is none, or one is yet to come."""
    if first > last:
        raise Terminal(f"the first night, {first}, comes after the last, {last}")
    count = (last - first).days + 1
    nights = [schedule.night_of(first + timedelta(days=number)) for number in range(count)]
    if nights[-1] > datetime.now(UTC):
        raise Terminal(f"the night of {last} has not come yet: only past nights can be played")
    return nights if order == "oldest first" else nights[::-1]


def _played(stores: Stores, as_of: datetime, steps: Collection[Step]) -> Played:
    """One night; whatever goes wrong in it is its own."""
    try:
        played = _night(stores, as_of, steps)
        _log.info("%s", played.told, extra={"advance": 1})
    except Exception as error:  # the other nights go on, and the run fails in the end
        played = Played(as_of.date(), error=f"{type(error).__name__}: {error}")
        _log.error("%s", played.told, extra={"advance": 1})
    return played


def _night(stores: Stores, as_of: datetime, steps: Collection[Step]) -> Played:
    admissions = []
    if "ingest" in steps:
        admissions = admitted(stores, record.judged(stores.ledger, stores.name), as_of)
    predictions = 0
    if "score" in steps:
        scorer = stores.scorer
        predictions = predict.answers(scorer, predict.due(scorer, as_of), as_of).rows
    told = ""
    if "watch" in steps:
        sight, _ = seen(stores, as_of)
        record.performance(stores.ledger, sight.performance)
        told = sight.performance.reason
    refused = sum(each.outcome is Outcome.REFUSED for each in admissions)
    return Played(as_of.date(), len(admissions), refused, predictions, told)


def _whole(backfilled: Backfilled) -> Backfilled:
    if backfilled.failed:
        raise NightsFailed(backfilled)
    return backfilled
