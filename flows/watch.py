"""Measure the champion on what turned out; a drop becomes an intent, then an event."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import flow
from pydantic import AwareDatetime

from tasks import detect, policy, record, tell
from tasks.records import Performance
from tasks.stores import Stores, open_stores

if TYPE_CHECKING:
    from tasks.drift.report import Drift


@dataclass(frozen=True)
class Watched:
    """Realised performance, the drift report when one was due, and whether this was news."""

    performance: Performance
    drift: "Drift | None"
    news: bool


@flow(flow_run_name=policy.sentence("watch {pipeline} as of {as_of}"))
def watch(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Watched:
    """Compare the champion's realised performance with the one it was promoted with.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only labels known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    performance, drift = measured(stores, as_of)
    drop = detect.drop(performance, len(stores.standing(as_of).decisions))
    news = record.measured(stores.ledger, performance, drop)
    tell.performance(performance, drift, drop, news)
    tell.status(stores, as_of)
    return Watched(performance, drift, news)


def measured(stores: Stores, as_of: datetime) -> "tuple[Performance, Drift | None]":
    """Measure as of then, and write the drift report when one is due; nothing is acted on."""
    promise = stores.standing(as_of).promise
    recent = detect.recent(stores.definition, stores.lake, stores.log, as_of)
    performance = detect.realised(stores.definition, recent.answered, promise, as_of)
    drift = detect.drift(stores.reporter, stores.champion_folder(as_of), recent.met, performance)
    return performance, drift
