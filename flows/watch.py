"""Measure the champion on what turned out; a drop becomes an intent, then an event."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import flow
from pydantic import AwareDatetime

from tasks import detect, policy, record, tell, warn
from tasks.drift.trigger import Due
from tasks.records import Performance
from tasks.stores import Stores, open_stores

if TYPE_CHECKING:
    from tasks.drift.report import Drift
    from tasks.lookout import Sight


@dataclass(frozen=True)
class Watched:
    """What was seen, the drift report when one was due, what policy says; and if it was news."""

    sight: "Sight"
    drift: "Drift | None"
    due: Due
    news: bool

    @property
    def performance(self) -> Performance:
        return self.sight.performance


@flow(flow_run_name=policy.sentence("watch {pipeline} as of {as_of}"))
def watch(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Watched:
    """Look at the champion: what its answers are worth, what has moved, and what to do about it.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only rows and labels known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    sight, drift = seen(stores, as_of)
    conclusion = record.concluded(stores, sight)
    warn.seen(stores, sight, drift, conclusion)
    tell.status(stores, as_of)
    return Watched(sight, drift, conclusion.due, conclusion.news)


def seen(stores: Stores, as_of: datetime) -> "tuple[Sight, Drift | None]":
    """Look as of then, and write the drift report when one is due; nothing is acted on."""
    promise = stores.standing(as_of).promise
    recent = detect.recent(stores.definition, stores.lake, stores.log, as_of)
    performance = detect.realised(stores.definition, recent.answered, promise, as_of)
    sight = detect.look(stores, recent, performance)
    drift = detect.report(stores.reporter, stores.champion_folder(as_of), recent.met, performance)
    return sight, drift
