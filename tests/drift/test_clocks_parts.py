"""What the clocks are made of: metrics of uncertain rows, calibration, delays, blocks of days."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from config.values import Metric
from tasks.drift.clocks.arrival import arrivals, kaplan_meier
from tasks.drift.clocks.blocks import Window, drawn, limits
from tasks.drift.clocks.calibration import calibrated
from tasks.drift.clocks.counted import Counted, value, values
from tasks.evaluation.intervals import Resampling
from tasks.evaluation.metrics import measure

METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss", "brier")
PLAN = Resampling(resamples=400)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=40),
    st.sampled_from(METRICS),
)
@settings(max_examples=60, deadline=None)
def test_known_labels(rows: list[tuple[bool, int]], metric: Metric) -> None:
    """Rows that count fully as one class have the metric of those labels, undefined as theirs."""
    y = np.array([label for label, _ in rows], dtype=float)
    p = np.array([said for _, said in rows]) / 20
    assert value(metric, Counted(p, y, 1 - y)) == pytest.approx(measure(metric, y, p), nan_ok=True)


def test_expected_labels() -> None:
    """Rows that count by their probability have the mean metric over all labels they may have."""
    p = np.array([0.1, 0.4, 0.4, 0.7, 0.9])
    drawn_labels = np.random.default_rng(0).random((4000, 400)) < np.tile(p, 80)
    said = np.tile(p, 80)
    for metric in METRICS:
        mean = np.mean([measure(metric, y, said) for y in drawn_labels[:300]])
        assert value(metric, Counted(said, said, 1 - said)) == pytest.approx(mean, abs=0.004)


@pytest.mark.parametrize("metric", METRICS)
def test_draws_of_units(metric: Metric) -> None:
    """A draw has the metric of its units' rows, each as often as it was drawn."""
    rng = np.random.default_rng(1)
    units, p, y = (
        np.repeat(np.arange(4), 30),
        rng.random(120),
        rng.integers(0, 2, 120).astype(float),
    )
    taken = np.array([[0, 1, 2, 3], [1, 1, 3, 1]])
    told = values(metric, Counted(p, y, 1 - y), units, taken)
    for draw, found in zip(taken, told, strict=True):
        rows = np.concatenate([np.flatnonzero(units == unit) for unit in draw])
        assert found == pytest.approx(measure(metric, y[rows], p[rows]))


def test_nothing_counts() -> None:
    """Without rows, or with none that counts, there is no metric and no share."""
    nothing = np.zeros(3)
    for rows in (
        Counted(nothing[:0], nothing[:0], nothing[:0]),
        Counted(nothing, nothing, nothing),
    ):
        assert all(math.isnan(value(metric, rows)) for metric in METRICS)
        assert math.isnan(rows.share)


def test_calibration() -> None:
    """Scores that claim too much, too little or the wrong share come to mean what they say."""
    rng = np.random.default_rng(2)
    odds = rng.normal(-1, 1, 20_000)
    y = rng.random(20_000) < expit(odds)
    for said in (expit(3 * odds), expit(0.4 * odds), expit(odds + 2)):
        assert calibrated(y, said).of(said) == pytest.approx(expit(odds), abs=0.05)


def test_calibration_never_falls() -> None:
    """Scores that are the wrong way round, or mean nothing, are all given the label's share."""
    rng = np.random.default_rng(3)
    p = rng.random(5000)
    turned = calibrated(rng.random(5000) < 1 - p, p).of(np.array([0.05, 0.5, 0.95]))
    assert turned == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("label", [0, 1])
def test_calibration_of_one_class(label: int) -> None:
    """One class, one score, or the ends of the scale are no reason to fail."""
    p = np.array([0.0, 0.2, 1.0] * 50)
    found = calibrated(np.full(150, label), p).of(p)
    assert np.isfinite(found).all()
    assert ((found > 0) & (found < 1)).all()
    assert abs(found.mean() - label) < 0.1


def test_calibration_by_weight() -> None:
    """A row that counts twice is as good as two rows."""
    rng = np.random.default_rng(4)
    p, y = rng.random(300), rng.integers(0, 2, 300)
    twice = calibrated(y, p, np.where(np.arange(300) < 100, 2.0, 1.0))
    both = calibrated(np.r_[y, y[:100]], np.r_[p, p[:100]])
    assert twice.of(p) == pytest.approx(both.of(p), abs=1e-6)


def test_kaplan_meier_of_what_is_waited_for() -> None:
    """Waiting in vain is told from never arriving: the curve is that of the true delays."""
    rng = np.random.default_rng(5)
    delays, until = rng.exponential(10, 20_000), rng.uniform(0, 40, 20_000)
    curve = kaplan_meier(np.minimum(delays, until), delays <= until)
    ages = np.array([2.0, 10.0, 25.0])
    assert curve.at(ages) == pytest.approx(1 - np.exp(-ages / 10), abs=0.02)
    naive = (delays <= until).mean()
    assert abs(naive - curve.at(np.array([40.0]))[0]) > 0.1


def test_arrivals_by_class_and_score() -> None:
    """Each class in each score bin has its own curve, and its class's where it has few labels."""
    rng = np.random.default_rng(6)
    p = rng.random(10_000)
    y = rng.random(10_000) < p * 0.4
    delays = rng.exponential(np.where(y, 30.0, np.where(p < 0.5, 2.0, 8.0)))
    learned = arrivals(y, p, delays)
    assert learned is not None
    at, low, high = np.array([8.0]), np.array([0.1]), np.array([0.9])
    assert learned.share(1, high, at)[0] == pytest.approx(1 - math.exp(-8 / 30), abs=0.04)
    assert learned.share(0, low, at)[0] == pytest.approx(1 - math.exp(-4), abs=0.04)
    assert learned.share(0, high, at)[0] == pytest.approx(1 - math.exp(-1), abs=0.04)
    few = arrivals(p < 0.003, p, delays)
    assert few is not None
    assert few.share(1, low, at) == few.share(1, high, at)


def test_blocks_keep_neighbours() -> None:
    """Consecutive days are drawn together, every day as often as every other."""
    taken = drawn(Window(7, 28, 28), Resampling(resamples=4000))
    assert taken.shape == (4000, 7)
    assert (np.diff(taken, axis=1)[:, :2] % 28 == 1).all()
    assert np.bincount(taken.ravel()) == pytest.approx(1000, rel=0.15)


def test_limits_of_nothing() -> None:
    """No value has no limits, nor has one whose errors are mostly undefined."""
    window, errors = Window(7, 28, 28), np.random.default_rng(7).normal(size=400)
    assert math.isnan(limits(math.nan, errors, window, PLAN).low)
    torn = np.where(np.arange(400) < 40, math.nan, errors)
    assert math.isnan(limits(0.5, torn, window, PLAN).low)
    assert limits(0.5, torn, window, PLAN).value == 0.5
    found = limits(0.5, errors, window, PLAN)
    assert found.low < 0.5 < found.high


def test_fewer_days_wider_limits() -> None:
    """The fewer days were learned from, the less sure: also where weights leave few."""
    errors = np.random.default_rng(8).normal(size=400)
    widths = [
        (found := limits(0.0, errors, Window(7, 28, left), PLAN)).high - found.low
        for left in (28, 14, 6)
    ]
    assert widths == sorted(widths)
