"""Children are kept alive, asked before they are killed, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from infra.child import Child, ChildError, Health, Patience, Program
from infra.guardian import lives
from infra.interrupts import Interrupts
from infra.ports import free
from infra.supervisor import Supervisor

SLEEPS = "import time; time.sleep(600)"

SAYS_GOODBYE = """\
import sys, time
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    with open(sys.argv[1], "a") as told:
        told.write(sys.argv[2] + " ")
"""

STUBBORN = """\
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""

HAS_A_CHILD = f"""\
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {SLEEPS!r}], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""

SAYS_GOODBYE_TO_SIGTERM = f"""\
import signal
signal.signal(signal.SIGTERM, signal.default_int_handler)
{SAYS_GOODBYE}"""

WORKS = f"""\
import subprocess, sys
run = [sys.executable, "-c", sys.argv[3], sys.argv[1], "run"]
child = subprocess.Popen(run, start_new_session=True, stdout=subprocess.PIPE)
child.stdout.readline()
{SAYS_GOODBYE}"""

SUPERVISES = """\
import sys, time
from pathlib import Path
from infra.child import Program
from infra.supervisor import Supervisor
with Supervisor(Path(sys.argv[1])) as supervisor:
    supervisor.start(Program("parent", (sys.executable, "-c", sys.argv[2]), {}))
    time.sleep(600)
"""

QUICKLY = Patience(pause_seconds=0.01, longest_pause_seconds=0.02, deaths=3, grace_seconds=20)


@pytest.fixture
def told() -> list[str]:
    """What the supervisor has told a person."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[str]) -> Iterator[Supervisor]:
    """One whose children log into a folder of the test's own."""
    with Supervisor(tmp_path / "logs", told.append) as supervisor:
        yield supervisor


def program(name: str, source: str, *arguments: str) -> Program:
    """A Python program without anything that Python looks for when it starts."""
    command = (sys.executable, "-I", "-S", "-c", source, *arguments)
    return Program(name, command, environment={}, patience=QUICKLY)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.02)


def said(child: Child) -> str:
    """What a child has printed, once it has."""
    eventually(lambda: child.log.exists() and bool(child.log.read_text()))
    return child.log.read_text()


def looked(supervisor: Supervisor, holds: Callable[[], bool]) -> None:
    """Look at the children until something holds."""

    def look() -> bool:
        supervisor.look()
        return holds()

    eventually(look)


def test_a_killed_child_is_started_again(supervisor: Supervisor, told: list[str]) -> None:
    """A child that was well and is killed is running again soon, and a person is told."""
    child = supervisor.start(program("sleeper", SLEEPS))
    looked(supervisor, lambda: child.healthy)
    before = child.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    looked(supervisor, lambda: child.healthy and child.pid != before)
    assert child.starts == 2
    assert "sleeper ended with code -9: starting it again" in told[0]


def test_a_child_that_cannot_start_says_why(supervisor: Supervisor, deaf: int) -> None:
    """What was never well is given up at its second death, with its name and its last words."""
    broken = program("broken", "raise SystemExit('no such database')")
    child = supervisor.start(replace(broken, health=Health("127.0.0.1", deaf, "/")))
    with pytest.raises(ChildError) as error:
        supervisor.wait_until_healthy()
    assert child.starts == 2
    assert "broken ended with code 1, 2 times in a row" in str(error.value)
    assert str(error.value).endswith("no such database")


def test_a_child_that_dies_again_and_again_is_given_up(supervisor: Supervisor) -> None:
    """What was well is started again more often, and not for ever."""
    child = supervisor.start(program("weary", "import time; time.sleep(0.5)"))
    with pytest.raises(ChildError, match="weary ended with code 0, 3 times in a row"):
        looked(supervisor, lambda: False)
    assert child.starts == QUICKLY.deaths


def test_a_child_that_never_answers_is_given_up(supervisor: Supervisor, deaf: int) -> None:
    """A child that lives and is not healthy in time is killed, and counts as dead."""
    patience = replace(QUICKLY, start_seconds=0.1)
    health = Health("127.0.0.1", deaf, "/")
    supervisor.start(replace(program("mute", SLEEPS), health=health, patience=patience))
    with pytest.raises(ChildError, match="mute did not answer within 0 s, 2 times in a row"):
        supervisor.wait_until_healthy()


