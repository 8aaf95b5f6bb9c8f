"""What a backfill costs a partition, however many there are before it; and a year of flights.

Nights are ingested and validated as `ratchet backfill --steps ingest` does, on a Prefect server of
their own. Flights: a night brings three files (schedule, outcomes, weather; `infra.airline`),
checked as shipped. Synthetic: the tests' shop, one file of 70 orders a night. One worker tells
how the cost of a night grows with the nights before; two workers tell how long a year takes. The
night before the first loads the libraries and is not counted.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from benchmarks.command import Command, told
from config.settings import inherited

GOAL_RATIO = 1.2
"""Seconds a night over all nights, by those over the first ten, at most."""
GOAL_SECONDS = 180.0
"""For a year of flights by two workers, at most."""

World = Literal["flights", "synthetic"]
SIZES: Mapping[World, tuple[int, ...]] = {"flights": (10, 100, 365), "synthetic": (10, 100, 1000)}
QUICK: Mapping[World, tuple[int, ...]] = {"flights": (2, 4), "synthetic": (2, 4)}

_BEGINS: Mapping[World, date] = {"flights": date(2013, 1, 2), "synthetic": date(2024, 1, 2)}
_LATEST = 10  # nights whose own cost is told beside the average


@dataclass(frozen=True)
class Times:
    """Seconds since the start at which each night was done, by the clock and of CPU."""

    clock: tuple[float, ...]
    cpu: tuple[float, ...]

    def each(self, nights: int, of_cpu: bool = False) -> float:
        """Seconds a night, over the first so many."""
        return (self.cpu if of_cpu else self.clock)[nights - 1] / nights

    def latest(self, nights: int) -> float:
        """CPU seconds of each of the last few of them: what the next one would cost."""
        few = min(_LATEST, nights)
        before = self.cpu[nights - few - 1] if nights > few else 0.0
        return (self.cpu[nights - 1] - before) / few


@dataclass(frozen=True)
class Report:
    """Nights by one worker in both worlds, and the seconds of the year by two."""

    alone: Mapping[World, Times]
    sizes: Mapping[World, tuple[int, ...]]
    together: float
    together_cpu: float

    def ratio(self, world: World) -> float:
        """What a night of all of them costs, in nights of the first few; of CPU, which nobody
        else's work prolongs."""
        first, *_, last = self.sizes[world]
        return self.alone[world].each(last, of_cpu=True) / self.alone[world].each(
            first, of_cpu=True
        )

    @property
    def meets_goal(self) -> bool:
        flat = all(self.ratio(world) <= GOAL_RATIO for world in self.sizes)
        return flat and self.together < GOAL_SECONDS

    @property
    def table(self) -> str:
        """For people."""
        head = (
            f"{'seconds a night':<20}{'nights':>8}{'clock':>9}{'CPU':>9}{'CPU of the latest':>20}"
        )
        rows = [
            f"{world:<20}{size:>8}{times.each(size):>9.3f}{times.each(size, of_cpu=True):>9.3f}"
            f"{times.latest(size):>20.3f}"
            for world, times in self.alone.items()
            for size in self.sizes[world]
        ]
        ratios = [f"{world}: last over first {self.ratio(world):.2f}" for world in self.sizes]
        nights = self.sizes["flights"][-1]
        year = (
            f"{nights} nights of flights by 2 workers: {self.together:.1f} s, "
            f"{self.together_cpu:.1f} s of CPU"
        )
        return "\n".join([head, *rows, *ratios, year])

    @property
    def line(self) -> str:
        """All in one line of figures."""
        ratios = ", ".join(f"{world} {self.ratio(world):.2f}" for world in self.sizes)
        word = "met" if self.meets_goal else "missed"
        return (
            f"backfill ratios {ratios}; {self.sizes['flights'][-1]} nights by 2 workers "
            f"{self.together:.1f} s; goals {GOAL_RATIO:g} and {GOAL_SECONDS:g} s: {word}"
        )

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {
            "alone": {world: asdict(times) for world, times in self.alone.items()},
            "sizes": dict(self.sizes),
            "ratios": {world: self.ratio(world) for world in self.sizes},
            "together_seconds": self.together,
            "together_cpu_seconds": self.together_cpu,
            "goals": {"ratio": GOAL_RATIO, "seconds": GOAL_SECONDS},
        }


