"""Mean and spread of parts are those of the whole."""

import doctest
import math

import numpy as np
import pytest

from tasks.profiles import moments
from tasks.profiles.moments import Moments


def test_example() -> None:
    """The example of the docstring is what it says."""
    assert doctest.testmod(moments).failed == 0


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_parts_make_the_whole(offset: float) -> None:
    """Merged over 30 parts, mean and deviation are those of all rows, far from zero as well."""
    values = offset + np.random.default_rng(1).normal(3, 2, 30_000)
    found = Moments()
    for part in np.array_split(values, 30):
        found = found.merged(Moments.of(part))
    whole = Moments.of(values)
    assert (found.count, found.low, found.high) == (whole.count, whole.low, whole.high)
    assert found.mean == pytest.approx(whole.mean, rel=1e-12)
    assert found.deviation == pytest.approx(float(values.std(ddof=1)), rel=1e-6)


def test_a_constant_has_no_spread() -> None:
    """Merged as often as one likes, a constant's mean is the constant and its spread 0."""
    found = Moments()
    for rows in range(1, 50):
        found = found.merged(Moments.of(np.full(rows, 0.5)))
    assert (found.mean, found.m2, found.deviation) == (0.5, 0, 0)


def test_undefined_is_nan() -> None:
    """Nothing has no mean, and one number no deviation: neither is 0."""
    nothing, one = Moments.of(np.empty(0)), Moments.of(np.array([4.0]))
    assert nothing.count == 0
    assert all(map(math.isnan, (nothing.mean, nothing.low, nothing.high, nothing.deviation)))
    assert math.isnan(one.variance)
    assert one.merged(nothing) == nothing.merged(one) == one


def test_the_largest_floats() -> None:
    """Where sums and squares are no floats any more, the mean is one and the spread is inf."""
    edge = np.finfo(np.float64).max
    found = Moments.of(np.array([edge, edge]))
    assert (found.mean, found.m2) == (edge, 0)
    both = found.merged(Moments.of(np.array([-edge, -edge])))
    assert both.mean == 0
    assert math.isinf(both.deviation)
