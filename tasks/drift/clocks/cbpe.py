"""Confidence-based performance estimation: the metric that calibrated probabilities expect."""

from dataclasses import dataclass

import numpy as np

from config.values import Metric
from tasks.drift.clocks.blocks import Window, drawn, limits, within
from tasks.drift.clocks.calibration import calibrated
from tasks.drift.clocks.counted import Counted, Places, value, values
from tasks.evaluation.intervals import Resampling, Sample
from tasks.evaluation.metrics import Floats
from tasks.evaluation.skill import model_free
from tasks.records import Interval

FOLDS = 5


@dataclass(frozen=True)
class Estimate:
    """What a metric is thought to be, and what the label's share alone would reach."""

    measured: Interval
    baseline: float


@dataclass(frozen=True)
class Answers:
    """Probabilities `p` (n,) whose labels are not known, on so many days."""

    p: Floats
    days: int


def cbpe(
    reference: Sample,
    current: Answers,
    metric: Metric,
    plan: Resampling,
    weights: Floats | None = None,
) -> Estimate:
    """The metric of the current answers, expected from their calibrated probabilities alone.

    Calibrated on the reference, whose labels are known, each row counting as much as `weights`
    (n,) say. CBPE after NannyML (Kivimaki, Bialek, Kuberski and Nurminen, ACM TIST 2025).
    Blind to a change of the concept: it holds while the same score means the same share.

    Limits are for what will turn out: the reference's own days, estimated by a calibration that
    has not seen them, and drawn again in blocks (`blocks`), say how wrong it has been.
    """
    y, p = np.asarray(reference.y, dtype=np.float64), np.asarray(reference.p, dtype=np.float64)
    counts = np.ones(len(p)) if weights is None else weights
    expected = _expected(current.p, calibrated(y, p, counts).of(current.p), np.ones(len(current.p)))
    found = value(metric, expected)
    _, day = np.unique(np.asarray(reference.days), return_inverse=True)
    window = _window(current.days, day, counts)
    unseen = _expected(p, _unseen(y, p, day, counts), counts)
    taken = drawn(window, plan)
    errors = values(metric, Counted(p, counts * y, counts * (1 - y)), day, taken)
    errors -= values(metric, unseen, day, taken)
    measured = within(limits(found, errors, window, plan), metric)
    return Estimate(measured, model_free(metric, expected.share))


def _expected(p: Floats, share: Floats, counts: Floats) -> Counted:
    return Counted(p, counts * share, counts * (1 - share))


def _unseen(y: Floats, p: Floats, day: Places, counts: Floats) -> Floats:
    """Each reference row's calibrated probability, from the other blocks of days."""
    days = int(day.max()) + 1
    fold = day * min(FOLDS, days) // days
    share = np.empty(len(p))
    for left_out in range(int(fold.max()) + 1):
        inside = fold == left_out
        learned = calibrated(y[~inside], p[~inside], counts[~inside])
        share[inside] = learned.of(p[inside])
    return share


def _window(days: int, day: Places, counts: Floats) -> Window:
    """Weights leave fewer days than there are (Kish 1965)."""
    each = np.bincount(day, weights=counts)
    return Window(days, len(each), float(each.sum() ** 2 / (each**2).sum()))
