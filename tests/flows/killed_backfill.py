"""A backfill in a process of its own, which is killed after a while, whatever it is doing."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from typing import Any

from prefect.client.orchestration import get_client

from tests.shop import NAME


def main(seconds: str, first: str, last: str, order: str, workers: str, *steps: str) -> None:
    """Play the nights; the process ends with them, or `seconds` after they have begun."""
    from flows.backfill import backfill
    from tasks import revisit  # everything heavy is loaded: from now on it is work
    from tasks.nights import intake

    intake._WORTH = 1  # a few deliveries, and yet judged by processes beside this one
    assert revisit.Grid is not None
    threading.Thread(target=_killed, args=(float(seconds),), daemon=True).start()
    nights = date.fromisoformat(first), date.fromisoformat(last)
    chosen: Any = {"steps": steps, "order": order, "workers": int(workers)}  # checked there
    backfill(*nights, pipeline=NAME, **chosen)
    os._exit(0)


def _killed(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def elsewhere(
    seconds: float, nights: tuple[date, date], order: str, workers: int, steps: tuple[str, ...]
) -> "subprocess.Popen[bytes]":
    """The backfill in a process of its own, with the Prefect server of this one."""
    with get_client(sync_client=True) as client:
        address = str(client.api_url)  # a server of its own would outlive the killed process
    start = [
        "env",
        f"PREFECT_API_URL={address}",
        sys.executable,
        "-m",
        "tests.flows.killed_backfill",
    ]
    first, last = (each.isoformat() for each in nights)
    return subprocess.Popen(
        [*start, str(seconds), first, last, order, str(workers), *steps],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
