"""The local stack: Prefect server, MLflow server and one worker, kept by one process."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from config.servers import Addresses, Databases, Listening, auth_file, auth_text, required
from config.settings import Settings, SettingsError
from infra import ports
from infra.child import Health, Tell
from infra.interrupts import Interrupts
from infra.programs import mlflow_program, prefect_program, worker_program
from infra.supervisor import LOOK_SECONDS, Supervisor


@dataclass(frozen=True)
class Stack:
    """The programs of one home, as far as they have been started."""

    settings: Settings
    listening: Listening
    databases: Databases
    supervisor: Supervisor

    @property
    def addresses(self) -> Addresses:
        return Addresses.of(self.listening)

    def serve(self) -> None:
        """Start both servers and wait until they are healthy."""
        if self.settings.access.mlflow_user:
            auth_file(self.settings).write_text(auth_text(self.databases))
        for program in (prefect_program, mlflow_program):
            self.supervisor.start(program(self.settings, self.listening, self.databases))
        self.supervisor.wait_until_healthy()
        self._log_in()

    def work(self) -> None:
        """Start the worker, and let other commands of this home know where everything is."""
        self.supervisor.start(worker_program(self.settings, self.addresses, ports.free()))
        self.supervisor.wait_until_healthy()
        _tell_others(self.settings, self.addresses)

    def stay(self) -> None:
        """Keep all of it alive until interrupted. Raises `ChildError` when that is vain."""
        while True:
            self.supervisor.look()
            time.sleep(LOOK_SECONDS)

    def _log_in(self) -> None:
        """MLflow takes its first user's password from us once, and keeps it from then on."""
        access = self.settings.access
        if not access.mlflow_user:
            return
        secret = f"{access.mlflow_user}:{access.mlflow_password}"
        asked = Health(
            self.listening.connected_at,
            self.listening.mlflow_port,
            "/api/2.0/mlflow/experiments/get?experiment_id=0",
        )
        if asked.status(secret) == 401:
            raise SettingsError(
                f"MLflow knows the user {access.mlflow_user!r} by another password than that in "
                "MLFLOW_TRACKING_PASSWORD: it keeps the one it was first started with"
            )


@dataclass(frozen=True)
class _Whereabouts:
    """What `stack.json` says, for other commands of the same home."""

    prefect: str
    mlflow: str
    pid: int
    started: float

    @property
    def is_alive(self) -> bool:
        """Its process lives, and is not another that was given the same number later."""
        try:
            return bool(psutil.Process(self.pid).create_time() == self.started)
        except psutil.Error:
            return False


@contextmanager
def stack(
    settings: Settings, listening: Listening, databases: Databases, tell: Tell
) -> Iterator[Stack]:
    """A stack of which nothing has been started yet; whatever was ends with the context.

    Raises `SettingsError` when the home has one, a port is in use, or a secret is missing.
    """
    _refuse_open_doors(settings, listening)
    with _only_one(settings):
        _refuse_taken(listening)
        supervisor = Supervisor(settings.home / "logs", tell)
        with Interrupts(supervisor.hurry) as interrupts, supervisor:
            try:
                yield Stack(settings, listening, databases, supervisor)
            finally:
                interrupts.ending()


def running(settings: Settings) -> Addresses | None:
    """Where the stack of this home is; None when none is up."""
    told = _told(settings)
    return Addresses(told.prefect, told.mlflow) if told and told.is_alive else None


def _refuse_open_doors(settings: Settings, listening: Listening) -> None:
    """Raise `SettingsError` when somebody could come in whom nobody asks for a password."""
    access, missing = settings.access, ", ".join(required(settings.access))
    if missing and settings.profile == "production":
        raise SettingsError(f"the production profile asks everybody for a password: set {missing}")
    if missing and not listening.only_here:
        raise SettingsError(
            f"--host {listening.host} lets other machines in, and nobody would ask them for a "
            f"password: set {missing}, or stay on 127.0.0.1"
        )
    if bool(access.mlflow_user) != bool(access.mlflow_password):
        raise SettingsError(f"MLflow's user and password belong together: set {missing}")
    if access.prefect and not all(access.prefect.partition(":")):
        raise SettingsError("PREFECT_API_AUTH_STRING has to be like user:password")


def _refuse_taken(listening: Listening) -> None:
    for port, option in (
        (listening.prefect_port, "--prefect-port"),
        (listening.mlflow_port, "--mlflow-port"),
    ):
        if trouble := ports.trouble(listening.host, port):
            raise SettingsError(f"{trouble}; choose another with {option}")


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """The system lets go of the lock when this process ends, however it ends."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "stack.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = _told(settings)
            by = f" by process {told.pid}, at {told.prefect}" if told else ""
            raise SettingsError(
                f"the stack of {settings.home} is up already{by}; stop it with Ctrl-C there, or "
                "choose another RATCHET_HOME"
            ) from None
        try:
            yield
        finally:
            _file(settings).unlink(missing_ok=True)


def _tell_others(settings: Settings, addresses: Addresses) -> None:
    me = psutil.Process()
    told = _Whereabouts(addresses.prefect, addresses.mlflow, me.pid, me.create_time())
    part = _file(settings).with_suffix(".tmp")
    part.touch(mode=0o600)
    part.write_text(json.dumps(asdict(told), indent=2))
    part.replace(_file(settings))


def _told(settings: Settings) -> _Whereabouts | None:
    try:
        return _Whereabouts(**json.loads(_file(settings).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _file(settings: Settings) -> Path:
    return settings.home / "stack.json"
