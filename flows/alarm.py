"""Somebody should look: something that ought to have happened did not, or went wrong."""

from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, tell


@flow(flow_run_name=policy.sentence("ALARM {pipeline}: {what}"))
def alarm(
    what: str, detail: str = "", pipeline: str = "flights", as_of: AwareDatetime | None = None
) -> None:
    """Say it where people look: on the run, in its log, and as an event that may be sent on.

    Args:
        what: What is wrong, in one sentence.
        detail: Whatever helps to find out more. Empty: nothing.
        pipeline: Name of the pipeline that it is about.
        as_of: The moment that it is about. Empty: now.
    """
    tell.alarm(pipeline, what, detail, as_of or datetime.now(UTC))
