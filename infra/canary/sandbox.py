"""A home that is thrown away, and a process that knows of no other."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from infra.guardian import MARK, sweep

_THEIRS = ("RATCHET_", "PREFECT_", "MLFLOW_", "AWS_")
"""What begins like this points at somebody's real installation."""

_LAST_WORDS = 2000


class SandboxError(Exception):
    """The process ended without a result; the end of what it said."""


def played(command: Sequence[str], given: Mapping[str, str], quiet: bool = False) -> str:
    """Run a module, and its arguments, in a home of its own; what it printed.

    `given` is the caller's environment, of which nothing is passed on that names an installation.
    What the module writes to standard error is shown, or kept back when `quiet`. Raises
    `SandboxError` when it does not end well. However this ends, neither the home nor a process is
    left behind; of a caller that is killed, no process.
    """
    ours = {name: value for name, value in given.items() if not name.startswith(_THEIRS)}
    with (
        tempfile.TemporaryDirectory(prefix="ratchet-canary-", ignore_cleanup_errors=True) as home,
        tempfile.TemporaryFile("w+") as said,
        _guarded(ours) as mark,
        subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-P", "-m", *command],
            env={**ours, **_environment(Path(home)), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said if quiet else None,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to handle, and ends all of it at once
        ) as process,
    ):
        try:
            told, _ = process.communicate()
        finally:
            process.kill()  # the home goes too: there is nothing to be finished
        if process.returncode:
            said.seek(0)
            last = said.read()[-_LAST_WORDS:].strip()
            raise SandboxError(f"{command[0]} ended with exit code {process.returncode}. {last}")
    return told


def _environment(home: Path) -> dict[str, str]:
    temporary = home / "tmp"
    temporary.mkdir()
    return {
        "RATCHET_HOME": str(home),
        "RATCHET_PIPELINES": str(home / "pipelines"),
        "TMPDIR": str(temporary),
    }


@contextmanager
def _guarded(environment: Mapping[str, str]) -> Iterator[str]:
    """A mark for a process: what bears it is gone after the block, and after our own death."""
    mark = f"canary-{uuid4().hex}"
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, "-P", "-m", "infra.guardian", mark],
        env=dict(environment),
        stdin=subprocess.PIPE,
        start_new_session=True,
    ) as guardian:
        try:
            yield mark
        finally:
            sweep(mark)
            guardian.kill()
