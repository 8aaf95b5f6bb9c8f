"""Make a registered version serve by a person's decision, rehearsed before it does."""

from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, record, register, tell
from tasks.ledger.appointment import Appointment
from tasks.records import Decision
from tasks.stores import open_stores


@flow(flow_run_name=policy.sentence("promote {pipeline} v{version} ({reason})"))
def promote(
    version: int,
    reason: str,
    by: str,
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
) -> Decision:
    """Let a version serve whatever the gate said, also one that was refused or rolled back.

    Args:
        version: Number of the version, as the verdicts and the ledger tell it.
        reason: Why, in a few words; it is kept with the decision.
        by: Your name; it is kept with the decision.
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: The moment from which the version serves. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    asked = Appointment(pipeline, as_of, version, reason, by, recorded_at=datetime.now(UTC))
    decision = record.known(stores.ledger, pipeline, asked.key)
    if decision is None:
        bench = record.bench(stores.ledger, pipeline, as_of)
        chosen = record.appointee(stores.ledger, asked, bench)
        record.rehearse(stores.model, chosen, stores.reference(chosen))
        decision = record.appoint(stores.ledger, asked, bench)
    register.alias(stores)
    record.settle(stores.ledger, "", decision)
    tell.decision(decision)
    tell.status(stores, as_of)
    return decision
