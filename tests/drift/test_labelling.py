"""On which night a label was there: by what the source knew, and by what had been sent."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.drift.labelling import label_days
from tasks.features.query import Days, questions
from tasks.records import Admission, Delivery, Outcome
from tests.features.lakes import defined, put, stock
from tests.shop import Shop, day, night

WORLD = Shop(orders_a_day=20)


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    return defined(tmp_path)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return stock(tmp_path / "lake", 1, 7, WORLD)


def asked(shop: Definition, lake: Lake, as_of: datetime) -> pd.DataFrame:
    """The key and day of every order known by then."""
    found = questions(shop, lake, Days(day(1), day(7)), as_of)
    return found[["order_id", "day"]]


def sent(partition: int, at: datetime, outcome: Outcome = Outcome.ACCEPTED) -> Admission:
    name = day(partition).isoformat()
    return Admission(Delivery("returns", name, f"returns/{name}.csv", at, "a" * 64, 1), outcome)


def test_each_day_has_had_its_nights(shop: Definition, lake: Lake) -> None:
    """Days are counted after every night up to the one that completes them, and no later one."""
    as_of = night(day(6))
    rows = asked(shop, lake, as_of)
    told = label_days(shop, lake, rows, (), as_of)
    nights = {each.day: len(each.arrived) for each in told}
    assert nights[day(1)] == nights[day(4)] == 2
    assert nights[day(5)] == 1
    assert sum(each.asked for each in told) == len(rows)
    assert all(list(each.arrived) == sorted(each.arrived) for each in told)
    assert told[0].arrived[-1] == told[0].asked


def test_the_future_is_not_counted(shop: Definition, lake: Lake) -> None:
    """As of a moment, a day has the labels that it had then, whatever came since."""
    rows = asked(shop, lake, night(day(7)))
    later = {e.day: e for e in label_days(shop, lake, rows, (), night(day(7)))}
    rows = rows[rows["day"] < day(5).isoformat()]
    for each in label_days(shop, lake, rows, (), night(day(5))):
        assert each.arrived == later[each.day].arrived[: len(each.arrived)]


def test_labels_that_were_sent_late(shop: Definition, lake: Lake) -> None:
    """A file that came days after its rows were known counts from the night after it came."""
    as_of = night(day(7))
    rows = asked(shop, lake, as_of)
    rows = rows[rows["day"] == day(2).isoformat()]
    (punctual,) = label_days(shop, lake, rows, (), as_of)
    late = [sent(n, night(day(4)) + timedelta(hours=1)) for n in (2, 3, 4)]
    (told,) = label_days(shop, lake, rows, late, as_of)
    assert punctual.arrived[-1] == punctual.asked
    assert told.arrived == (0, 0)
    refused = [sent(n, night(day(4)), Outcome.REFUSED) for n in (2, 3, 4)]
    assert label_days(shop, lake, rows, refused, as_of) == (punctual,)
    again = [*late, *(sent(n, night(day(2))) for n in (2, 3, 4))]
    assert label_days(shop, lake, rows, again, as_of) == (punctual,)


def test_lost_labels(shop: Definition, lake: Lake) -> None:
    """A label that never came is asked for and not there."""
    as_of = night(day(7))
    rows = asked(shop, lake, as_of)
    rows = rows[rows["day"] == day(2).isoformat()]
    for n in (2, 3, 4):
        returns = WORLD.returns(day(n))
        put(lake, "returns", day(n).isoformat(), returns[: len(returns) // 2])
    (told,) = label_days(shop, lake, rows, (), as_of)
    assert 0 < told.arrived[-1] < told.asked


def test_nothing_was_asked(shop: Definition, lake: Lake) -> None:
    """Without a prediction there is no day."""
    rows = asked(shop, lake, night(day(7))).head(0)
    assert label_days(shop, lake, rows, (), night(day(7))) == ()
