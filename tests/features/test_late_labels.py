"""Labels that come days late, one class later than the other: half a day is never trained on."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.features.cohort import cohort, complete_days, labelled
from tasks.features.query import Days, known_tables
from tasks.features.splits import split, training_days
from tests.features.lakes import defined, put
from tests.shop import Row, Shop, day, night

WORLD = Shop(orders_a_day=40)
WAIT = 4
"""Days until every label has come: what was kept is known the same day, what came back later."""

LAST = 26
NIGHTS = range(20, LAST + 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    described = {"label": {"complete_after_days": WAIT}}
    return defined(tmp_path_factory.mktemp("late"), described)


@dataclass(frozen=True)
class World:
    """A lake that was filled day by day, and what version its tables had in the nights between."""

    lake: Lake
    versions: Mapping[int, Mapping[str, int]]

    def as_of(self, number: int) -> Lake:
        """The lake as it was in the night of a day."""
        return self.lake.at(self.versions[number])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Orders of every day, and the labels that came on it."""
    lake, versions = Lake(tmp_path_factory.mktemp("lake")), {}
    arriving = defaultdict[date, list[Row]](list)
    for number in range(1, LAST + WAIT + 1):
        if number <= LAST:
            put(lake, "orders", day(number).isoformat(), WORLD.orders(day(number)))
            for row in _judged(number):
                arriving[date.fromisoformat(row["judged_date"])].append(row)
        put(lake, "returns", day(number).isoformat(), arriving[day(number)])
        versions[number + 1] = {name: _version(lake, name) for name in ("orders", "returns")}
    return World(lake, versions)


def _judged(number: int) -> Iterator[Row]:
    """The labels of a day's orders, each with the day on which it comes."""
    for row in (*WORLD.returns(day(number)), *WORLD.returns(day(number + 1))):
        if row["order_id"].startswith(day(number).isoformat()):
            of = day(number + _delay(row))
            yield row | {"judged_date": of.isoformat(), "known_at": f"{of}T22:00:00Z"}


def _version(lake: Lake, name: str) -> int:
    version = lake.table(name).version()
    assert version is not None
    return version


def _delay(row: Row) -> int:
    """Days until a label comes: up to `WAIT` for what came back, none for what was kept."""
    number = int(row["order_id"].rpartition("-")[2])
    return 1 + number % WAIT if row["returned"] == "true" else 0


def shares(rows: pd.DataFrame) -> "pd.Series[float]":
    """What share of each day's rows came back."""
    return rows.groupby("day")["returned"].mean()


@pytest.fixture(scope="module")
def truth(shop: Definition, world: World) -> pd.DataFrame:
    """Every question with the label that it got in the end."""
    window = Days(day(1), day(LAST))
    return labelled(shop, known_tables(world.lake, shop, window, night(day(40))), window)


@pytest.mark.parametrize("number", NIGHTS)
def test_no_training_row_is_of_an_incomplete_day(
    shop: Definition, world: World, truth: pd.DataFrame, number: int
) -> None:
    """As of any night, each day that is trained or judged on has all labels it will ever have."""
    as_of = night(day(number))
    then = world.as_of(number)
    built = cohort(shop, then, training_days(shop, then, as_of), as_of)
    parted = split(built, None)
    ever = Counter(truth["day"])
    for rows in (parted.training, parted.holdout):
        assert len(rows)
        assert all(ever[of] == count for of, count in Counter(rows["day"]).items())
    newest = max(date.fromisoformat(of) for of in built.frame["day"])
    assert newest == day(number) - timedelta(days=WAIT + 1)


def test_what_would_have_been_trained_on(
    shop: Definition, world: World, truth: pd.DataFrame
) -> None:
    """All labels seen so far are no sample of all: what came back is missing from the last days."""
    as_of, window = night(day(LAST)), Days(day(1), day(LAST - 1))
    then = world.as_of(LAST)
    seen = labelled(shop, known_tables(then, shop, window, as_of), window)
    waiting = [day(LAST - n).isoformat() for n in range(1, WAIT + 1)]
    assert shares(seen)[waiting].mean() < 0.6 * shares(truth)[waiting].mean()
    complete = [each.isoformat() for each in complete_days(shop, then, as_of)]
    assert not set(complete) & set(waiting)
    assert shares(seen)[complete].equals(shares(truth)[complete])


def test_a_file_that_is_late_holds_its_days_back(shop: Definition, tmp_path: Path) -> None:
    """Time alone makes no day complete: while a file of labels is missing, its days wait."""
    as_of, missing = night(day(22)), day(14)
    then = Lake(tmp_path / "gap")
    for number in range(1, 22):
        of = day(number).isoformat()
        put(then, "orders", of, WORLD.orders(day(number)))
        if day(number) != missing:
            put(then, "returns", of, WORLD.returns(day(number)))
    waiting = {missing - timedelta(days=n) for n in range(WAIT + 1)}
    days = complete_days(shop, then, as_of)
    assert not set(days) & waiting
    assert days[-1] == day(22) - timedelta(days=WAIT + 1)
