"""Sketches merge without an error of their own and stay fine where the values are."""

import doctest
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.profiles import sketch
from tasks.profiles.sketch import BINS, EMPTY, Sketch, aligned, pooled

Floats = npt.NDArray[np.float64]

FINITE = st.floats(allow_nan=False, allow_infinity=False)
COLUMN = arrays(np.float64, st.integers(0, 60), elements=FINITE)
WORLDS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy": lambda rng, n: np.exp(3 * rng.normal(size=n)),
    "whole numbers": lambda rng, n: np.floor(8 * np.abs(rng.normal(size=n))),
    "two decimals": lambda rng, n: np.round(20 * rng.normal(size=n), 2),
    "one value": lambda rng, n: np.full(n, 0.1),
    "far off": lambda rng, n: 1.7e9 + rng.random(n),
    "with a stray": lambda rng, n: np.append(1013 + 7 * rng.normal(size=n - 1), -9999.0),
}


def world(name: str, rows: int, seed: int = 1) -> Floats:
    return WORLDS[name](np.random.default_rng(seed), rows)


def plainly(values: Floats) -> Sketch:
    """The definition: the finest grid on which at most `BINS` bins are occupied."""
    bits = (values + 0.0).view(np.int64)
    keys = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    for shift in range(64):
        found, counts = np.unique(keys >> shift, return_counts=True)
        if len(found) <= BINS:
            return Sketch(shift, found, counts)
    raise AssertionError("two bins are always enough")


def test_example() -> None:
    """The examples of the docstrings are what they say."""
    assert doctest.testmod(sketch).failed == 0


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("rows", [7, 5_000, 300_000])
def test_a_sketch_is_a_function_of_its_values(name: str, rows: int) -> None:
    """However many there are and in whatever order, it is the finest grid of at most 1024 bins."""
    values = world(name, rows)
    assert Sketch.of(values) == plainly(values)
    assert Sketch.of(np.sort(values)[::-1]) == plainly(values)


@pytest.mark.parametrize("name", WORLDS)
def test_parts_merge_exactly(name: str) -> None:
    """A month of days merged, in any order, is the sketch of the month's rows."""
    values = world(name, 30_000)
    days = [Sketch.of(part) for part in np.array_split(values, 30)]
    whole = Sketch.of(values)
    folded = EMPTY
    for day in days[::-1]:
        folded = folded.merged(day)
    assert pooled(days) == folded == whole
    assert whole.total == len(values)


@given(COLUMN, COLUMN)
@settings(max_examples=60, deadline=None)
def test_any_two_merge_exactly(one: Floats, two: Floats) -> None:
    """Of any finite numbers: the merged sketch is that of both, and nothing is lost or moved."""
    both = Sketch.of(one).merged(Sketch.of(two))
    assert both == Sketch.of(np.concatenate([one, two])) == Sketch.of(two).merged(Sketch.of(one))
    found = np.repeat(both.middles, both.counts)
    assert np.array_equal(found, np.sort(np.concatenate([one, two])))


def test_the_body_stays_fine_beside_a_stray() -> None:
    """One -9999 among pressures of 1013 +- 7 leaves hundreds of bins to the pressures."""
    values = world("with a stray", 100_000)
    found = Sketch.of(values)
    assert (np.abs(found.middles - 1013) < 21).sum() > 500
    assert found.quantile(0) == pytest.approx(-9999, rel=1e-3)
    assert found.quantile(0.5) == pytest.approx(1013, abs=0.2)


@pytest.mark.parametrize("name", WORLDS)
def test_quantiles(name: str) -> None:
    """A quantile is off by at most half its bin, which is narrow beside the value."""
    values = world(name, 20_000)
    found = Sketch.of(values)
    for q in (0.0, 0.01, 0.25, 0.5, 0.9, 1.0):
        exact = float(np.quantile(values, q, method="inverted_cdf"))
        assert abs(found.quantile(q) - exact) <= abs(exact) * 2.0 ** (found.shift - 53)
    assert found.shift <= 48  # 16 bins an octave at least


def test_few_values_are_kept_as_they_are() -> None:
    """Up to 1024 different numbers are told apart to the last bit, and equal ones counted."""
    values = np.array([0.1, 0.1 + 2**-55, -0.0, 0.0, 1e308, 5e-324, -1e308])
    found = Sketch.of(values)
    assert found.middles.tolist() == [-1e308, 0.0, 5e-324, 0.1, 0.1 + 2**-55, 1e308]
    assert found.counts.tolist() == [1, 2, 1, 1, 1, 1]


def test_the_widest_bins_are_numbers() -> None:
    """On any grid, down to one bin for each sign, the middle of a bin is a finite number."""
    edge = np.finfo(np.float64).max
    found = Sketch.of(np.array([-edge, -1.0, 0.0, 1.0, edge]))
    for shift in range(64):
        coarse = found.coarsened(shift)
        assert np.isfinite(coarse.middles).all()
        assert (np.diff(coarse.middles) > 0).all()
        assert coarse.total == 5
    assert len(found.coarsened(63).keys) == 2


def test_aligned() -> None:
    """Side by side every sketch keeps its counts, on the one grid that all of them need."""
    columns = [world("normal", 2_000, seed) for seed in range(12)]
    middles, counts = aligned([Sketch.of(each) for each in columns])
    assert counts.shape == (12, len(middles))
    assert counts.sum(axis=1).tolist() == [2_000] * 12
    whole = Sketch.of(np.concatenate(columns))
    assert np.array_equal(counts.sum(axis=0), whole.counts)
    assert np.array_equal(middles, whole.middles)
    below = (counts[3] * (middles < 1)).sum()
    assert below == pytest.approx((columns[3] < 1).sum(), abs=1)


def test_nothing() -> None:
    """Of no values there are no bins, quantiles are nan, and merging it changes nothing."""
    assert np.isnan(EMPTY.quantile(0.5))
    assert Sketch.of(np.empty(0)) == EMPTY == pooled([]) == pooled([EMPTY, EMPTY])
    some = Sketch.of(np.array([2.0]))
    assert some.merged(EMPTY) == some == EMPTY.merged(some)
    middles, counts = aligned([EMPTY, some, EMPTY])
    assert (middles.tolist(), counts.tolist()) == ([2.0], [[0], [1], [0]])
    assert aligned([EMPTY]).counts.shape == (1, 0)


def test_bins_are_never_split() -> None:
    """What was dropped is not guessed: a sketch is not made finer."""
    coarse = Sketch.of(world("normal", 5_000))
    with pytest.raises(ValueError, match="cannot be told apart"):
        coarse.coarsened(coarse.shift - 1)
    assert coarse.coarsened(coarse.shift) is coarse


def test_equal_sketches() -> None:
    """Sketches are equal when all of their bins are, and equal nothing else."""
    one = Sketch.of(np.array([1.0, 2.0]))
    assert one == Sketch.of(np.array([2.0, 1.0]))
    assert one != Sketch.of(np.array([1.0, 1.0, 2.0]))
    assert one != "1.0, 2.0"
