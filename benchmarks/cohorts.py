"""What it costs to train on every label seen so far, when one class is reported late.

The flights of 2013, with reports that take 2 days for a flight on time and 14 for a late one
(`benchmarks/late_labels.py`). Every other week a model is trained on all labels that have come
(naive), on days whose labels are complete (the product's rule), or on what has come, weighted by
the chance of having come (Kaplan-Meier by class); one that was trained on complete days at first
is never trained again (stale). Each answers the week that follows; what is told is what turned
out in the end.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.command import Command, told
from benchmarks.flight_year import LAST
from benchmarks.late_labels import World, complete, naive, weighted, world
from config.values import Metric
from tasks.evaluation.intervals import Resampling, Sample, paired_difference
from tasks.evaluation.metrics import Floats, measure
from tasks.records import Interval

NAIVE, COMPLETE, WEIGHTED, STALE = "naive", "complete", "weighted", "stale"
POLICIES = (NAIVE, COMPLETE, WEIGHTED, STALE)
METRICS: tuple[Metric, ...] = ("log_loss", "roc_auc")
BEGINS, EVERY, WEEK = date(2013, 4, 1), 14, 7
WINDOWS: Mapping[str, int | None] = {"last 60 days": 60, "all days": None}
"""Training windows: labels that are still to come are a third of the first, and ever less of all
days as the year goes by."""

PLAN = Resampling(resamples=2000, confidence=0.95, seed=0)


@dataclass(frozen=True)
class Answers:
    """What was answered under a training window: truth, its week, and each policy's answers."""

    window: str
    y: Floats
    weeks: Floats
    said: Mapping[str, Floats]
    positives: Mapping[str, float]
    """By policy: the share of late flights among the rows it trained on, weighted as it did."""


@dataclass(frozen=True)
class Cell:
    """A policy's metric, and by how much it is better than naive, with limits from whole weeks."""

    window: str
    policy: str
    metric: str
    value: float
    lead: Interval
    late_share: float

    @property
    def told(self) -> str:
        lead = f"{self.lead.value:+.4f} [{self.lead.low:+.4f}, {self.lead.high:+.4f}]"
        shown = "-" if self.policy == NAIVE else lead
        value = f"{self.value:>8.4f}{self.late_share:>8.1%}"
        return f"  {self.policy:<22}{self.metric:<10}{value}  {shown}"


@dataclass(frozen=True)
class Report:
    """Every policy in both metrics under both windows; `rows` answered in `weeks` weeks."""

    cells: Sequence[Cell]
    rows: int
    weeks: int

    @property
    def table(self) -> str:
        lines = [f"{self.rows:,} flights of {self.weeks} weeks; better than naive by, 95 % limits"]
        for window in dict.fromkeys(cell.window for cell in self.cells):
            lines += ["", f"{'trained on ' + window:<24}{'metric':<10}{'value':>8}{'late':>8}"]
            lines += [cell.told for cell in self.cells if cell.window == window]
        return "\n".join(lines)

    @property
    def missed(self) -> list[str]:
        return [
            f"{cell.policy} is not better than naive on {cell.window}: {cell.lead.value:+.4f}, "
            f"limits {cell.lead.low:+.4f} to {cell.lead.high:+.4f}"
            for cell in self.cells
            if cell.metric == "log_loss"
            and cell.policy in (COMPLETE, STALE)
            and cell.window == "last 60 days"
            and not cell.lead.low > 0
        ]

    @property
    def meets_goal(self) -> bool:
        return not self.missed

    @property
    def line(self) -> str:
        word = "met" if self.meets_goal else f"missed: {'; '.join(self.missed)}"
        return f"log loss of complete days and of a stale model below that of naive: {word}"

    @property
    def document(self) -> Mapping[str, object]:
        return {"cells": [asdict(cell) for cell in self.cells], "rows": self.rows}


def measured(found: World, last: date) -> Report:
    """Every policy under every window, on the same weeks."""
    lived = [answers(found, window, last) for window in WINDOWS]
    return Report(
        [cell for each in lived for cell in cells(each)],
        rows=len(lived[0].y),
        weeks=len(np.unique(lived[0].weeks)),
    )


def answers(found: World, window: str, last: date) -> Answers:
    """Train at every night and answer the week that follows it."""
    parts: list[pd.DataFrame] = []
    shares: dict[str, list[float]] = {policy: [] for policy in POLICIES}
    stale = found.model(complete(found.rows, BEGINS.toordinal(), WINDOWS[window]))
    for number, night in enumerate(nights(last)):
        asked = found.rows[found.rows["ordinal"].between(night, night + WEEK - 1)]
        told = {"y": asked["y"].to_numpy(dtype=np.float64), "week": np.full(len(asked), number)}
        for policy, rows, weights in _training(found, night, WINDOWS[window]):
            shares[policy].append(float(np.average(rows["y"], weights=weights)))
            told[policy] = found.said(found.model(rows, weights), asked)
        told[STALE] = found.said(stale, asked)
        parts.append(pd.DataFrame(told))
    rows = pd.concat(parts, ignore_index=True)
    first = complete(found.rows, BEGINS.toordinal(), WINDOWS[window])
    shares[STALE] = [float(first["y"].mean())]
    return Answers(
        window=window,
        y=rows["y"].to_numpy(),
        weeks=rows["week"].to_numpy(dtype=np.float64),
        said={policy: rows[policy].to_numpy() for policy in POLICIES},
        positives={policy: float(np.mean(each)) for policy, each in shares.items()},
    )


def cells(answered: Answers) -> Iterator[Cell]:
    """Each policy beside naive, on the same rows and weeks."""
    for metric in METRICS:
        for policy in POLICIES:
            sample = Sample(answered.y, answered.said[policy], answered.weeks)
            yield Cell(
                window=answered.window,
                policy=policy,
                metric=metric,
                value=measure(metric, answered.y, answered.said[policy]),
                lead=paired_difference(sample, answered.said[NAIVE], metric, PLAN),
                late_share=answered.positives[policy],
            )


def nights(last: date) -> list[int]:
    """The nights that train, as ordinals of their days: a whole week follows each."""
    count = (last - BEGINS - timedelta(days=WEEK - 1)).days // EVERY + 1
    return [BEGINS.toordinal() + number * EVERY for number in range(max(count, 0))]


def _training(
    found: World, night: int, window: int | None
) -> Iterator[tuple[str, pd.DataFrame, Floats | None]]:
    """What each policy trains on at a night, with weights if it has some."""
    yield NAIVE, naive(found.rows, night, window), None
    yield COMPLETE, complete(found.rows, night, window), None
    yield WEIGHTED, *weighted(found.rows, night, window)


def main() -> int:
    """The command line; 1 when `--check` finds a goal missed."""
    command = Command("cohorts", __doc__, rounds=1)
    command.add_argument(
        "--last", type=date.fromisoformat, default=LAST, help="last day, default the year's"
    )
    arguments = command.given()
    with tempfile.TemporaryDirectory() as folder:
        return told(measured(world(Path(folder), arguments.last), arguments.last), arguments)


if __name__ == "__main__":
    sys.exit(main())
