"""Look for what was lost or left unfinished, and see that it goes on."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, record, register, start, tell
from tasks.start import Ended, Started
from tasks.stores import open_stores


@dataclass(frozen=True)
class Reconciled:
    """Runs that were ended, the champion that the alias names, and the retrain that was started."""

    ended: tuple[Ended, ...]
    champion: int | None
    started: Started

    @property
    def told(self) -> tuple[str, ...]:
        """What was done or found, in sentences; nothing when all was in order."""
        told = (*(each.told for each in self.ended), self.started.told)
        return tuple(each for each in told if each)


@flow(flow_run_name=policy.sentence("reconcile {pipeline} as of {as_of}"))
def reconcile(pipeline: str = "flights", as_of: AwareDatetime | None = None) -> Reconciled:
    """End dead runs, point the alias at the champion, start the retrain that a cause waits for.

    Args:
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only causes known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    ended = start.ended(pipeline, datetime.now(UTC))
    champion = register.alias(stores)
    claim = record.unfinished(stores, as_of)
    reconciled = Reconciled(tuple(ended), champion, start.retrain(pipeline, claim))
    tell.reconciled(pipeline, reconciled.told)
    return reconciled
