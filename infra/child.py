"""One child process, kept alive: started, asked how it is, started again, ended."""

import contextlib
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from infra.guardian import MARK, sweep, topmost

_STARTING_SECONDS = 0.2
_ANSWER_SECONDS = 10.0
_LOG_BYTES = 10_000_000
_TOLD_LINES = 15


Tell = Callable[[str], None]


class ChildError(Exception):
    """A child that cannot be kept alive; the message ends with its last log lines."""


@dataclass(frozen=True)
class Health:
    """An address that answers 200 while a child is well."""

    host: str
    port: int
    path: str

    @property
    def good(self) -> bool:
        """Ask once."""
        return self.status() == 200

    def status(self, secret: str = "") -> int:
        """What it answers to one question, asked as `user:password`; 0 when it does not."""
        connection = HTTPConnection(self.host, self.port, timeout=_ANSWER_SECONDS)
        known = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"} if secret else {}
        try:
            connection.request("GET", self.path, headers=known)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()


@dataclass(frozen=True)
class Patience:
    """How long a child may take, and how often it may die before it is given up."""

    start_seconds: float = 180.0
    well_seconds: float = 10.0
    """Between two questions how it is, once it was well."""
    deaf_seconds: float = 120.0
    """Silence of a child that was well before it is started anew."""
    first_deaths: int = 2
    """In a row, of a child that was never well: what it was told is wrong."""
    deaths: int = 5
    """In a row, each before `settled_seconds`, of one that was."""
    settled_seconds: float = 60.0
    pause_seconds: float = 1.0
    """Before the second start; doubled before every further one, up to `longest_pause_seconds`."""
    longest_pause_seconds: float = 30.0
    grace_seconds: float = 3.0
    """From being asked to end until being killed."""


@dataclass(frozen=True)
class Program:
    """What to start. Secrets belong into `environment`: command lines are public."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    health: Health | None = None
    patience: Patience = Patience()
    leaves_work: bool = False
    """What it started itself goes on when it dies, and ends when the supervisor stops."""


class Child:
    """One program and its current process; `look` is to be called again and again."""

    def __init__(self, program: Program, mark: str, log: Path, tell: Tell) -> None:
        self.program = program
        self.log = log
        self._tell = tell
        self.starts = 0
        self._mark = f"{mark}/{program.name}"
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._was_well = False
        self._started = self._due = self._probed = self._well = 0.0

    @property
    def pid(self) -> int | None:
        """Of the living process."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and alive else None

    @property
    def healthy(self) -> bool:
        """Has been well since its last start, and lives."""
        return self.pid is not None and self._well > 0

    def start(self) -> None:
        """Start it in a session of its own, so that the terminal's Ctrl-C reaches only us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log, interruptible():
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self.program.command,
                env={**self.program.environment, MARK: self._mark},
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.starts += 1
        self._started, self._probed, self._well = time.monotonic(), 0.0, 0.0

    def look(self) -> None:
        """Start it again when it has died or gone deaf. Raises `ChildError` when that is vain."""
        now, patience = time.monotonic(), self.program.patience
        if self._process is None:
            if now >= self._due:
                self.start()
        elif self._process.poll() is not None:
            self._died(f"ended with code {self._process.returncode}", now)
        elif now >= self._probed + (patience.well_seconds if self._well else _STARTING_SECONDS):
            self._probe(now)

    def ask_its_work_to_end(self) -> list[psutil.Process]:
        """SIGTERM to what it has started, and those that were asked.

        Prefect's worker kills its runs when it ends, and they would stay Running on the server.
        Asked themselves, they report that they were aborted.
        """
        if not self.program.leaves_work:
            return []
        work = topmost(self._mark, self.pid)
        for process in work:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        return work

    def ask_to_end(self) -> list[psutil.Process]:
        """SIGINT to the process alone, whose children are its own to end; those asked."""
        if self.pid is None:
            return []
        asked = psutil.Process(self.pid)
        asked.send_signal(signal.SIGINT)
        return [asked]

    def end(self) -> None:
        """Kill it and all that it has started, and forget the process."""
        sweep(self._mark)
        self._forget()

    def _probe(self, now: float) -> None:
        health, patience = self.program.health, self.program.patience
        if health is None or health.good:
            self._well, self._was_well = time.monotonic(), True
        elif self._well and now > self._well + patience.deaf_seconds:
            self._died(f"has not answered for {patience.deaf_seconds:.0f} s", now)
        elif not self._well and now > self._started + patience.start_seconds:
            self._died(f"did not answer within {patience.start_seconds:.0f} s", now)
        self._probed = time.monotonic()

    def _died(self, how: str, now: float) -> None:
        patience = self.program.patience
        settled = self._well > self._started + patience.settled_seconds
        self._deaths = 1 if settled else self._deaths + 1
        if self._deaths >= (patience.deaths if self._was_well else patience.first_deaths):
            times = f", {self._deaths} times in a row" if self._deaths > 1 else ""
            raise ChildError(f"{self.program.name} {how}{times}; {self.last_words()}")
        self._tell(f"{self.program.name} {how}: starting it again; see {self.log}")
        if not self.program.leaves_work:
            sweep(self._mark)
        self._forget()
        pause = patience.pause_seconds * 2 ** (self._deaths - 1)
        self._due = now + min(pause, patience.longest_pause_seconds)

    def _forget(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def last_words(self) -> str:
        """Where its log is, and how it ends."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        told = [f"  {line}" for line in lines[-_TOLD_LINES:] if line.strip()]
        return "\n".join([f"the end of {self.log}:", *told])


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a child that is started here be interrupted.

    A shell without job control starts what stands before `&` with interrupts ignored, and children
    inherit that; a handler they do not inherit.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
