"""What a test may not leave behind."""

import gc
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.settings import Settings

_SERVERS = ("tasks.models.keeper", "prefect", "uvicorn", "resource_tracker", "forkserver")
"""Processes that are started once and end with us, by a part of their command line."""

_LITTER = (".ratchet", "mlruns", "mlartifacts", "mlflow.db", "mlflow.log", "gx")
"""What our libraries would leave in the working directory."""


_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Traces:
    """Threads, child processes and files that are there at a moment."""

    threads: frozenset[threading.Thread]
    processes: frozenset[psutil.Process]
    files: frozenset[Path]

    @classmethod
    def now(cls) -> "Traces":
        here = Path.cwd()
        litter = {here / name for name in _LITTER if (here / name).exists()}
        return cls(
            threads=frozenset(each for each in threading.enumerate() if not each.daemon),
            processes=frozenset(psutil.Process().children(recursive=True)),
            files=frozenset(litter | set(Path(tempfile.gettempdir()).iterdir())),
        )

    def left(self) -> list[str]:
        """What is there now and was not then, beside servers and what ends within a moment."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (left := self._left()) and time.monotonic() < deadline:
            gc.collect()  # pools that nobody uses any more end their threads
            time.sleep(0.05)
        return left

    def _left(self) -> list[str]:
        now = Traces.now()
        started = [_told(each) for each in now.processes - self.processes]
        return [
            *(f"thread {each.name}" for each in now.threads - self.threads if each.is_alive()),
            *(f"process {told}" for told in started if told and not _is_server(told)),
            *(f"file {path}" for path in sorted(now.files - self.files)),
        ]


def left_in(settings: Settings) -> list[str]:
    """MLflow runs that never ended, and aliases that the ledger does not know of."""
    if not (settings.home / "mlflow.db").exists():
        return []
    from mlflow.tracking import MlflowClient

    from config.load import pipelines
    from tasks.ledger.ledger import Ledger
    from tasks.registry.registry import Registry

    client = MlflowClient(settings.tracking_uri, registry_uri=settings.tracking_uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    left = [
        f"MLflow run {run.info.run_name} still running"
        for run in client.search_runs(experiments, "attributes.status = 'RUNNING'")
    ]
    ledger, registry = Ledger(settings.ledger_url), Registry(settings.tracking_uri, "")
    for name in pipelines(settings):
        pointed, serving = registry.pointed(name), ledger.champion(name)
        if pointed != serving:
            left.append(f"alias of {name} points at {pointed}, the ledger says {serving}")
    ledger.close()
    return left


def _is_server(command: str) -> bool:
    return any(part in command for part in _SERVERS)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or dead and not yet waited for."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _told(process: psutil.Process) -> str:
    """The command line; nothing for one that has ended meanwhile."""
    try:
        return "" if has_ended(process.pid) else " ".join(process.cmdline())
    except psutil.Error:
        return ""
