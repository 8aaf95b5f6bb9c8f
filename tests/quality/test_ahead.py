"""Deliveries judged by processes beside this one: the same verdicts, and nobody left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tasks.errors import Terminal
from tasks.quality.admission import Desk
from tasks.quality.ahead import Verdict, ahead
from tasks.quality.checker import Checker
from tasks.records import Delivery
from tests.leaks import has_ended
from tests.quality.orders import LATER, deliver, rows, written

DAYS = [f"2013-02-{number}" for number in range(10, 15)]


def deliveries(shop: Desk) -> list[Delivery]:
    """Days of which one is empty and one has a row to hold."""
    days = [deliver(shop, written(rows(day)), f"{day}.csv", LATER) for day in DAYS]
    days[1] = deliver(shop, b"", f"{DAYS[1]}.csv", LATER)
    held = written(rows(DAYS[2], changed={3: {"quantity": "-1"}}))
    days[2] = deliver(shop, held, f"{DAYS[2]}.csv")
    return days


@contextmanager
def judging(shop: Desk, *arrived: Delivery) -> Iterator[Verdict]:
    with ahead(shop.judge, arrived, 2) as verdict:
        yield verdict


def test_verdicts_are_those_of_this_process(shop: Desk) -> None:
    """Held rows, refusals and pages included; whatever is asked out of turn too."""
    arrived = deliveries(shop)
    here = [shop.judge.judged(each) for each in arrived]
    with judging(shop, *arrived) as verdict:
        there = [verdict(each) for each in (arrived[0], *arrived[2:], arrived[1], arrived[0])]
    expected = [here[0], *here[2:], here[1], here[0]]
    for ours, theirs in zip(expected, there, strict=True):
        assert (ours.refusal, ours.held, ours.warnings, bool(ours.page)) == (
            theirs.refusal,
            theirs.held,
            theirs.warnings,
            bool(theirs.page),
        )
        assert (ours.kept is None) == (theirs.kept is None)
        assert ours.kept is None or ours.kept.equals(theirs.kept)
    assert [bool(each.refusal) for each in here] == [False, True, False, False, False]
    assert here[2].held


@pytest.mark.slow
def test_a_process_that_dies_fails_its_delivery_alone(shop: Desk) -> None:
    """The error names it; the next one is judged by another process."""
    arrived = deliveries(shop)
    checker = Checker(shop.judge)
    try:
        assert checker.judged(arrived[0]).refusal is None
        (child,) = (p for p in psutil.Process().children() if "quality.checker" in str(p.cmdline()))
        child.kill()
        with pytest.raises(Terminal, match=r"2013-02-10.csv: the process that judged it died"):
            checker.judged(arrived[0])
        assert not checker.alive
    finally:
        checker.close()
    with judging(shop, arrived[0]) as verdict:
        assert verdict(arrived[0]).refusal is None


ORPHAN = """
import sys
from pathlib import Path
from tasks.quality.checker import Checker
from tests.quality.orders import desk
checker = Checker(desk(Path(sys.argv[1])).judge)
print(checker._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_nobody_is_left_when_whoever_asked_is_killed(home: Path) -> None:
    """Its pipe is closed, and it goes."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    checker = int(parent.stdout.readline())
    assert psutil.pid_exists(checker)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 60
    while not has_ended(checker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert has_ended(checker)
