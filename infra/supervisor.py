"""Child processes that are kept alive, stopped in order, and outlived by nothing.

Every process that a child starts, in whatever session, inherits a mark in its environment: by it
they are found again when the child ends, and a guardian finds them when this process is killed.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import psutil

from infra.child import Child, Program, Tell
from infra.guardian import lives, sweep

LOOK_SECONDS = 0.2
_ASK_SECONDS = 0.05


class Supervisor:
    """Children by name, in order of start. Use it as a context: leaving it stops them all."""

    def __init__(self, logs: Path, tell: Tell = lambda _: None) -> None:
        self.children: dict[str, Child] = {}
        self._logs = logs
        self._tell = tell
        self._hurry = False
        self._mark = uuid4().hex
        self._guardian: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Supervisor":
        self._guardian = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-P", "-m", "infra.guardian", f"{self._mark}/"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, program: Program) -> Child:
        """Start a program and keep it from now on."""
        child = Child(program, self._mark, self._logs / f"{program.name}.log", self._tell)
        self.children[program.name] = child
        child.start()
        return child

    def look(self) -> None:
        """One look at every child: what died is started again, after a pause."""
        for child in self.children.values():
            child.look()

    def wait_until_healthy(self, names: Sequence[str] | None = None) -> None:
        """Look until the children, all or those named, are well."""
        waited_for = [self.children[name] for name in names or self.children]
        while True:
            self.look()
            if all(child.healthy for child in waited_for):
                return
            time.sleep(LOOK_SECONDS)

    def stop(self) -> None:
        """End the children, the last started first, and leave nothing that they have started.

        Each is asked, and killed when it takes longer than its seconds of grace.
        """
        for child in reversed(self.children.values()):
            for ask in (child.ask_its_work_to_end, child.ask_to_end):
                self._wait_for(ask(), child.program.patience.grace_seconds)
            child.end()
        self.children.clear()
        sweep(f"{self._mark}/")
        if self._guardian is not None and self._guardian.stdin is not None:
            self._guardian.stdin.close()
            self._guardian.wait()
            self._guardian = None

    def hurry(self) -> None:
        """Cut a stop that is under way short: from now on, kill at once."""
        self._hurry = True

    def _wait_for(self, asked: list[psutil.Process], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(lives(each) for each in asked) and time.monotonic() < deadline:
            if self._hurry:
                return
            time.sleep(_ASK_SECONDS)
