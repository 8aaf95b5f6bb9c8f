"""A day is told apart from days that were like each other, whatever kind of column it is."""

import doctest
import math
from collections.abc import Callable

import numpy as np
import pytest

from config.watch import Drift
from tasks.drift import distance
from tasks.drift.distance import LEAST_DOUBT, Compared, compared
from tasks.profiles.columns import CategoricalProfile, ColumnProfile, NumericProfile
from tests.drift.watched_days import Floats, categories, numbers

DAYS, ROWS = 28, 1000
Change = Callable[[Floats, np.random.Generator], Floats]
AIRLINES = {"AA": 0.4, "UA": 0.3, "DL": 0.2, "B6": 0.09, "OO": 0.01}


def usual(seed: int = 0, rows: int = ROWS) -> list[NumericProfile]:
    rng = np.random.default_rng(seed)
    return [numbers(rng.normal(size=rows)) for _ in range(DAYS)]


def changed(change: Change, seed: int = 1) -> Compared:
    rng = np.random.default_rng(seed)
    return compared(numbers(change(rng.normal(size=ROWS), rng)), usual())


def with_nulls(values: Floats, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(len(values)) < 0.05, np.nan, values)


def test_example() -> None:
    """The example of the docstring is what it says."""
    assert doctest.testmod(distance).failed == 0


@pytest.mark.parametrize(
    ("change", "measures"),
    [
        (lambda x, _: x + 0.5, {"rank", "tenth 1", "tenth 10"}),
        (lambda x, _: 1.5 * x, {"spread", "tenth 1", "tenth 10"}),
        (lambda x, _: 1.8 * x + 32, {"tenth 10"}),
        (lambda x, _: np.where(np.arange(len(x)) < 80, 0.0, x), {"tenth 5", "tenth 6"}),
        (with_nulls, {"missing"}),
        (lambda x, _: np.where(np.arange(len(x)) < 50, np.inf, x), {"missing"}),
        (lambda x, _: np.full(len(x), np.nan), {"missing"}),
    ],
    ids=["shift", "spread", "unit", "spike", "nulls", "infinite", "all null"],
)
def test_a_change_is_found_and_named(change: Change, measures: set[str]) -> None:
    """One day of a changed column of numbers is enough, and it is said what has changed."""
    found = changed(change)
    assert found.p < 1e-6
    assert found.matters
    assert found.measure in measures


def test_the_same_is_not_a_change() -> None:
    """Days like the reference's are worth less than a bet, and constants nothing at all."""
    evidence = [compared(each, usual()).e for each in usual(seed=2)]
    assert np.mean(evidence) < 1
    constant = [numbers(np.full(ROWS, 7.0))] * DAYS
    assert compared(constant[0], constant).p == 1
    assert compared(numbers(np.full(ROWS, 8.0)), constant).p == LEAST_DOUBT


def test_effects_have_their_units() -> None:
    """Half a standard deviation is 0.138 of rank, and every fifth null a share of 0.2."""
    rng = np.random.default_rng(4)
    base = [numbers(rng.normal(size=20_000)) for _ in range(DAYS)]
    shifted = compared(numbers(rng.normal(size=20_000) + 0.5), base)
    tenths = compared(
        numbers(np.where(np.arange(20_000) % 5, rng.normal(size=20_000), np.nan)), base
    )
    assert shifted.effect in (
        pytest.approx(0.138, abs=0.008),  # P(now > then) - 1/2 = Phi(0.5 / sqrt(2)) - 1/2
        pytest.approx(0.117, abs=0.008),  # or the share of the topmost tenth, beyond a tenth
    )
    assert (tenths.effect, tenths.unit, tenths.floor) == (0.2, "share", Drift().share_floor)


