"""Profiles of parts are the profile of the whole, and say what they do not know."""

import doctest
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from tasks.errors import Terminal
from tasks.profiles import columns
from tasks.profiles.columns import (
    CATEGORIES,
    CategoricalProfile,
    NumericProfile,
    Profile,
    levelled,
    merged,
)
from tasks.profiles.frames import by_day, profiled
from tests.profiles.rows import CATEGORICAL, NUMERIC, frame


def numbers(*values: float) -> NumericProfile:
    return NumericProfile.of(np.array(values))


def test_example() -> None:
    """The example of the docstring is what it says."""
    assert doctest.testmod(columns).failed == 0


def test_numbers() -> None:
    """Missing and infinite cells are counted apart; moments and sketch are of the others."""
    found = numbers(1.0, np.nan, np.inf, 3.0, -np.inf)
    assert (found.rows, found.missing, found.infinite, found.present) == (5, 1, 2, 2)
    assert (found.moments.mean, found.sketch.total) == (2.0, 2)


@pytest.mark.parametrize("values", [(), (np.nan,), (np.nan, np.inf)])
def test_no_numbers(values: tuple[float, ...]) -> None:
    """A column without a finite number has a profile, in which nothing is defined."""
    found = numbers(*values)
    assert (found.rows, found.present, found.sketch.total) == (len(values), 0, 0)
    assert np.isnan(found.moments.mean)
    assert found.merged(numbers(2.0)).moments.mean == 2.0


def test_categories() -> None:
    """Categories are counted by name, the most frequent first, and missing ones apart."""
    found = CategoricalProfile.of({"b": 1, "a": 1, "c": 5}, missing=2)
    assert list(found.counts.items()) == [("c", 5), ("a", 1), ("b", 1)]
    assert (found.rows, found.missing, found.present, found.other) == (9, 2, 7, 0)


def test_many_categories() -> None:
    """Beyond 200 categories the rarest are counted together, and no row is lost."""
    found = CategoricalProfile.of({f"{n:03}": 300 - n for n in range(300)}, missing=4)
    assert len(found.counts) == CATEGORIES
    assert list(found.counts)[:2] == ["000", "001"]
    assert found.other == sum(300 - n for n in range(CATEGORIES, 300))
    assert sum(found.counts.values()) + found.other + found.missing == found.rows


def test_merged_counts_are_bounded() -> None:
    """After merges a category has at least its count, and at most that and all the others."""
    rng, truth, whole = np.random.default_rng(1), Counter[str](), CategoricalProfile.of({})
    for _ in range(20):
        day = Counter(map(str, rng.zipf(1.3, 2_000)))
        truth += day
        whole = whole.merged(CategoricalProfile.of(day))
    assert whole.rows == truth.total()
    assert sum(whole.counts.values()) + whole.other == truth.total()
    for name, count in whole.counts.items():
        assert count <= truth[name] <= count + whole.other
    assert list(whole.counts)[:5] == [name for name, _ in truth.most_common(5)]


def test_days_make_the_window() -> None:
    """The profile of a window merged from its days is the one made of all its rows."""
    rows = frame(30, 200)
    days = by_day(rows, NUMERIC, CATEGORICAL)
    found, whole = merged(days.values()), profiled(rows, NUMERIC, CATEGORICAL)
    assert found.rows == whole.rows == 6_000
    for name in NUMERIC:
        one, other = found.columns[name], whole.columns[name]
        assert isinstance(one, NumericProfile)
        assert isinstance(other, NumericProfile)
        assert one.sketch == other.sketch
        assert one.moments.m2 == pytest.approx(other.moments.m2)
        assert (one.rows, one.missing, one.infinite) == (other.rows, other.missing, other.infinite)
    for name in CATEGORICAL:
        assert found.columns[name] == whole.columns[name]


def test_levelled() -> None:
    """Days put on one grid merge into what they merged into, and take fewer bins."""
    days = by_day(frame(20, 300), NUMERIC, CATEGORICAL)
    level = levelled(days)
    assert merged(level.values()) == merged(days.values())
    before, after = (each[min(days)].columns["amount"] for each in (days, level))
    assert isinstance(before, NumericProfile)
    assert isinstance(after, NumericProfile)
    assert len(after.sketch.keys) < len(before.sketch.keys) == 300
    assert levelled({}) == {}


def test_columns_come_and_go() -> None:
    """A column that one part lacks is as the other has it, and says of how many rows."""
    old, new = Profile(2, {"x": numbers(1, 2)}), Profile(1, {"x": numbers(3), "y": numbers(4)})
    found = old.merged(new)
    assert found.rows == 3
    assert {name: each.rows for name, each in found.columns.items()} == {"x": 3, "y": 1}


def test_a_column_stays_what_it_is() -> None:
    """Numbers are not merged with categories."""
    one, other = Profile(1, {"x": numbers(1)}), Profile(1, {"x": CategoricalProfile.of({"1": 1})})
    for pair in ([one, other], [other, one]):
        with pytest.raises(Terminal, match="'x' is profiled as numbers here and as categories"):
            merged(pair)


def test_no_profile() -> None:
    """Of no profiles there are no rows."""
    assert merged([]) == Profile(0, {})
    made = profiled(pd.DataFrame({"x": [1.0]}), ["x"], [])
    assert merged([made]) == made
