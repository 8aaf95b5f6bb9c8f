"""A real Prefect server, and a real worker, as `ratchet up` starts them."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from config.servers import Addresses, Databases, Listening
from config.settings import Settings
from infra.ports import free
from infra.programs import prefect_program, worker_program
from infra.supervisor import Supervisor


@dataclass(frozen=True)
class RealPrefect:
    """A server with a home of its own; nobody restarts what is killed, unless `keep` is called."""

    settings: Settings
    addresses: Addresses
    supervisor: Supervisor
    databases: Databases
    listening: Listening

    @property
    def api(self) -> str:
        """What PREFECT_API_URL has to be."""
        return self.addresses.api

    def start_server(self) -> None:
        """Start the server, again if it was killed, and wait until it is healthy."""
        program = prefect_program(self.settings, self.listening, self.databases)
        self.supervisor.start(program)
        self.supervisor.wait_until_healthy(["prefect"])

    def start_worker(self, **environment: str) -> None:
        """Start a process worker of the pool `ratchet`, with variables of the test's own."""
        program = worker_program(self.settings, self.addresses, free())
        temporary = self.settings.home / "temporary"  # Prefect's worker leaves a folder there
        temporary.mkdir(exist_ok=True)
        chosen = {**program.environment, "TMPDIR": str(temporary), **environment}
        self.supervisor.start(replace(program, environment=chosen))
        self.supervisor.wait_until_healthy(["worker"])

    def kill(self, name: str) -> None:
        """SIGKILL to `prefect` or `worker`, not to the runs that the worker has started."""
        child = self.supervisor.children[name]
        assert child.pid is not None, f"{name} is not running"
        os.kill(child.pid, signal.SIGKILL)
        while child.pid is not None:
            time.sleep(0.05)

    def log(self, name: str) -> str:
        """What `prefect` or `worker` has printed."""
        return self.supervisor.children[name].log.read_text()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Let clients and flows of this process speak with the server."""
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

        secret = self.settings.access.prefect or None
        with temporary_settings({PREFECT_API_URL: self.api, PREFECT_API_AUTH_STRING: secret}):
            yield


@contextmanager
def prefect_server(
    settings: Settings | None = None, database: str = "", worker: bool = False
) -> Iterator[RealPrefect]:
    """A healthy server on a free port of loopback; it and all of its runs end with the context.

    `settings` default to an empty folder of its own; `database` to SQLite under it, otherwise an
    address like `postgresql+asyncpg://...`. The flows' MLflow is what `settings` says.
    """
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as folder:
        settings = replace(settings or _empty(Path(folder)), given=frozenset())
        settings.home.mkdir(parents=True, exist_ok=True)
        listening = Listening(prefect_port=free())
        addresses = replace(Addresses.of(listening), mlflow=settings.tracking_uri)
        databases = Databases.embedded(settings)
        if database:
            databases = replace(databases, prefect=database)
        with Supervisor(settings.home / "logs") as supervisor:
            server = RealPrefect(settings, addresses, supervisor, databases, listening)
            server.start_server()
            if worker:
                server.start_worker()
            yield server


def _empty(home: Path) -> Settings:
    return Settings.from_environment({"RATCHET_HOME": str(home)})
