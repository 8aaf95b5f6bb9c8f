"""A retrain that kills itself at a chosen point: run as a process of its own."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from importlib import import_module
from typing import Any

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


def main(point: str, pipeline: str, as_of: str, reason: str) -> None:
    """Arm the point before the tasks are declared, then retrain."""
    name, function = POINTS[point]
    module = import_module(name)
    setattr(module, function, deadly(getattr(module, function)))
    from flows.retrain import retrain  # only now: the tasks take what is armed

    retrain(pipeline, datetime.fromisoformat(as_of), reason)


if __name__ == "__main__":
    main(*sys.argv[1:])
