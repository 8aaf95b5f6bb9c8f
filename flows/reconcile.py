"""Look for what was lost or left unfinished, and see that it goes on."""

from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow
from pydantic import AwareDatetime

from tasks import policy, record, register, start, tell
from tasks.ledger.pointer import Lost, Pointed
from tasks.start import Ended, Started
from tasks.stores import open_stores


@dataclass(frozen=True)
class Reconciled:
    """Runs that were ended, what the alias named, versions that are gone, the retrain started."""

    ended: tuple[Ended, ...]
    pointed: Pointed
    lost: Lost
    started: Started

    @property
    def told(self) -> tuple[str, ...]:
        """What was done or found, in sentences; nothing when all was in order."""
        ended = (each.told for each in self.ended)
        told = (*ended, self.pointed.told, self.lost.told, self.started.told)
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
    pointed = register.alias(stores)
    lost = register.lost(stores.ledger, stores.registry, pipeline)
    tell.lost(lost, as_of)
    record.noticed(stores.ledger, lost, as_of)
    claim = record.unfinished(stores, as_of)
    reconciled = Reconciled(tuple(ended), pointed, lost, start.retrain(pipeline, claim))
    tell.reconciled(pipeline, reconciled.told)
    return reconciled