def measured(sizes: Mapping[World, tuple[int, ...]]) -> Report:
    """Deliver both worlds, then play their nights, each in a process and a home of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        alone = {}
        for world in sizes:
            _say(f"deliver {sizes[world][-1]} nights of {world}")
            delivered(world, root / world / "landing", sizes[world][-1])
            _say(f"play them one after another: {world}")
            alone[world] = _elsewhere(root, world, sizes[world][-1], workers=1)
        _say("play the flights by two")
        two = _elsewhere(root, "flights", sizes["flights"][-1], workers=2)
    return Report(alone, sizes, two.clock[-1], two.cpu[-1])


def delivered(world: World, landing: Path, nights: int) -> None:
    """Let everything arrive that so many nights, and the one before them, find."""
    begins = _BEGINS[world]
    last = begins + timedelta(days=nights)
    if world == "flights":
        from infra.airline import Airline

        Airline().deliver(landing, None, datetime(last.year, last.month, last.day, 12, tzinfo=UTC))
        return
    from tests.shop import Shop, put, written

    shop = Shop()
    for number in range(nights + 1):
        of = begins + timedelta(days=number - 1)
        put(landing, "orders", of, written(shop.orders(of)))


def played(world: World, nights: int, workers: int) -> Times:
    """Play the nights here, in the installation that the environment points at."""
    from config.settings import Settings
    from deployments.embedded import prefect_here

    settings = Settings.from_environment()
    with prefect_here(settings):
        from flows.backfill import backfill

        clocks = _Clocks(logging.INFO)
        first = _BEGINS[world]
        pipeline = "flights" if world == "flights" else "shop"
        backfill(first, first, ("ingest",), pipeline=pipeline)
        logging.getLogger("ratchet.backfill").addHandler(clocks)
        clocks.begin()
        days = first + timedelta(days=1), first + timedelta(days=nights)
        backfill(*days, ("ingest",), pipeline=pipeline, workers=workers)
        return clocks.times(workers)


class _Clocks(logging.Handler):
    """Looks at both clocks whenever a night is done."""

    def begin(self) -> None:
        """From now on it counts."""
        self._start = time.perf_counter(), _cpu()
        self._seen: list[tuple[float, float]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "advance", 0):
            self._seen.append(self._now())

    def times(self, workers: int) -> Times:
        """What was seen; those at work beside this process are counted once they have ended."""
        seen = [*self._seen[:-1], self._now()] if workers > 1 else self._seen
        return Times(tuple(c for c, _ in seen), tuple(cpu for _, cpu in seen))

    def _now(self) -> tuple[float, float]:
        return time.perf_counter() - self._start[0], _cpu() - self._start[1]


def _cpu() -> float:
    """CPU seconds of this process and of those of its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _elsewhere(root: Path, world: World, nights: int, workers: int) -> Times:
    """The nights in a process of their own, with a home of their own."""
    home = root / world / f"home-{workers}"
    home.mkdir(parents=True)
    environment = {
        **inherited(),
        "RATCHET_HOME": str(home),
        "RATCHET_LANDING": str(root / world / "landing"),
    }
    if world == "synthetic":
        from tests.shop import define

        define(home / "pipelines")
        environment["RATCHET_PIPELINES"] = str(home / "pipelines")
    answer = home / "times.json"
    command = [sys.executable, __file__, "--play", world, str(nights), str(workers), str(answer)]
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    document = json.loads(answer.read_text())
    return Times(tuple(document["clock"]), tuple(document["cpu"]))


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, print and compare with the goals; or, with `--play`, one of the sides."""
    command = Command("backfill", __doc__, rounds=1)
    command.add_argument("--quick", action="store_true", help="a few nights, to see that it runs")
    command.add_argument("--play", nargs=4, metavar="X", help="one side: world nights workers file")
    given = command.given()
    if given.play:
        world, nights, workers, answer = given.play
        times = played(world, int(nights), int(workers))
        Path(answer).write_text(json.dumps(asdict(times)))
        return 0
    return told(measured(QUICK if given.quick else SIZES), given)


if __name__ == "__main__":
    sys.exit(main())
