"""Ratchet's side: the flows as `ratchet retrain` and `ratchet score` run them.

Every task and state goes through the embedded Prefect server; runs, evidence and models go to
MLflow, decisions to the ledger; rows are hashed into a snapshot, every byte of a model is
verified before it is loaded; candidates are fitted under budgets; the status page is written.
"""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from prefect.client.orchestration import get_client

from benchmarks.month import NAME
from benchmarks.side import Answer, serve
from config.settings import Settings
from deployments.embedded import prefect_here
from flows.ingest import ingest
from flows.retrain import retrain
from flows.score import score
from tasks.models import reuse
from tasks.stores import open_stores


class Orchestrated:
    """The flows, one method each."""

    def start(self) -> Answer:
        """Start the embedded server on a new database."""
        with get_client(sync_client=True) as client:
            client.hello()
        return {}

    def ingest(self, as_of: datetime) -> Answer:
        """Admit everything that arrived; nothing may be refused."""
        ingested = ingest(NAME, as_of)
        assert not ingested.refused, ingested.refused
        return {"deliveries": len(ingested.admissions)}

    def retrain(self, as_of: datetime) -> Answer:
        """A new attempt, every candidate fitted anew: who won, with which AUC, and CPU seconds, the
        server's included."""
        reuse.sweep(open_stores(NAME, Settings.from_environment()).fits, newest=0)
        before = _cpu_seconds()
        retrained = retrain(NAME, as_of, "benchmark")
        decision = retrained.decision
        assert decision is not None, retrained.declined
        assert retrained.news, "this attempt has been decided on before"
        evidence: Any = decision.evidence
        attempts = evidence["attempts"]
        assert not any(each["reused"] for each in attempts), "a fit of an earlier round was taken"
        spent = evidence["cpu_seconds"]["spent"]
        return {
            "candidate": evidence["candidate"],
            "value": evidence["measured"]["challenger"]["roc_auc"]["value"],
            "champion": decision.champion is not None,
            "cpu_seconds": _cpu_seconds() - before + spent,
            "fits": max(each["seconds"] for each in attempts),
        }

    def score(self, as_of: datetime) -> Answer:
        """Answer what was asked and has no answer: how many rows, and CPU seconds."""
        before = _cpu_seconds()
        scored = score(NAME, as_of)
        return {"rows": scored.rows, "cpu_seconds": _cpu_seconds() - before}


def _cpu_seconds() -> float:
    """Of this process and of those that live on: Prefect's server, and the fork server."""
    others = [each.cpu_times() for each in psutil.Process().children(recursive=True)]
    return time.process_time() + sum(float(each.user + each.system) for each in others)


def main(_: Path) -> None:
    """Answer until nobody can ask any more."""
    with prefect_here(Settings.from_environment()):
        serve(Orchestrated())
