"""An HTTP proxy that lets requests through until it is told not to: faults by rule and count."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler
from typing import Literal
from urllib.parse import urlsplit

from tests.servers.loopback import listening

Kind = Literal[
    "500",
    "503",
    "slow",
    "stall",
    "cut",
    "cut without length",
    "flipped",
    "reset",
    "412",
    "expired",
    "denied",
    "401",
]

_ANSWERS: dict[str, tuple[int, str]] = {
    "500": (500, "InternalError"),
    "503": (503, "SlowDown"),
    "412": (412, "PreconditionFailed"),
    "expired": (400, "ExpiredToken"),
    "denied": (403, "AccessDenied"),
    "401": (401, "Unauthorized"),
}
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"}


@dataclass
class Fault:
    """What goes wrong with the next `count` requests of a method whose path holds a text."""

    kind: Kind
    count: int = 1
    method: str = "GET"
    path: str = ""
    seconds: float = 3
    """How long `slow` keeps silent before it answers, and `stall` amid its answer."""

    def takes(self, method: str, path: str) -> bool:
        return self.count > 0 and method == self.method and self.path in path


@dataclass
class Proxy:
    """A running proxy: what passed through it, and what is to go wrong."""

    target: str
    url: str = ""
    requests: list[str] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, *faults: Fault) -> None:
        """Let these be the faults from now on; none: let everything through."""
        with self._lock:
            self._faults = list(faults)

    def count(self, method: str, path: str = "") -> int:
        """How many requests of a method there were whose path holds a text."""
        return sum(each.startswith(method) and path in each for each in self.requests)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The fault of this request, which counts as one of its number."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            for fault in self._faults:
                if fault.takes(method, path):
                    fault.count -= 1
                    return fault
        return None


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """A proxy on a free port of loopback in front of an HTTP server; it ends with the context."""
    made = Proxy(target)

    class Handler(_Handler):
        through = made

    with listening(Handler) as made.url:
        yield made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    through: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.through.next_fault(self.command, self.path)
        if fault is None:
            self._forward(body, None)
        elif fault.kind in _ANSWERS:
            self._refuse(*_ANSWERS[fault.kind])
        elif fault.kind == "reset":
            self._reset()
        else:
            self._forward(body, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815

    def _forward(self, body: bytes, fault: Fault | None) -> None:
        connection = HTTPConnection(urlsplit(self.through.target).netloc)
        try:
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        if fault and fault.kind == "flipped":
            content = bytes([content[0] ^ 1]) + content[1:]
        self._answer(response, content, fault)

    def _answer(self, response: HTTPResponse, content: bytes, fault: Fault | None) -> None:
        is_cut = fault is not None and fault.kind.startswith("cut")
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("Content-Length", response.getheader("Content-Length") or "0")
        elif fault is None or fault.kind != "cut without length":
            self.send_header("Content-Length", str(len(content)))
        if is_cut:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        half = len(content) // 2
        self.wfile.write(content[:half])
        if fault and fault.kind == "stall":
            time.sleep(fault.seconds)
        if not is_cut:
            self.wfile.write(content[half:])

    def _refuse(self, status: int, code: str) -> None:
        content = f"<Error><Code>{code}</Code><Message>as ordered</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """Close without a word; with no time to linger that is a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what passed is in `Proxy.requests`."""

    def handle(self) -> None:
        """One connection's requests; a client that has gone away is none of our faults."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        """The end of a connection, also of one that is closed already."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True
