"""What is told to be behind what: causes planted in real flights, and the route that each is given.

Five months of flights are admitted and answered once; a champion is trained on 60 of the days.
The other days are put into an order drawn by lot, so that nothing changes but what is planted:
nothing, broken data, labels late or lost, other inputs, another concept. On every night after, the
symptoms are made by the shipped functions and routed; a lot counts by its first route that is not
"nothing to do". Lots without a cause count by the night.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.causes import CAUSES, Cause, Place
from benchmarks.command import Command, told
from benchmarks.flown import Flown, Lot
from benchmarks.night_watch import NightWatch
from tasks.signs import Route

START, NIGHTS = 44, 10
FRESH = 100
"""The number of a first lot that nobody looked at when the limits were set, on lots 0 to 19."""
GOAL_SHARE = 0.8
QUIET, CALENDAR = CAUSES[0].name, "as they came"
_SHORT = {
    Route.NOTHING: "nothing",
    Route.BROKEN_DATA: "broken",
    Route.LABELS: "labels",
    Route.COVARIATE: "covariate",
    Route.CONCEPT: "concept",
    Route.UNEXPLAINED: "unexplained",
}


@dataclass(frozen=True)
class Story:
    """One lot: what was planted and how, and the route of every night that was looked at."""

    cause: str
    right: Route
    way: str
    routes: Sequence[Route]

    @property
    def first(self) -> Route:
        """The first route to act on."""
        return next((e for e in self.routes if e is not Route.NOTHING), Route.NOTHING)


@dataclass(frozen=True)
class Report:
    """Every lot, and the nights of the days as they came."""

    rounds: int
    stories: list[Story] = field(default_factory=list)

    def of(self, cause: str) -> list[Story]:
        return [each for each in self.stories if each.cause == cause]

    def share(self, cause: str) -> float:
        """Of the lots with the cause, those whose first route is right."""
        stories = self.of(cause)
        return sum(each.first is each.right for each in stories) / len(stories)

    @property
    def quiet(self) -> float:
        """Of the nights without a cause, those with a route."""
        nights = self.nights(QUIET)
        return (nights.total() - nights[Route.NOTHING]) / nights.total()

    def nights(self, cause: str) -> Counter[Route]:
        """Nights by route."""
        return Counter(route for each in self.of(cause) for route in each.routes)

    @property
    def planted(self) -> list[str]:
        return [e.name for e in CAUSES if e.route is not Route.NOTHING and self.of(e.name)]

    @property
    def table(self) -> str:
        head = "".join(f"{name:>12}" for name in _SHORT.values())
        lines = [f"first route in {NIGHTS} nights{head}   right  nights"]
        for cause in self.planted:
            lines += [self._row(cause, self.of(cause))]
            for way in dict.fromkeys(each.way for each in self.of(cause)):
                lines += [self._row(f"  {way}", [e for e in self.of(cause) if e.way == way])]
        lines += ["", f"{'nights by route':<24}{head}  routed"]
        lines += [self._nights(cause) for cause in (QUIET, CALENDAR) if self.of(cause)]
        return "\n".join(lines)

    def _row(self, name: str, stories: Sequence[Story]) -> str:
        counts = Counter(each.first for each in stories)
        cells = "".join(f"{counts[route] or '':>12}" for route in _SHORT)
        right = [e.routes.index(e.right) + 1 for e in stories if e.first is e.right]
        waited = f"{median(right):.0f}" if right else "-"
        return f"{name:<24}{cells}{len(right) / len(stories):>8.0%}{waited:>8}"

    def _nights(self, cause: str) -> str:
        counts = self.nights(cause)
        cells = "".join(f"{counts[route] or '':>12}" for route in _SHORT)
        return f"{cause:<24}{cells}{1 - counts[Route.NOTHING] / counts.total():>8.1%}"

    @property
    def meets_goal(self) -> bool:
        return all(self.share(cause) >= GOAL_SHARE for cause in self.planted)

    @property
    def line(self) -> str:
        shares = ", ".join(f"{cause} {self.share(cause):.0%}" for cause in self.planted)
        word = "met" if self.meets_goal else "missed"
        return (
            f"{self.rounds} lots a cause: {shares} right, goal {GOAL_SHARE:.0%}: {word}; "
            f"{self.quiet:.1%} of quiet nights routed"
        )

    @property
    def document(self) -> Mapping[str, object]:
        return {
            "rounds": self.rounds,
            "stories": [
                {
                    "cause": each.cause,
                    "way": each.way,
                    "right": each.right.value,
                    "routes": [route.value for route in each.routes],
                }
                for each in self.stories
            ],
        }


def measured(flown: Flown, lots: range) -> Report:
    """These lots of every cause, the same for all, and the days as they came."""
    report = Report(len(lots))
    for seed in lots:
        lot = flown.lot(seed, START + NIGHTS)
        for cause in CAUSES:
            report.stories.append(_story(flown, lot, cause, seed))
    report.stories.append(_calendar(flown.as_they_came()))
    return report


def _story(flown: Flown, lot: Lot, cause: Cause, seed: int) -> Story:
    place = Place(flown, lot, START, np.random.default_rng([seed, 7]))
    way, planted = cause.planted(place, seed)
    watch, routes = NightWatch(flown, planted), list[Route]()
    watch.warm_up(START + 1)
    for night in range(START + 1, START + 1 + NIGHTS):
        routes.append(watch.look(night).route)
        if cause.name != QUIET and routes[-1] is not Route.NOTHING:
            break
    return Story(cause.name, cause.route, way, routes)


def _calendar(flown: Flown) -> Story:
    """Every night of the days that came after those that the champion was trained on."""
    days = sorted(flown.others["day"].unique())
    watch = NightWatch(flown, flown.ordered([str(day) for day in days]))
    watch.warm_up(START + 1)
    routes = [watch.look(night).route for night in range(START + 1, len(days) + 1)]
    return Story(CALENDAR, Route.NOTHING, CALENDAR, routes)


def main() -> int:
    """The command line; 1 when `--check` finds a goal missed."""
    command = Command("routing", __doc__, rounds=20)
    command.add_argument(
        "--first", type=int, default=FRESH, help=f"number of the first lot, default {FRESH}"
    )
    arguments = command.given()
    lots = range(arguments.first, arguments.first + arguments.rounds)
    # Threads that wait for a busy core cost ten times the work.
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(limits=1):
        report = measured(Flown(Path(folder)), lots)
    return told(report, arguments)


if __name__ == "__main__":
    sys.exit(main())
