"""Performance on the labels that have arrived, each for those like it that have not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.values import Metric
from tasks.drift.clocks.arrival import Arrivals, arrivals
from tasks.drift.clocks.blocks import Window, drawn, limits, within
from tasks.drift.clocks.cbpe import Estimate
from tasks.drift.clocks.counted import Counted, Places, value, values
from tasks.evaluation.intervals import UNDEFINED, Resampling
from tasks.evaluation.metrics import Floats
from tasks.evaluation.skill import model_free

LEAST_SHARE = 0.1
"""Rows too young for this share of either class to have arrived are left out."""

DAY = 24.0


@dataclass(frozen=True)
class Waiting:
    """Answers on some days, each (n,): `days` as ordinals, `asked` in hours since any one moment.

    `delays` are the hours until the label came, inf where it has not; `y` is the label, 1 or 0,
    and means nothing there.
    """

    p: Floats
    y: Floats
    days: npt.NDArray[np.int64]
    asked: Floats
    delays: Floats


def so_far(
    reference: Waiting, current: Waiting, horizon: float, metric: Metric, plan: Resampling
) -> Estimate:
    """The metric on the labels that came by `horizon`, weighted by how likely they were to.

    A class whose labels come late is scarce among those that have come. A label counts as often
    as 1 / P(arrived by its age | class, score), from the delays of the reference, whose labels
    are all known (inverse probability weights: Horvitz and Thompson, JASA 47, 1952; sums are
    divided by the sum of weights, Hajek 1971). Rows so young that the share of either class is
    below `LEAST_SHARE` are left out, whatever has come of them: no label is counted more than
    1 / LEAST_SHARE times (Crump, Hotz, Imbens and Mitnik, Biometrika 96, 2009).

    Limits are for what will turn out once all labels are there: days of the reference are put in
    the place of the window's, with the labels that would have been there by then, and drawn again
    in blocks (`blocks`). Where every label is there they are the value. nan without any.
    """
    learned = arrivals(reference.y, reference.p, reference.delays)
    if learned is None:
        return Estimate(UNDEFINED, float("nan"))
    seen = _seen(current, learned, horizon - current.asked)
    found = value(metric, seen)
    days, day = np.unique(reference.days, return_inverse=True)
    places = np.unique(current.days)
    window = Window(len(places), len(days), len(days))
    taken = drawn(window, plan)
    whole = Counted(reference.p, reference.y, 1 - reference.y)
    replay = _replayed(reference, learned, horizon, places)
    errors = values(metric, whole, day, taken)
    errors -= values(metric, replay.rows, replay.units, replay.firsts + taken)
    measured = within(limits(found, errors, window, plan), metric)
    return Estimate(measured, model_free(metric, seen.share))


def _seen(rows: Waiting, learned: Arrivals, ages: Floats) -> Counted:
    """What the rows count as at these ages (n,)."""
    of_negatives, of_positives = (learned.share(label, rows.p, ages) for label in (0, 1))
    old_enough = np.minimum(of_negatives, of_positives) >= LEAST_SHARE
    counts = old_enough & (rows.delays <= ages)
    positive, negative = counts & (rows.y == 1), counts & (rows.y == 0)
    return Counted(
        rows.p,
        np.divide(1.0, of_positives, out=np.zeros(len(rows.p)), where=positive),
        np.divide(1.0, of_negatives, out=np.zeros(len(rows.p)), where=negative),
    )


@dataclass(frozen=True)
class _Replay:
    """The reference as it would have been seen in the place of each day of the window.

    `firsts` (places,) is the unit of the reference's first day in that place. Places by which all
    labels have come share their units.
    """

    rows: Counted
    units: Places
    firsts: Places


def _replayed(
    reference: Waiting, learned: Arrivals, horizon: float, places: npt.NDArray[np.int64]
) -> _Replay:
    days, day = np.unique(reference.days, return_inverse=True)
    seen, units, firsts = [Counted(reference.p, reference.y, 1 - reference.y)], [day], []
    for place in places:
        ages = horizon - reference.asked - DAY * (place - reference.days)
        if ages.min() >= learned.longest:
            firsts.append(0)
            continue
        firsts.append(len(seen) * len(days))
        units.append(day + firsts[-1])
        seen.append(_seen(reference, learned, ages))
    rows = Counted(
        np.concatenate([each.p for each in seen]),
        np.concatenate([each.positive for each in seen]),
        np.concatenate([each.negative for each in seen]),
    )
    return _Replay(rows, np.concatenate(units), np.array(firsts, dtype=np.intp))
