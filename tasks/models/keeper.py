"""The fork server's side: one keeper for every child, and the child's first steps."""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

_LENGTH_BYTES = 8
_LOOK_SECONDS = 0.02
_MB = 1024 * 1024
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Limits:
    """Wall-clock seconds, and megabytes on top of what the libraries take."""

    seconds: float
    memory_mb: int


@dataclass(frozen=True)
class Order:
    """What a keeper is asked to run: a function of bytes, by module and name."""

    module: str
    function: str
    path: tuple[str, ...]
    limits: Limits
    log: str


@dataclass(frozen=True)
class Ended:
    """How a child ended: `code` as in `subprocess`, negative for a signal; `peak_mb` resident."""

    result: bytes | None
    code: int
    timed_out: bool
    seconds: float
    cpu_seconds: float
    peak_mb: float


def send(connection: socket.socket, message: bytes) -> None:
    """Write one message, its length first."""
    connection.sendall(len(message).to_bytes(_LENGTH_BYTES, "big") + message)


def receive(connection: socket.socket) -> bytes | None:
    """Read one message; none if the other side has gone before its end."""
    length = _exactly(connection, _LENGTH_BYTES)
    return None if length is None else _exactly(connection, int.from_bytes(length, "big"))


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), _MB))
        if not part:
            return None
        parts += part
    return bytes(parts)


def serve(control_descriptor: int, preload: tuple[str, ...]) -> None:
    """Import what children will need, then fork a keeper for every connection that is passed on.

    Returns when the other end of the control socket is closed, by will or by death.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are nobody's to wait for
    gc.disable()  # nothing of it is garbage
    for module in preload:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    with socket.socket(fileno=control_descriptor) as control:
        while True:
            _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not descriptors:
                return
            if os.fork() == 0:
                control.close()
                _never_return(descriptors[0])
            os.close(descriptors[0])


def _never_return(descriptor: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        with socket.socket(fileno=descriptor) as connection:
            _keep(connection)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _keep(connection: socket.socket) -> None:
    told, payload = receive(connection), receive(connection)
    if told is None or payload is None:
        return
    fields = json.loads(told)
    order = Order(**{**fields, "limits": Limits(**fields["limits"])})
    with tempfile.TemporaryFile() as result:
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            connection.close()
            _work(order, payload, result)
        ended = _watched(child, connection, started, order.limits.seconds)
        if ended is not None:
            result.seek(0)
            _report(connection, replace(ended, result=result.read() or None))


def _report(connection: socket.socket, ended: Ended) -> None:
    told = {name: value for name, value in asdict(ended).items() if name != "result"}
    send(connection, json.dumps(told).encode())
    send(connection, ended.result or b"")


def _watched(child: int, connection: socket.socket, started: float, seconds: float) -> Ended | None:
    timed_out = False
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid == child:
            break
        abandoned = bool(select.select([connection], [], [], _LOOK_SECONDS)[0])
        timed_out = time.monotonic() - started > seconds
        if timed_out or abandoned:
            _kill(child)
            _, status, usage = os.wait4(child, 0)
            if abandoned:
                return None
            break
    took = time.monotonic() - started
    _kill_group(child)  # whatever it has started itself
    return Ended(
        result=None,
        code=os.waitstatus_to_exitcode(status),
        timed_out=timed_out,
        seconds=took,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=peak_mb(usage),
    )


def peak_mb(usage: resource.struct_rusage) -> float:
    """The most memory that a process has had resident, in megabytes."""
    return usage.ru_maxrss * _RSS_UNIT / _MB


def _kill(child: int) -> None:
    _kill_group(child)
    os.kill(child, signal.SIGKILL)  # not reaped yet, so the id is still its own


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _work(order: Order, payload: bytes, result: IO[bytes]) -> None:
    code = 1
    try:
        os.setsid()
        sys.path[:] = order.path
        _print_to(Path(order.log))
        _limit_memory(order.limits.memory_mb)
        function: Any = getattr(importlib.import_module(order.module), order.function)
        result.write(function(payload))
        result.flush()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _print_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _limit_memory(memory_mb: int) -> None:
    """Limit the address space; macOS accepts the limit and does not keep it."""
    mapped = Path("/proc/self/statm")
    if not mapped.exists():
        return
    pages = int(mapped.read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = pages * resource.getpagesize() + memory_mb * _MB
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def lift_memory_limit() -> None:
    """Let a child that has run out of memory at least tell so."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
