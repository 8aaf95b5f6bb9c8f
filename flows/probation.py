"""Hold a new champion's first days, once, against what it was promoted with."""

from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from flows.rollback import returned
from tasks import detect, policy, record, tell
from tasks.ledger.probations import Probation
from tasks.ledger.rollback import Return
from tasks.stores import open_stores


@flow(flow_run_name=policy.sentence("probation of {pipeline} as of {as_of}"))
def probation(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Probation | None:
    """End the champion's probation when its days are over; a worse one is rolled back by policy.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only labels known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    case = detect.probation(stores.ledger, stores.definition, stores.lake, as_of)
    if case is None:
        return None
    found = detect.judged(stores.definition, stores.lake, case, stores.model, as_of)
    if found is None:
        return None
    ended = record.probation(stores.ledger, found)
    tell.probation(ended)
    if ended.rolls_back:
        returned(stores, _asked(ended, as_of))
    tell.status(stores, as_of)
    return ended


def _asked(ended: Probation, as_of: datetime) -> Return:
    return Return(
        pipeline=ended.pipeline,
        as_of=as_of,
        version=ended.replaced,
        reason=f"probation not passed: {ended.reason}",
        recorded_at=datetime.now(UTC),
        probation_of=ended.sequence,
    )
