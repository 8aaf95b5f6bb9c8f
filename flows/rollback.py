"""Return to a version that has served well, rehearsed before it serves again."""

from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, record, register, tell
from tasks.ledger.rollback import Return
from tasks.records import Decision
from tasks.stores import Stores, open_stores


@flow(flow_run_name=policy.sentence("roll back {pipeline} ({reason})"))
def rollback(
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
    version: int | None = None,
    reason: str = "asked for by hand",
) -> Decision:
    """Make an earlier champion serve again; the present one is out until a person names it.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: The moment from which the earlier version serves. Empty: now.
        version: The version to return to. Empty: the last known good one.
        reason: Why, in a few words; it is kept with the decision.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    asked = Return(pipeline, as_of, version, reason, recorded_at=datetime.now(UTC))
    decision = returned(stores, asked)
    tell.status(stores, as_of)
    return decision


def returned(stores: Stores, asked: Return) -> Decision:
    """Rehearse the version, write the decision down, move the alias; asked again, nothing."""
    decision = record.known(stores.ledger, stores.name, asked.key)
    if decision is None:
        bench = record.bench(stores.ledger, stores.name, asked.as_of)
        target = record.target(stores.ledger, asked, bench)
        record.rehearse(stores.model, target, stores.reference(target))
        decision = record.roll_back(stores.ledger, asked, bench, target)
    register.alias(stores)
    tell.decision(decision)
    return decision
