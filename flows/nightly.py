"""The night: ingest what arrived, score, watch, and retrain when it is due."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prefect import flow
from pydantic import AwareDatetime

from flows.ingest import Ingested, ingest
from flows.probation import probation
from flows.retrain import Retrained, retrain
from flows.score import score
from flows.watch import Watched, watch
from tasks import detect, policy, register, tell
from tasks.drift.trigger import Due
from tasks.ledger.probations import Probation
from tasks.stores import open_stores

if TYPE_CHECKING:
    from tasks.predictions.scorer import Scored


@dataclass(frozen=True)
class Night:
    """One night, told by its parts; `retrained` is None when nothing was due."""

    ingested: Ingested
    scored: "Scored"
    watched: Watched
    due: Due
    retrained: Retrained | None
    probation: Probation | None = None
    """How the champion's probation ended, in the night in which it did."""

    @property
    def told(self) -> tuple[str, ...]:
        """The night in a few sentences, also one in which there was nothing to do."""
        watched = self.watched.performance
        answer = self.retrained.told if self.retrained else f"no retrain: {self.due.reason}"
        tried = (self.probation.told,) if self.probation else ()
        return (
            self.ingested.told,
            f"{self.scored.rows} rows scored",
            watched.reason,
            *tried,
            answer,
        )


@flow(flow_run_name=policy.sentence("night of {pipeline} as of {as_of}"))
def nightly(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Night:
    """Run the whole loop once.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Play the night of then, with only what was known. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    ingested = ingest(pipeline, as_of)
    scored = score(pipeline, as_of)
    watched = watch(pipeline, as_of)
    tried = probation(pipeline, as_of)
    stores = open_stores(pipeline)
    looked_back = stores.record(as_of, watched.sight.grounds)
    due = detect.due(stores.definition.pipeline.retrain, looked_back, as_of)
    retrained = retrain(pipeline, as_of, due.reason, due.cause) if due.wanted else None
    keep = stores.definition.pipeline.retrain.keep_versions
    register.swept(stores.ledger, pipeline, stores.settings.models, keep)
    night = Night(ingested, scored, watched, due, retrained, tried)
    tell.night(pipeline, as_of, night.told)
    return night
