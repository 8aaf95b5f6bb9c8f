"""Runs that die at a chosen write: in this process by an exception, in one of their own by -9.

A moment is just before or just after something that lasts: a commit of the ledger, a commit of a
table, a call that changes MLflow. After its death a process writes nothing more, whatever its
clearing up would like to.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from deltalake import write_deltalake
from mlflow.tracking import MlflowClient
from sqlalchemy import Connection

from tasks.data import lake
from tasks.ledger.database import Database

MLFLOW = (
    "create_run",
    "log_batch",
    "log_model_artifacts",
    "finalize_logged_model",
    "create_model_version",
    "set_terminated",
    "set_registered_model_alias",
    "log_text",
)
"""What of MLflow's client changes something that the loop builds on."""


class PowerCut(BaseException):
    """The process is gone."""


@dataclass
class Countdown:
    """How many moments are left to live; `die` is what happens then."""

    left: int
    die: Callable[[], None]
    at: str = ""
    """Where death came; empty while alive."""
    _lock: Lock = field(default_factory=Lock)

    def moment(self, where: str) -> None:
        """One more; the dead do nothing any more."""
        with self._lock:
            self.left -= 1
            if self.left < 0:
                self.at = self.at or where
                self.die()


def power_cut() -> None:
    """Die in this process."""
    raise PowerCut


def sigkill() -> None:
    """Die for good, without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def mortal(countdown: Countdown) -> Iterator[None]:
    """Count the moments of whatever is done meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "writing", _committing(Database.writing, countdown))
        patch.setattr(lake, "write_deltalake", _watched(write_deltalake, countdown))
        for name in MLFLOW:
            patch.setattr(MlflowClient, name, _watched(getattr(MlflowClient, name), countdown))
        yield


def story(name: str) -> Callable[..., Any]:
    """A flow by its name."""
    flow: Callable[..., Any] = getattr(import_module(f"flows.{name}"), name)
    return flow


def dies(name: str, parameters: Mapping[str, Any], moments: int) -> str:
    """Run a flow that dies after so many moments; where it did, empty if it ended before."""
    countdown = Countdown(moments, power_cut)
    with mortal(countdown):
        try:
            story(name)(**parameters)
        except KeyboardInterrupt:
            raise
        except BaseException:
            if not countdown.at:
                raise
    return countdown.at


def killed(name: str, parameters: Mapping[str, Any], moments: int, scratch: Path) -> bool:
    """The same in a process of its own, killed with -9; whether it was, or ended before.

    It uses the Prefect server of this process: one of its own would outlive it.
    """
    from prefect.client.orchestration import get_client

    scratch.mkdir(exist_ok=True)
    with get_client(sync_client=True) as client:
        places = [f"PREFECT_API_URL={client.api_url}", f"TMPDIR={scratch}"]
    command = ["env", *places, sys.executable, "-m", "tests.stateful.dying", name, str(moments)]
    ended = subprocess.run(
        [*command, json.dumps(parameters, default=str)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()[-3000:]
    return ended.returncode != 0


def _watched(function: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    name = function.__name__

    @wraps(function)
    def watched(*arguments: Any, **named: Any) -> Any:
        countdown.moment(f"before {name}")
        result = function(*arguments, **named)
        countdown.moment(f"after {name}")
        return result

    return watched


def _committing(function: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    @contextmanager
    def writing(self: Database) -> Iterator[Connection]:
        with function(self) as connection:
            yield connection
            countdown.moment("before a commit of the ledger")
        countdown.moment("after a commit of the ledger")

    return writing


def main(name: str, moments: str, parameters: str) -> None:
    """Arm this process, run the flow, and end at once if it lived to see its end."""
    with mortal(Countdown(int(moments), sigkill)):
        story(name)(**json.loads(parameters))
        os._exit(0)  # what was only queued is lost


if __name__ == "__main__":
    main(*sys.argv[1:])
