"""How a model grows old: what becomes of a champion that goes on answering, week by week."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from config.values import Metric
from tasks.backtest.archive import Archive, Reign, reigns, spread
from tasks.backtest.arms import Lived
from tasks.evaluation.metrics import Floats, higher_is_better, measure

_WEEK = 7
_MOST = 24
_LEAST_ROWS = 100


@dataclass(frozen=True)
class Age:
    """Versions of an age: by how much their metric is better than that of the freshest model.

    `weeks` have passed since the promotion; `spread` is the versions' standard deviation, nan
    for one alone.
    """

    weeks: int
    versions: int
    lead: float
    spread: float


def staleness(
    archive: Archive, lives: Sequence[Lived], freshest: Floats, metric: Metric
) -> tuple[Age, ...]:
    """The curve of champions that were frozen on the day of their promotion, in any arm.

    Each is asked every later question of the sample as if it had gone on serving, and compared
    with `freshest`, the probabilities (rows of the sample,) of the always fresh arm, on the same
    questions of the same week. At most 24 distinct models are followed, evenly spread over time.
    Weeks of less than 100 questions are left out.
    """
    leads: dict[int, list[float]] = {}
    for reign in _followed(archive, lives):
        for weeks, lead in _aged(archive, reign, freshest, metric):
            leads.setdefault(weeks, []).append(lead)
    return tuple(
        Age(weeks, len(found), float(np.mean(found)), _deviation(found))
        for weeks, found in sorted(leads.items())
    )


def _followed(archive: Archive, lives: Sequence[Lived]) -> list[Reign]:
    """The first reign of every distinct model, in order of time, thinned out."""
    found: dict[str, Reign] = {}
    every = [reign for lived in lives for reign in reigns(lived)]
    for reign in sorted(every, key=lambda each: (each.since, each.arm)):
        found.setdefault(archive.digest(reign.arm, reign.version), reign)
    return spread(list(found.values()), _MOST)


def _aged(
    archive: Archive, reign: Reign, freshest: Floats, metric: Metric
) -> Iterator[tuple[int, float]]:
    """Full weeks since the promotion, each with the lead over the freshest."""
    first, last = reign.since.date(), archive.asked.dates[-1]
    later = archive.between(first, last)
    if later.start == later.stop:
        return
    said = archive.answers(reign.arm, reign.version, later)
    sign = 1 if higher_is_better(metric) else -1
    for weeks in range(((last - first).days + 1) // _WEEK):
        start = first + timedelta(days=_WEEK * weeks)
        rows = archive.between(start, start + timedelta(days=_WEEK - 1))
        y, ours = archive.y[rows], said[rows.start - later.start : rows.stop - later.start]
        lead = sign * (measure(metric, y, ours) - measure(metric, y, freshest[rows]))
        if len(y) >= _LEAST_ROWS and math.isfinite(lead):
            yield weeks, lead


def _deviation(leads: Sequence[float]) -> float:
    return float(np.std(leads, ddof=1)) if len(leads) > 1 else math.nan
