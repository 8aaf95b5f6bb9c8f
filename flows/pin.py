"""Pin rows that every challenger is judged on from then on, and that no model is trained on."""

from datetime import UTC, date, datetime
from typing import Annotated

from prefect import flow
from pydantic import AwareDatetime, Field

from tasks import build, policy, record, tell
from tasks.features.pinning import Pinning
from tasks.ledger.pins import Pin
from tasks.stores import open_stores


@flow(flow_run_name=policy.sentence("pin {pipeline} {first} to {last} ({reason})"))
def pin(  # noqa: PLR0913, PLR0917 - one parameter a field of the form
    first: date,
    last: date,
    by: str,
    reason: str,
    rows: Annotated[int, Field(ge=1)] | None = None,
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
) -> Pinning:
    """Keep labelled rows as they are known now: a new version of the golden set, or the same.

    Args:
        first: The first day to pin, of days whose labels are complete.
        last: The last day to pin, included.
        by: Your name; it is kept with the rows.
        reason: Why these, in a few words; it is kept with the rows.
        rows: How many rows, a sample with each day's share of each label. Empty: all of them.
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only rows known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    asked = Pin(pipeline, as_of, by, reason, recorded_at=datetime.now(UTC))
    champion = stores.standing(asked.recorded_at).champion
    days = build.pinnable(stores.definition, stores.lake, (first, last), as_of)
    cohort = build.cohort(stores.definition, stores.lake, days, as_of)
    chosen = build.chosen(cohort, build.pinned(stores), champion, rows)
    pinning = record.pin(stores.ledger, stores.vault, asked, chosen)
    tell.pinned(pinning)
    return pinning
