"""Finds processes by the mark in their environment and ends them; alone, when its parent is gone.

A process group or a session would not do: Prefect's worker gives every run a session of its own,
and Linux tells a dying parent's children, but not theirs.
"""

import contextlib
import os
import sys
import time

import psutil

MARK = "RATCHET_SUPERVISED"
"""The variable that every descendant inherits."""

_LOOK_SECONDS = 0.05


def marked(mark: str) -> list[psutil.Process]:
    """Living processes whose mark is `mark`, or begins with it when it ends with a slash."""
    return [each for each in psutil.process_iter() if _bears(each, mark)]


def topmost(mark: str, below: int | None) -> list[psutil.Process]:
    """Of the marked processes besides `below`: its children, and those whose parent is gone."""
    found = [each for each in marked(mark) if each.pid != below]
    inner = {each.pid for each in found}
    return [each for each in found if _parent(each) not in inner]


def lives(process: psutil.Process) -> bool:
    """Not gone, and not waiting for a parent that takes note of its end."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def sweep(mark: str) -> None:
    """Kill what bears a mark, until nothing does."""
    while found := marked(mark):
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(_LOOK_SECONDS)


def _parent(process: psutil.Process) -> int | None:
    try:
        parent: int = process.ppid()
    except psutil.Error:
        return None
    return parent


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        borne: str = process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return False
    ours = borne.startswith(mark) if mark.endswith("/") else borne == mark
    return ours and lives(process)


if __name__ == "__main__":
    while os.read(0, 1):
        pass
    sweep(sys.argv[1])
