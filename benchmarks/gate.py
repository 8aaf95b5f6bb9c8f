"""How often the gate promotes what is no better, and how soon what is, over simulated years.

Every night a new challenger of the same quality is judged; told is the first promotion of a year.
The gate's own functions decide: a night counts when they let it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

import numpy as np
import numpy.typing as npt

from benchmarks.command import Command, told
from benchmarks.years import (
    DEPENDENT,
    INDEPENDENT,
    LABELS,
    NIGHTS,
    SKEWED,
    SPELLS,
    WINDOW,
    World,
    Years,
)
from config.gate import Gate
from tasks.evaluation.comparison import champion
from tasks.evaluation.trial import Bench, Trial
from tasks.evaluation.wealth import wealth
from tasks.records import Status

Mask = npt.NDArray[np.bool_]
ALPHA = 0.05
EDGES: Mapping[str, float] = {"equal": 0.0, "-1 point": -0.01, "+0.5": 0.005, "+1": 0.01}
GOAL_NIGHTS: Mapping[str, int] = {INDEPENDENT.name: 14, DEPENDENT.name: 40}
_WORSE, _FOUND = 0.01, 0.95
_SIGNIFICANT = 1.96  # two-sided 5 %


@dataclass(frozen=True)
class Judge:
    """A gate: nights on which it may promote, and the mode whose own check has the last word."""

    name: str
    nights: Callable[[Years], Mask]
    mode: Literal["superiority", "refresh", "point"] | None = None

    def promotions(self, years: Years) -> list[int]:
        """The night of the first promotion, from 1, of every year that has one."""
        nights = self.nights(years)
        found = (self._first(years, year, nights[year]) for year in range(len(nights)))
        return [night + 1 for night in found if night is not None]

    def _first(self, years: Years, year: int, nights: Mask) -> int | None:
        possible = map(int, np.flatnonzero(nights))
        return next(
            (n for n in possible if self.mode is None or self._passes(years, year, n)), None
        )

    def _passes(self, years: Years, year: int, night: int) -> bool:
        days = slice(night, night + WINDOW)
        rules = Gate(mode=self.mode or "point", metric="brier")
        window = _trial(years.won[year, days], years.lost[year, days])
        (check,) = champion(Bench(window, rules, "brier"))
        return check.status is Status.PASS


def _trial(won: npt.NDArray[np.int64], lost: npt.NDArray[np.int64]) -> Trial:
    """Rows whose Brier score is 1 for an error and 0 else; the first of a day are those won."""
    place = np.tile(np.arange(LABELS), len(won))
    first, second = np.repeat(won, LABELS), np.repeat(won + lost, LABELS)
    return Trial(
        y=np.zeros(len(place), dtype=bool),
        days=np.repeat(np.arange(len(won)), LABELS),
        challenger=((place >= first) & (place < second)).astype(np.float64),
        challenger_through=-1,
        champion=(place < first).astype(np.float64),
        champion_version=1,
        champion_through=-1,
    )


def _wealthy(years: Years) -> Mask:
    """Nights whose bets so far are worth 1/alpha; a night's challenger plays the day after."""
    scales = np.sqrt((years.windows**2).mean(axis=2))
    reached = wealth(years.leads[:, WINDOW:], scales) >= 1 / ALPHA
    return np.concatenate([np.zeros((len(reached), 1), dtype=bool), reached[:, :-1]], axis=1)


def _near(years: Years) -> Mask:
    """All nights but those whose window is so bad that no interval reaches the margin."""
    mean, error = years.windows.mean(axis=2), years.windows.std(axis=2, ddof=1) / WINDOW**0.5
    return np.asarray(mean + 4 * error > -Gate().margin)


def _ahead(years: Years) -> Mask:
    return np.asarray(years.windows.sum(axis=2) > 0)


def _ahead_tonight(years: Years) -> Mask:
    return (years.won > years.lost)[:, -NIGHTS:]


def _significant_tonight(years: Years) -> Mask:
    """McNemar's test on the day's rows, better at the two-sided 5 % level."""
    won, lost = years.won[:, -NIGHTS:], years.lost[:, -NIGHTS:]
    return np.asarray(won - lost > _SIGNIFICANT * np.sqrt(won + lost))


