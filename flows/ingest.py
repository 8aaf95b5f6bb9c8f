"""Bring in what arrived: every delivery is admitted, held in part, or refused whole."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from prefect import flow, unmapped
from pydantic import AwareDatetime

from tasks import extract, policy, record, tell, validate
from tasks.records import Admission, Outcome
from tasks.stores import Stores, open_stores


@dataclass(frozen=True)
class Ingested:
    """What became of the deliveries that had not been judged before.

    `judged_before` counts those that had been: with none of either there is no data at all.
    """

    admissions: tuple[Admission, ...]
    judged_before: int = 0

    @property
    def refused(self) -> tuple[Admission, ...]:
        return tuple(each for each in self.admissions if each.outcome is Outcome.REFUSED)

    @property
    def told(self) -> str:
        if not self.admissions:
            return "nothing new arrived" if self.judged_before else "nothing was ever delivered"
        return f"{len(self.admissions)} deliveries arrived, {len(self.refused)} refused"


@flow(
    flow_run_name=policy.sentence("ingest {pipeline} as of {as_of}"),
    task_runner=policy.threads(2),
)
def ingest(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Ingested:
    """Admit the deliveries that arrived in landing and have not been judged yet.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only deliveries that had arrived by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    judged = record.judged(stores.ledger, pipeline)
    admissions = admitted(stores, judged, as_of)
    tell.deliveries(pipeline, admissions, as_of)
    return Ingested(tuple(admissions), len(judged))


def admitted(
    stores: Stores, judged: Collection[tuple[str, str, str, str]], as_of: datetime
) -> list[Admission]:
    """Judge what had arrived by `as_of` and was not judged, write it down; nobody is told."""
    queues = extract.arrivals(stores.source, stores.definition, as_of, judged)
    batches = validate.admit.map(unmapped(stores.desk), queues).result()
    admissions = list(chain.from_iterable(batches))
    record.journal(stores.ledger, stores.definition, admissions, as_of)
    return admissions
