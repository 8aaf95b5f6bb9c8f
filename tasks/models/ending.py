"""Why a child came to nothing, in words."""

import signal
from pathlib import Path


def cause(code: int, log: Path) -> str:
    """What a child died of, by its exit code, with the last line that it printed."""
    last = last_line(log)
    return f"died of {_named(code)}{f': {last}' if last else ''}"


def last_line(log: Path) -> str:
    """The last line of a child's output; empty without one."""
    if not log.exists():
        return ""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _named(code: int) -> str:
    if code >= 0:
        return f"exit code {code} without a result"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
