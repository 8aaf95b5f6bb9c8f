"""Whether a port can be listened on, and who has it."""

import errno
import socket

import psutil


def trouble(host: str, port: int) -> str:
    """Why nothing can listen there; empty when it can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return f"cannot listen on {host} port {port}: {error.strerror or error}"
        return f"port {port} of {host} is in use{_by(port)}"
    return ""


def free() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def _by(port: int) -> str:
    """Not every system tells whose a connection is, and none tells of other users'."""
    try:
        listening = {
            each.pid
            for each in psutil.net_connections("inet")
            if each.laddr and each.laddr.port == port and each.status == psutil.CONN_LISTEN
        }
        named = [f"{psutil.Process(pid).name()}, process {pid}" for pid in listening if pid]
    except psutil.Error:
        return ""
    return f" by {' and '.join(named)}" if named else ""
