"""Bring in what arrived: every delivery is admitted, held in part, or refused whole."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from prefect import flow, unmapped
from pydantic import AwareDatetime

from tasks import extract, policy, record, tell, validate
from tasks.records import Admission, Outcome
from tasks.stores import open_stores


@dataclass(frozen=True)
class Ingested:
    """What became of the deliveries that had not been judged before."""

    admissions: tuple[Admission, ...]

    @property
    def refused(self) -> tuple[Admission, ...]:
        return tuple(each for each in self.admissions if each.outcome is Outcome.REFUSED)


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
    queues = extract.arrivals(stores.source, stores.definition, as_of, judged)
    desk = stores.desk
    admitted = validate.admit.map(unmapped(desk), queues).result()
    admissions = list(chain.from_iterable(admitted))
    record.journal(stores.ledger, stores.definition, admissions, as_of)
    tell.deliveries(pipeline, admissions)
    return Ingested(tuple(admissions))
