"""How many answers flip when a champion follows another: both are asked the same questions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from config.schema import Pipeline
from tasks.backtest.archive import Archive, Reign, reigns, spread
from tasks.backtest.arms import Lived

_WEEK = timedelta(days=6)
_MOST = 24


@dataclass(frozen=True)
class Turnover:
    """Means over an arm's promotions: answers that flip, and those that turn from right to wrong.

    `promotions` is how many were looked at. Shares are nan without one.
    """

    promotions: int
    flips: float
    wronged: float


def turnover(archive: Archive, lived: Lived, pipeline: Pipeline) -> Turnover:
    """Churn at an arm's promotions, on the questions of the week that followed each.

    Yes is a probability from `costs.threshold` on, else from `gate.churn.threshold`, else from
    0.5. At most 24 promotions are looked at, evenly spread.
    """
    changes = [each for each in reigns(lived) if each.after is not None]
    found = [_flipped(archive, each, _threshold(pipeline)) for each in spread(changes, _MOST)]
    known = [each for each in found if each is not None]
    return Turnover(len(known), _mean([e[0] for e in known]), _mean([e[1] for e in known]))


def _flipped(archive: Archive, reign: Reign, threshold: float) -> tuple[float, float] | None:
    first = reign.since.date()
    rows = archive.between(first, first + _WEEK)
    if rows.start == rows.stop or reign.after is None:
        return None
    before = archive.answers(reign.arm, reign.after, rows) >= threshold
    after = archive.answers(reign.arm, reign.version, rows) >= threshold
    flips = before != after
    return float(flips.mean()), float((flips & (after != archive.y[rows])).mean())


def _threshold(pipeline: Pipeline) -> float:
    if pipeline.costs is not None:
        return pipeline.costs.threshold
    return pipeline.gate.churn.threshold if pipeline.gate.churn else 0.5


def _mean(shares: Sequence[float]) -> float:
    return float(np.mean(shares)) if shares else math.nan
