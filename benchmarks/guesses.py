"""What was said of a metric before it could be known, beside what it turned out to be."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from config.values import Metric
from tasks.evaluation.metrics import measure
from tasks.records import Interval

METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")
ESTIMATED, WEIGHTED, DIRECT = "estimated: CBPE", "estimated: PAPE", "estimated: DLE"
SO_FAR, NAIVE = "so far", "so far, unweighted"
FROZEN, LATEST = "frozen reference", "latest reference"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Guess:
    """One number of one method; a method that gives no limits has nan for them."""

    world: str
    method: str
    metric: str
    said: Interval
    truth: float


@dataclass(frozen=True)
class Task:
    """Rows with labels beside rows without, for a program of another environment."""

    world: str
    method: str
    y: Floats
    p: Floats
    current: Floats
    truth: float


@dataclass(frozen=True)
class Cell:
    """How a method did in a world in a metric: `guesses`, and of those the `undefined`."""

    world: str
    method: str
    metric: str
    guesses: int
    undefined: int
    error: float
    coverage: float
    width: float

    @property
    def told(self) -> str:
        limits = "" if math.isnan(self.coverage) else f"{self.coverage:>9.0%}{self.width:>10.4f}"
        return (
            f"  {self.method:<34}{self.metric:<14}{self.guesses - self.undefined:>6}"
            f"{self.error:>11.4f}{limits}"
        )


def cells(guesses: Iterable[Guess]) -> list[Cell]:
    """Mean absolute error and coverage of every method in every world and metric."""
    together: dict[tuple[str, str, str], list[Guess]] = {}
    for guess in guesses:
        together.setdefault((guess.world, guess.metric, guess.method), []).append(guess)
    return [_cell(of) for of in together.values()]


def known(y: npt.ArrayLike, p: npt.ArrayLike, metric: Metric) -> Interval:
    """What a metric was on rows with labels, as a guess without limits."""
    return Interval(measure(metric, y, p), math.nan, math.nan)


def _cell(of: Sequence[Guess]) -> Cell:
    first = of[0]
    defined = [g for g in of if not math.isnan(g.said.value) and not math.isnan(g.truth)]
    limited = [g for g in defined if not math.isnan(g.said.low)]
    return Cell(
        world=first.world,
        method=first.method,
        metric=first.metric,
        guesses=len(of),
        undefined=len(of) - len(defined),
        error=_mean(abs(g.said.value - g.truth) for g in defined),
        coverage=_mean(g.said.low <= g.truth <= g.said.high for g in limited),
        width=_mean(g.said.high - g.said.low for g in limited),
    )


def _mean(values: Iterable[float]) -> float:
    counted = list(values)
    return fmean(counted) if counted else math.nan
