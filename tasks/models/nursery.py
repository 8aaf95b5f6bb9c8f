"""A fork server: children start in milliseconds, keep to their limits, and never outlive us.

One server process imports the heavy libraries once. For every piece of work it forks a keeper,
which forks the child, kills it at the deadline or as soon as whoever asked has gone, and reports
how it ended. `multiprocessing`'s own server runs the caller's main module again in every child
and leaves a hanging child behind when the caller is killed.
"""

import atexit
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from config.settings import inherited
from tasks.models.keeper import Ended, Limits, Order, receive, send

_PRELOAD = ("tasks.models.child", "sklearn.ensemble", "sklearn.linear_model", "skops.io")
ASKING = ("tasks.models.attribution", "tasks.models.elsewhere", "skops.io")
"""What a server is to import that models are only asked by."""

_PATIENCE_SECONDS = 120  # to start the server on a loaded machine, and to report


@dataclass(frozen=True)
class _Server:
    process: "subprocess.Popen[bytes]"
    control: socket.socket

    def alive(self) -> bool:
        return self.process.poll() is None

    def ends_within(self, seconds: float) -> bool:
        """A process that was just killed closes its sockets a moment before it is gone."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        self.control.close()
        self.process.wait()


_lock = threading.Lock()
_servers: list[_Server] = []


def run(work: Callable[[bytes], bytes], payload: bytes, limits: Limits, log: Path) -> Ended:
    """Run `work(payload)` in a child process within its limits; how it ended, never an exception.

    `work` is a function at the top of a module. What it prints goes to the file `log`. Safe to
    call from several threads at once.
    """
    order = Order(work.__module__, work.__qualname__, tuple(sys.path), limits, str(log))
    for _ in range(2):
        server = _running()
        ended = _ended(server, order, payload)
        if ended is not None:
            return ended
        if not server.ends_within(seconds=1):
            break  # the keeper alone was killed: the work is to blame
    return Ended(result=None, code=-9, timed_out=False, seconds=0, cpu_seconds=0, peak_mb=0)


def prepare(preload: tuple[str, ...] = _PRELOAD) -> None:
    """Start the server if none runs, without waiting for it: whoever asks later waits less."""
    _running(preload)


def _ended(server: _Server, order: Order, payload: bytes) -> Ended | None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(order.limits.seconds + _PATIENCE_SECONDS)
        with theirs:
            try:
                socket.send_fds(server.control, [b"1"], [theirs.fileno()])
            except OSError:
                return None
        try:
            send(ours, json.dumps(asdict(order)).encode())
            send(ours, payload)
            told, result = receive(ours), receive(ours)
        except OSError:
            return None
    if told is None:
        return None
    return Ended(**{**json.loads(told), "result": result or None})


def _running(preload: tuple[str, ...] = _PRELOAD) -> _Server:
    with _lock:
        while _servers and not _servers[-1].alive():
            _servers.pop().stop()
        if not _servers:
            _servers.append(_started(preload))
        return _servers[-1]


def _started(preload: tuple[str, ...]) -> _Server:
    ours, theirs = socket.socketpair()
    with theirs:
        start = (
            f"import os, sys; sys.path[:] = {sys.path!r}; from tasks.models.keeper import serve; "
            # Its libraries would take longer to be cleared away than a child to answer.
            f"serve({theirs.fileno()}, {preload!r}); os._exit(0)"
        )
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-c", start],
            pass_fds=[theirs.fileno()],
            # Arrow's own allocator takes a gigabyte of address space, used or not, as soon as rows
            # are read: out of a candidate's budget.
            env={**inherited(), "ARROW_DEFAULT_MEMORY_POOL": "system"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to handle: we leave, and the children follow
        )
    server = _Server(process, ours)
    atexit.register(server.stop)
    return server