OURS = Judge("superiority", _wealthy, "superiority")
JUDGES = (
    OURS,
    Judge("refresh", _near, "refresh"),
    Judge("point, 10 days", _ahead, "point"),
    Judge("point, one day", _ahead_tonight),
    Judge("5 % test, one day", _significant_tonight),
)


@dataclass(frozen=True)
class Cell:
    """One gate in one world against challengers of one quality."""

    world: str
    judge: str
    edge: str
    years: int
    nights: Sequence[int]

    @property
    def share(self) -> float:
        """Of the years, those with a promotion."""
        return len(self.nights) / self.years

    @property
    def median(self) -> float:
        """Nights to the promotion, over all years: inf when half of them have none."""
        return median([*self.nights, *[float("inf")] * (self.years - len(self.nights))])

    @property
    def missed(self) -> str:
        """The goal that was missed, empty when met or when there is none."""
        if self.judge != OURS.name or self.world not in GOAL_NIGHTS:
            return ""
        most = {"equal": ALPHA, "-1 point": _WORSE}.get(self.edge, 1.0)
        late = self.edge == "+1" and self.median > GOAL_NIGHTS[self.world]
        found = self.share >= _FOUND or self.edge != "+1"
        good = self.share <= most and found and not late
        return "" if good else f"{self.world}, {self.edge}: {self.told}"

    @property
    def told(self) -> str:
        nights = "-" if self.median == float("inf") else f"{self.median:.0f}"
        return f"{self.share:.1%} ({nights})"


@dataclass(frozen=True)
class Report:
    """Every cell."""

    years: int
    cells: list[Cell] = field(default_factory=list)

    @property
    def table(self) -> str:
        lines = [f"years with a promotion (median nights), {self.years} years of {NIGHTS} nights"]
        for world in dict.fromkeys(cell.world for cell in self.cells):
            lines += ["", f"{world:<32}" + "".join(f"{edge:>15}" for edge in EDGES)]
            lines += self._rows(world)
        return "\n".join(lines)

    def _rows(self, world: str) -> Iterator[str]:
        here = [cell for cell in self.cells if cell.world == world]
        for judge in dict.fromkeys(cell.judge for cell in here):
            by_edge = {cell.edge: cell.told for cell in here if cell.judge == judge}
            yield f"  {judge:<30}" + "".join(f"{by_edge.get(edge, ''):>15}" for edge in EDGES)

    @property
    def missed(self) -> list[str]:
        return [cell.missed for cell in self.cells if cell.missed]

    @property
    def meets_goal(self) -> bool:
        return not self.missed

    @property
    def line(self) -> str:
        ours = [c for c in self.cells if c.judge == OURS.name and c.world in GOAL_NIGHTS]
        figures = "; ".join(f"{cell.world} {cell.edge} {cell.told}" for cell in ours)
        word = "met" if self.meets_goal else f"missed by {', '.join(self.missed)}"
        return f"superiority over {self.years} years: {figures}: {word}"

    @property
    def document(self) -> Mapping[str, object]:
        return {
            "years": self.years,
            "cells": [
                {
                    "world": cell.world,
                    "gate": cell.judge,
                    "edge": cell.edge,
                    "share": cell.share,
                    "nights": list(cell.nights),
                }
                for cell in self.cells
            ],
        }


def measured(years: int) -> Report:
    """Every gate in the worlds with goals, and ours in the two that stretch its promise."""
    report = Report(years)
    for number, world in enumerate((INDEPENDENT, DEPENDENT, SPELLS, SKEWED)):
        with_goals = world.name in GOAL_NIGHTS
        for edge in EDGES if with_goals else ("equal", "-1 point"):
            rng = np.random.default_rng([number, list(EDGES).index(edge)])
            report.cells.extend(_cells(world, edge, years, rng))
    return report


def _cells(world: World, edge: str, years: int, rng: np.random.Generator) -> Iterator[Cell]:
    simulated = world.years(years, EDGES[edge], rng)
    for judge in JUDGES if world.name in GOAL_NIGHTS else (OURS,):
        nights = judge.promotions(simulated)
        yield Cell(world.name, judge.name, edge, years, nights)


def main() -> int:
    """The command line; 1 when `--check` finds a goal missed."""
    arguments = Command("gate", __doc__, rounds=400).given()
    return told(measured(arguments.rounds), arguments)


if __name__ == "__main__":
    sys.exit(main())
