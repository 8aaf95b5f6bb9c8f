"""Beside one short reference for a year, false alarms stay within what was promised."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from tasks.drift.distance import LEAST_DOUBT
from tasks.drift.distance_doubt import Sums, Usual, doubt
from tasks.drift.distance_tables import Measures

Floats = npt.NDArray[np.float64]
WORLDS, STREAMS, YEAR = 30, 20, 365
ROW_VARIANCE = 1 / 12  # of ranks


def measured(means: Floats, rows: Floats, ranked: bool = True) -> Measures:
    """Mean scores (days, measures) of so many rows each, as ranks or as shares."""
    sums = means * rows
    squares = rows * (ROW_VARIANCE + means**2) if ranked else sums
    each = means.shape[1]
    return Measures(
        names=("",) * each,
        ranked=np.full(each, ranked),
        weights=np.ones(each),
        skewness=np.zeros(each),
        rows=rows,
        sums=sums,
        squares=squares,
    )


def judged(found: Measures, reference: int) -> Floats:
    """p-values of the last day (measures,) beside the first days."""
    return doubt(Sums.of(found, slice(-1, None)), Usual.of(found, reference), found)


def days_with_alarms(p: Floats, promise: int) -> int:
    """Days on which e-BH finds a stream of a world, each stream starting anew: of (days, worlds,
    streams), as `vigil` does it with even weights."""
    evidence, alarms = np.zeros(p.shape[1:]), 0
    bar = promise * STREAMS / np.arange(1, STREAMS + 1)
    for day in np.maximum(p, LEAST_DOUBT):
        evidence = np.maximum(evidence, 1) * 0.5 / np.sqrt(day)
        ranked = -np.sort(-evidence, axis=1)
        enough = ranked >= bar
        least = np.where(enough, ranked, np.inf).min(axis=1)
        evidence = np.where(evidence >= least[:, None], 0.0, evidence)
        alarms += int(enough.any(axis=1).sum())
    return alarms


def year(days: int, unlike: float, heavy: bool) -> Floats:
    """p-values (year, worlds, streams) beside one fixed reference of so many days.

    A day's level differs by `unlike` times what its rows alone make it differ by.
    """
    rng = np.random.default_rng(days)
    error = math.sqrt(ROW_VARIANCE / 1000)
    shape = (days + YEAR, WORLDS * STREAMS)
    level = rng.standard_t(4, shape) if heavy else rng.normal(size=shape)
    means = error * (unlike * level + rng.normal(size=shape))
    found = []
    for day in range(days, days + YEAR):
        seen = np.vstack([means[:days], means[day : day + 1]])
        found.append(judged(measured(seen, np.full(seen.shape, 1000.0)), days))
    return np.array(found).reshape(YEAR, WORLDS, STREAMS)


@pytest.mark.parametrize("days", [8, 28])
@pytest.mark.parametrize(("unlike", "heavy"), [(0, False), (1, False), (2, False), (8, True)])
def test_a_year_beside_one_reference(days: int, unlike: float, heavy: bool) -> None:
    """Whether days are alike or not, one false alarm in N days at most, for N of 30 and 90.

    Beside the same 8 or 28 days for a year, in 20 streams: the reference's luck does not average
    out within a pipeline.
    """
    p = year(days, unlike, heavy)
    for promise in (30, 90):
        most = WORLDS * YEAR / promise
        assert days_with_alarms(p, promise) <= most + 3 * math.sqrt(most)


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.3])
def test_rare_rows_are_judged_exactly(share: float) -> None:
    """Evidence about a share, however rare, is no more than 1 on average beside a fixed reference.

    As a day brings 0, 1 or 2 such rows, what is normal far out would promise millions.
    """
    rng = np.random.default_rng(2)
    drawn = rng.binomial(1000, share, (28, 400)) / 1000
    evidence = []
    for _ in range(50):
        means = np.vstack([drawn, rng.binomial(1000, share, (1, 400)) / 1000])
        found = judged(measured(means, np.full(means.shape, 1000.0), ranked=False), 28)
        evidence.append((0.5 / np.sqrt(np.maximum(found, LEAST_DOUBT))).mean())
    assert np.mean(evidence) <= 1


def test_skewed_scores_are_bounded() -> None:
    """Ranks of a column that is 0 but for one row in 500 bring no more than they are worth."""
    rng = np.random.default_rng(3)
    share, level = 0.002, 0.5
    found = []
    for _ in range(200):
        ones = rng.binomial(1000, share, (29, 50)) / 1000
        made = measured(level * (ones - share), np.full(ones.shape, 1000.0))
        skewed = Measures(
            **{
                **vars(made),
                "skewness": np.full(50, (1 - 2 * share) / math.sqrt(share * (1 - share))),
                "squares": made.rows * level**2 * share * (1 - share),
            }
        )
        found.append((0.5 / np.sqrt(np.maximum(judged(skewed, 28), LEAST_DOUBT))).mean())
    assert np.mean(found) <= 1


def test_days_of_different_size() -> None:
    """A tiny day proves little, and a tiny day of the reference changes it little."""
    means = np.vstack([np.zeros((28, 1)), np.full((1, 1), 0.07)])
    rows = np.full(means.shape, 1000.0)
    large = judged(measured(means, rows), 28)[0]
    rows[-1] = 10
    small = judged(measured(means, rows), 28)[0]
    rows[-1], rows[3], means[3] = 1000, 2, 0.4
    mixed = judged(measured(means, rows), 28)[0]
    assert large < 1e-6
    assert small > 0.3
    assert mixed < 1e-6


def test_doubt_never_grows_with_distance() -> None:
    """The farther a day is from the reference's, to either side, the smaller its p-value."""
    rng = np.random.default_rng(4)
    usual = 0.01 * rng.normal(size=(28, 1)) * np.ones((28, 41))
    means = np.vstack([usual, np.linspace(-0.3, 0.3, 41)])
    p = judged(measured(means, np.full(means.shape, 1000.0)), 28)
    assert (np.diff(p[:20]) >= 0).all()
    assert (np.diff(p[21:]) <= 0).all()
    assert 0 < p.min() < 1e-6 < p.max() <= 1