def test_what_is_constant_within_a_day_is_no_news() -> None:
    """The weekday, the same in all rows of a day, is as unlike other days as they are."""
    weekdays = [numbers(np.full(ROWS, day % 7)) for day in range(DAYS)]
    assert all(compared(weekdays[day], weekdays).e < 1 for day in range(7))
    named = [CategoricalProfile.of({"MTWtFSs"[day % 7]: ROWS}) for day in range(DAYS)]
    assert all(compared(named[day], named).e < 1 for day in range(7))


def test_days_that_differ_are_needed_to_differ_more() -> None:
    """The same shift is plain beside days that are alike and nothing beside days that are not."""
    rng = np.random.default_rng(5)
    moved = numbers(rng.normal(size=ROWS) + 0.3)
    unlike = [numbers(rng.normal(size=ROWS) + 0.3 * rng.normal()) for _ in range(DAYS)]
    assert compared(moved, usual()).p < 1e-4
    assert compared(moved, unlike).p > 0.2


@pytest.mark.parametrize(
    ("shares", "measures"),
    [
        ({**AIRLINES, "ZZ": 0.02}, {"unseen"}),
        ({**AIRLINES, "AA": 0.2, "UA": 0.5}, {"AA", "UA"}),
        ({**AIRLINES, "B6": 0.0, "AA": 0.49}, {"B6"}),
    ],
)
def test_categories(shares: dict[str, float], measures: set[str]) -> None:
    """A category that appears, grows or goes is found; one row of a new one is not enough."""
    reference = [categories(AIRLINES, ROWS, seed) for seed in range(DAYS)]
    total = sum(shares.values())
    day = categories({name: share / total for name, share in shares.items()}, ROWS, 99)
    found = compared(day, reference)
    assert found.measure in measures
    assert found.p < 0.01
    assert compared(categories(AIRLINES, ROWS, 98), reference).p > 0.2
    single = CategoricalProfile.of({**reference[0].counts, "ZZ": 1})
    assert compared(single, reference).e < 1.5


def test_many_valued_categories_are_quiet() -> None:
    """New values every day are no news where every day brings some, and more than 200 of them."""
    rng = np.random.default_rng(6)

    def day() -> ColumnProfile:
        drawn = np.floor(2000 * rng.random(ROWS) ** 2).astype(int)
        names, counts = np.unique(drawn, return_counts=True)
        return CategoricalProfile.of({f"N{n}": int(c) for n, c in zip(names, counts, strict=True)})

    reference = [day() for _ in range(DAYS)]
    assert np.mean([compared(day(), reference).e for _ in range(60)]) < 0.8


@pytest.mark.parametrize(
    ("day", "reference", "reason"),
    [
        (numbers([]), usual(), "no rows on this day"),
        (numbers([1.0]), usual()[:3], "3 of at least 8 days"),
        (numbers([math.nan]), [numbers([math.nan])] * 9, "no value on this day nor"),
        (CategoricalProfile.of({"a": 1}), usual(), "numbers on some days and categories on others"),
        (numbers([1.0]), [], "0 of at least 8 days"),
    ],
)
def test_nothing_to_compare(
    day: ColumnProfile, reference: list[ColumnProfile], reason: str
) -> None:
    """Where nothing can be compared all is nan, with a reason, and never "no drift"."""
    found = compared(day, reference)
    assert math.isnan(found.p)
    assert math.isnan(found.e)
    assert reason in found.reason
    assert not found.matters


def test_days_without_rows_are_no_days_of_a_reference() -> None:
    """Eight days of a reference are eight days that have rows."""
    short = [*usual()[:7], *[numbers([])] * 10]
    assert "7 of at least 8 days" in compared(usual()[0], short).reason


def test_trivia_do_not_matter_however_sure() -> None:
    """A shift of 0.02 standard deviations over 100,000 rows a day is certain, and no matter."""
    rng = np.random.default_rng(7)
    reference = [numbers(rng.normal(size=100_000)) for _ in range(10)]
    found = [compared(numbers(rng.normal(size=100_000) + 0.02), reference) for _ in range(3)]
    assert all(each.p < 0.1 for each in found)
    assert not any(each.matters for each in found)
