"""A flow that does nothing: what a run costs before it is anybody's."""

from prefect import flow


@flow
def idle(number: int) -> int:
    """Its own number, so that runs can be told apart."""
    return number
