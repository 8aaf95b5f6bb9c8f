"""`ratchet backfill --on server`: submitted, followed until it ends, and left alone by Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TRAINED
from tests.e2e.servers import Site, site, until
from tests.installation import Installation
from tests.servers.prefect import prefect_server
from tests.shop import NAME, day

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIRST, LAST = day(TRAINED + 1), day(TRAINED + 2)


@pytest.fixture
def deployed(trained: Installation) -> Iterator[Site]:
    """A shop with two nights to play, on a server with a worker."""
    trained.deliver(TRAINED, TRAINED + 1)
    with prefect_server(trained.settings, worker=True) as server:
        found = site(server, trained.home)
        found.deploy()
        yield found


def started(site: Site, *words: str) -> "subprocess.Popen[str]":
    """The command, in a process of its own."""
    environment = {
        **os.environ,
        "RATCHET_HOME": str(site.settings.home),
        "RATCHET_PIPELINES": str(site.settings.pipelines),
        "PREFECT_API_URL": site.server.api,
    }
    ratchet = [sys.executable, "-c", "from deployments.cli import main; main()"]
    nights = ["--from", FIRST.isoformat(), "--to", LAST.isoformat(), "--on", "server"]
    return subprocess.Popen(
        [*ratchet, "backfill", NAME, *nights, *words],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_is_followed_or_left_alone(deployed: Site, trained: Installation) -> None:
    """Ctrl-C stops looking and nothing else; who stays is told every night, and how it ended."""
    looking = started(deployed)
    assert looking.stderr is not None
    address = looking.stderr.readline().split()[-1]
    looking.send_signal(signal.SIGINT)
    _, aside = looking.communicate(timeout=60)
    assert looking.returncode == 130
    assert f"not followed any more; the run goes on: {address}" in aside
    (run,) = deployed.runs(f"backfill/{NAME}")
    assert address == f"{deployed.server.addresses.prefect}/runs/flow-run/{run['id']}"
    until(lambda: deployed.runs(f"backfill/{NAME}", name=["Completed"]), 240)
    assert len(trained.answers()) == 140

    words = ("--steps", "ingest,score,watch", "--workers", "2", "--order", "newest")
    told, aside = started(deployed, *words).communicate(timeout=300)
    assert "Completed" in aside
    assert "night of 2024-01-21: score: done before" in aside
    assert "2 nights played" in told


def test_json(deployed: Site) -> None:
    """With --json standard output is one document, with the address of the run."""
    command = started(deployed, "--json")
    told, _ = command.communicate(timeout=300)
    assert command.returncode == 0
    document = json.loads(told)
    assert document["state"] == "COMPLETED"
    assert [night["predictions"] for night in document["nights"]] == [70, 70]
