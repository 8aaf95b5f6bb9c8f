"""A backtest in a process of its own, which is killed on a night: `python -m tests.backtest.ending
HOME NIGHT`."""

import os
import signal
import sys
from pathlib import Path

from tasks import arena
from tasks.backtest.arms import Arm, Period, references
from tasks.backtest.live import lived
from tasks.stores import Stores
from tests.conftest import LATE, TRAINED
from tests.installation import Installation
from tests.places import settings_of
from tests.shop import day

PERIOD = Period(day(TRAINED), day(LATE))


def arms(stores: Stores) -> list[Arm]:
    """As shipped, and the references."""
    return [Arm("as shipped", stores.definition), *references(stores.definition)]


def main(home: str, point: str) -> None:
    """Live until so many nights are done, or until an attempt has registered its second model."""
    stores = Installation(settings_of(Path(home))).stores
    proved = arena.proved
    if point == "registered":
        deadly = lambda *given: proved(*given) if given[2].number == 1 else _dies()  # noqa: E731
        setattr(arena, "proved", deadly)  # noqa: B010 - in place of the function
    lived(stores, arms(stores), PERIOD, lambda done: _dies() if str(done) == point else None)


def _dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
