"""Let held rows in after all, by a person's decision."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, tell, validate
from tasks.stores import open_stores


@dataclass(frozen=True)
class Released:
    """How many rows were let in; none when they had been before."""

    rows: int


@flow(flow_run_name=policy.sentence("release held rows of {pipeline} {table}/{partition}"))
def release(
    table: str,
    partition: str,
    rows: list[int] | None = None,
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
) -> Released:
    """Put held rows of a partition into the lake; they count as known from `as_of` on.

    Args:
        table: Table that the rows were delivered for.
        partition: Partition that the rows were delivered for.
        rows: Their row numbers in the delivery. Empty: all that are held.
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: The moment of the release. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    held = stores.held(table, partition, rows)
    released = validate.release(stores.desk, held, as_of)
    tell.status(stores, as_of)
    return Released(released)