def test_a_child_gone_deaf_is_started_again(
    supervisor: Supervisor, told: list[str], tmp_path: Path
) -> None:
    """A server that was well and no longer answers is killed and started again."""
    port = free()
    (tmp_path / "well").touch()
    serve = ("-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(tmp_path))
    patience = replace(QUICKLY, deaf_seconds=0.2, well_seconds=0.05)
    health = Health("127.0.0.1", port, "/well")
    server = Program("server", (sys.executable, *serve), {}, health, patience)
    child = supervisor.start(server)
    supervisor.wait_until_healthy()
    (tmp_path / "well").unlink()
    looked(supervisor, lambda: child.starts == 2)
    (tmp_path / "well").touch()
    supervisor.wait_until_healthy()
    assert "server has not answered" in told[0]


def test_children_are_asked_in_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    """What was started last is interrupted first, and each may finish what it does."""
    goodbyes = tmp_path / "goodbyes"
    for name in ("first", "second"):
        said(supervisor.start(program(name, SAYS_GOODBYE, str(goodbyes), name)))
    supervisor.stop()
    assert goodbyes.read_text() == "second first "


def test_a_child_is_interrupted_whatever_our_shell_ignores(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """Started from a background job, whose interrupts are ignored, it still hears its own."""
    goodbyes = tmp_path / "goodbyes"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        said(supervisor.start(program("child", SAYS_GOODBYE, str(goodbyes), "child")))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    supervisor.stop()
    assert goodbyes.read_text() == "child "


def test_a_stubborn_child_is_killed_after_its_grace(supervisor: Supervisor) -> None:
    """A child that does not end when asked is killed when its seconds are over."""
    patience = replace(QUICKLY, grace_seconds=0.3)
    said(supervisor.start(replace(program("stubborn", STUBBORN), patience=patience)))
    before = time.monotonic()
    supervisor.stop()
    assert 0.3 <= time.monotonic() - before < QUICKLY.grace_seconds


def test_a_second_interrupt_kills_at_once(supervisor: Supervisor) -> None:
    """In a hurry nobody's seconds of grace are waited for."""
    said(supervisor.start(program("stubborn", STUBBORN)))
    before = time.monotonic()
    supervisor.hurry()
    supervisor.stop()
    assert time.monotonic() - before < QUICKLY.grace_seconds / 2


@pytest.mark.parametrize("leaves_work", [False, True])
def test_what_a_dead_child_left(supervisor: Supervisor, leaves_work: bool) -> None:
    """A server's remains end before it is started again, a worker's runs go on until the end."""
    child = supervisor.start(replace(program("parent", HAS_A_CHILD), leaves_work=leaves_work))
    left = psutil.Process(int(said(child)))
    before = child.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    looked(supervisor, lambda: child.starts == 2)
    assert lives(left) == leaves_work
    supervisor.stop()
    assert not lives(left)


def test_a_workers_runs_are_asked_first(supervisor: Supervisor, tmp_path: Path) -> None:
    """What it has started may report that it was aborted while the worker still lives."""
    goodbyes = tmp_path / "goodbyes"
    parent = program("worker", WORKS, str(goodbyes), "worker", SAYS_GOODBYE_TO_SIGTERM)
    said(supervisor.start(replace(parent, leaves_work=True)))
    supervisor.stop()
    assert goodbyes.read_text() == "run worker "


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    """Children in sessions of their own end when the supervising process is killed with SIGKILL."""
    command = [sys.executable, "-c", SUPERVISES, str(tmp_path), HAS_A_CHILD]
    with subprocess.Popen(command) as supervising:
        log = tmp_path / "parent.log"
        eventually(lambda: log.exists() and log.read_text().endswith("\n"))
        started = psutil.Process(supervising.pid).children(recursive=True)
        assert int(log.read_text()) in [each.pid for each in started]
        supervising.kill()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive


def test_only_the_first_interrupt_raises() -> None:
    """The second asks for hurry, so that it does not break off the cleaning up."""
    hurried: list[bool] = []
    with Interrupts(lambda: hurried.append(True)):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert hurried == []
        signal.raise_signal(signal.SIGINT)
        assert hurried == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_log_begins_again_when_it_is_long(supervisor: Supervisor, tmp_path: Path) -> None:
    """Ten megabytes are put aside at the next start, and nobody else may read the log."""
    log = tmp_path / "logs" / "sleeper.log"
    log.parent.mkdir()
    log.write_bytes(b"." * 10_000_001)
    supervisor.start(program("sleeper", SLEEPS))
    assert log.stat().st_size == 0
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.with_suffix(".log.1").exists()


def test_a_programs_secrets_are_not_shown() -> None:
    """An environment does not get into a message by way of `repr`."""
    assert "secret" not in repr(Program("name", ("command",), {"KEY": "secret"}))
