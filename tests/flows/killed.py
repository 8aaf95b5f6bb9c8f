"""A retrain in a process of its own, which kills itself at a chosen point, or at no point."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from importlib import import_module
from typing import Any

from prefect.client.orchestration import get_client

from tests.shop import NAME

POINTS = {
    "inside the registration": ("tasks.registry.storing", "version_of"),
    "after the registration": ("tasks.ledger.deciding", "decide"),
}
"""Where to die: in place of a function, by its module and name."""


def deadly(function: Callable[..., Any]) -> Callable[..., Any]:
    """In place of a function: nothing more, not even clearing up."""

    @wraps(function)
    def dies(*_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    return dies


def main(point: str, pipeline: str, as_of: str, reason: str, cause: str = "") -> None:
    """Arm the point before the tasks are declared, then retrain; the process ends with it."""
    if point in POINTS:
        name, function = POINTS[point]
        module = import_module(name)
        setattr(module, function, deadly(getattr(module, function)))
    from flows.retrain import retrain  # only now: the tasks take what is armed

    retrain(pipeline, datetime.fromisoformat(as_of), reason, cause)
    os._exit(0)  # what was only queued is lost


def elsewhere(
    point: str, as_of: datetime, reason: str, cause: str = ""
) -> "subprocess.Popen[bytes]":
    """Retrain in a process of its own, with the Prefect server of this one."""
    with get_client(sync_client=True) as client:
        address = str(client.api_url)  # a server of its own would outlive the killed process
    start = ["env", f"PREFECT_API_URL={address}", sys.executable, "-m", "tests.flows.killed"]
    return subprocess.Popen(
        [*start, point, NAME, as_of.isoformat(), reason, cause],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
