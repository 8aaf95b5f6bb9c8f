"""Columns that broke on some days: nulls, another unit, names never seen; seasons are none."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tasks.drift.faults import Fault, Kind, faults
from tasks.profiles.columns import Profile
from tasks.profiles.frames import by_day

FIRST = date(2024, 1, 1)
NUMERIC, CATEGORICAL = ["warmth", "sight", "price"], ["shop"]
BEFORE, WINDOW = 28, 7

Plant = Callable[[pd.DataFrame], pd.DataFrame]


def rows(days: int, seed: int, step: float = 0.0) -> pd.DataFrame:
    """Days of 200 rows, each with a weather of its own; `step` degrees warmer every day."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), 200)
    number = len(day)
    return pd.DataFrame(
        {
            "day": [(FIRST + timedelta(int(n))).isoformat() for n in day],
            "warmth": 50 + step * day + rng.normal(0, 8, days)[day] + rng.normal(0, 6, number),
            "sight": np.where(rng.random(number) < 0.9, 10.0, rng.uniform(0, 10, number)),
            "price": np.where(rng.random(number) < 0.05, np.nan, rng.lognormal(3, 0.6, number)),
            "shop": rng.choice(["north", "south", "west"], number),
        }
    )


def found(plant: Plant | None = None, days: int = 1, seed: int = 1) -> tuple[Fault, ...]:
    """Faults of the window when its last `days` are planted."""
    made = rows(BEFORE + WINDOW, seed)
    if plant is not None:
        broken = made["day"] > (FIRST + timedelta(BEFORE + WINDOW - days - 1)).isoformat()
        made = pd.concat([made[~broken], plant(made[broken].copy())])
    return split(made)


def split(made: pd.DataFrame) -> tuple[Fault, ...]:
    profiles: Mapping[date, Profile] = by_day(made, NUMERIC, CATEGORICAL)
    days = sorted(profiles)
    window = {day: profiles[day] for day in days[BEFORE:]}
    return faults(window, {day: profiles[day] for day in days[:BEFORE]})


def test_nothing_is_wrong() -> None:
    """Days that differ as days do have no fault, over many seeds."""
    assert [each for seed in range(15) for each in found(seed=seed)] == []


def test_null_burst() -> None:
    """A column that loses half its values on a day is told with both shares."""

    def emptied(broken: pd.DataFrame) -> pd.DataFrame:
        return broken.assign(price=broken["price"].where(np.arange(len(broken)) % 2 == 0))

    (fault,) = found(emptied)
    assert (fault.column, fault.kind, len(fault.days)) == ("price", Kind.NULLS, 1)
    assert fault.now > 0.45
    assert fault.usual < 0.12
    assert "of price are null" in fault.told


@pytest.mark.parametrize(
    ("column", "change", "told"),
    [
        ("warmth", lambda values: (values - 32) / 1.8, "Celsius for Fahrenheit"),
        ("warmth", lambda values: values / 10, "a power of ten"),
        ("sight", lambda values: values * 1.609344, "miles and kilometres"),
        ("price", lambda values: values * 100, "a power of ten"),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_unit_change(
    column: str, change: Callable[["pd.Series[float]"], "pd.Series[float]"], told: str, seed: int
) -> None:
    """Another unit is recognised, and named, whether it is a factor or has another zero."""
    (fault,) = found(lambda broken: broken.assign(**{column: change(broken[column])}), seed=seed)
    assert (fault.column, fault.kind) == (column, Kind.UNIT)
    assert told in fault.told
    assert fault.beyond or column == "warmth"


def test_zeros_have_no_unit() -> None:
    """A column that was zero on every day before is not told as another unit, nor warned of."""
    made = rows(BEFORE + WINDOW, 1)
    assert split(made.assign(sight=0.0)) == ()
    late = made["day"] > (FIRST + timedelta(BEFORE)).isoformat()
    assert split(made.assign(sight=np.where(late, made["sight"], 0.0))) == ()


def test_unseen_category() -> None:
    """Names that no day before had, as after a change of spelling, are told by name."""
    (fault,) = found(lambda broken: broken.assign(shop=broken["shop"].str.upper()))
    assert (fault.kind, fault.now, fault.usual) == (Kind.UNSEEN, 1.0, 0.0)
    assert "'NORTH'" in fault.told


def test_columns_with_new_names_every_day_have_them_usually() -> None:
    """Where a day's names are always new, as of parcels, new names are no fault."""
    made = rows(BEFORE + WINDOW, 1)
    made["shop"] = made["day"] + "-" + (np.arange(len(made)) % 50).astype(str)
    assert split(made) == ()


def test_confined_is_a_minority_of_days() -> None:
    """Three of seven days are a broken partition or two, four are how the column is now."""

    def nothing(broken: pd.DataFrame) -> pd.DataFrame:
        return broken.assign(price=np.nan)

    assert [fault.confined for fault in found(nothing, days=3)] == [True]
    assert [fault.confined for fault in found(nothing, days=4)] == [False]


def test_a_season_is_no_fault() -> None:
    """Half a degree a day for months moves everything, and is neither unit nor null."""
    assert split(rows(BEFORE + WINDOW, 5, step=0.5)) == ()


def test_hostile_profiles() -> None:
    """Empty days, columns that are gone, all null or constant, and too few days tell nothing."""
    made = rows(BEFORE + WINDOW, 6)
    profiles = by_day(made, NUMERIC, CATEGORICAL)
    days = sorted(profiles)
    before = {day: profiles[day] for day in days[:BEFORE]}
    window = {day: profiles[day] for day in days[BEFORE:]}
    assert faults({}, before) == ()
    assert faults(window, {}) == ()
    assert faults(window, dict(list(before.items())[:7])) == ()
    assert faults({days[-1]: Profile()}, before) == ()
    fewer = {name: each for name, each in profiles[days[-1]].columns.items() if name != "price"}
    assert faults({days[-1]: Profile(200, fewer)}, before) == ()
    constant = made.assign(warmth=1.0, price=np.nan, sight=np.inf)
    assert split(constant) == ()
