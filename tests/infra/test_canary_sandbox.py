"""The sandbox knows of no other installation, and leaves nothing behind however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.canary.sandbox import SandboxError, played
from tests.infra.sandboxes import living

CALLER = """\
import os, signal, sys
from infra.canary.sandbox import played
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
played(["timeit", "-n1", "-r1", sys.argv[1]], os.environ)
"""

LINGERS = """\
import pathlib, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path({told!r}).touch()
time.sleep(600)
"""


def said(statement: str, environment: dict[str, str] | None = None) -> str:
    """What a statement prints in a sandbox; the last line is that of `timeit`."""
    told = played(["timeit", "-n1", "-r1", statement], {**os.environ, **(environment or {})}, True)
    return told.rsplit("\n", 2)[0]


def test_a_home_of_its_own() -> None:
    """Home, pipelines and temporary files lie in one folder, which is gone afterwards."""
    home, inside, temporary = said(
        "import os, pathlib, tempfile; home = os.environ['RATCHET_HOME']; "
        "pathlib.Path(home, 'left').touch(); "
        "print(home, os.environ['RATCHET_PIPELINES'], tempfile.mkdtemp(), sep='\\n')"
    ).splitlines()
    assert Path(inside).parent == Path(home)
    assert Path(temporary).parent.parent == Path(home)
    assert not Path(home).exists()


def test_nobody_elses_installation() -> None:
    """Nothing that points at a server, a bucket or a database of the caller's is passed on."""
    names = ("RATCHET_LEDGER_URL", "PREFECT_API_URL", "MLFLOW_TRACKING_URI", "AWS_ENDPOINT_URL")
    theirs = dict.fromkeys(names, "http://theirs")
    told = said("import os; print([n for n, v in os.environ.items() if 'theirs' in v])", theirs)
    assert told == "[]"


def test_what_it_said_last() -> None:
    """A module that fails is an error with the end of what it wrote."""
    with pytest.raises(SandboxError, match=r"(?s)timeit ended with exit code 1\..*no such luck"):
        said("raise RuntimeError('no such luck')")


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of a sandbox, which has started another one in it."""
    told = tmp_path / "started"
    (tmp_path / "tmp").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER, LINGERS.format(told=str(told))],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp")},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(living(tmp_path)) == 2
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_in_the_middle(
    number: signal.Signals, caller: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM leave no process and no folder; kill -9 no process."""
    caller.send_signal(number)
    caller.wait(20)
    deadline = time.monotonic() + 10
    while living(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert living(tmp_path) == []
    if number != signal.SIGKILL:
        assert list((tmp_path / "tmp").iterdir()) == []
