"""What a redelivered partition changes for the questions that look at it, and for nobody else."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import ALL, Lake
from tasks.features.query import Days, features, known_tables
from tasks.features.redelivery import (
    GONE,
    LABEL,
    NEW,
    Redelivery,
    State,
    contents,
    replaced,
    touched,
)
from tests.features.lakes import defined, put, stock
from tests.places import folder
from tests.shop import Row, Shop, day, night

WORLD = Shop(orders_a_day=12)
OF = day(6)
THEN, NOW, TODAY = night(day(7)), night(day(30)), night(day(300))
SEEN = pd.Timedelta(days=7)
"""How far back the shop's query looks for what was judged."""

Redeliver = Callable[[str, Sequence[Row]], Redelivery]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return stock(tmp_path_factory.mktemp("days") / "lake", 1, 20, WORLD)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    return defined(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def lake(stocked: Lake, tmp_path: Path) -> Lake:
    return Lake(Path(shutil.copytree(folder(stocked.root), tmp_path / "lake")))


@pytest.fixture
def redeliver(lake: Lake) -> Redeliver:
    """Delivers the partition of `OF` again; what it held before has the version before."""

    def delivered(table: str, rows: Sequence[Row]) -> Redelivery:
        before = lake.table(table).version()
        put(lake, table, OF.isoformat(), rows)
        after = lake.table(table).version()
        assert before is not None and after is not None
        states = State(THEN, before, THEN), State(night(day(10)), after, NOW)
        return Redelivery(table, OF.isoformat(), states)

    return delivered


def flipped(row: Row) -> Row:
    return row | {"returned": "false" if row["returned"] == "true" else "true"}


def found(shop: Definition, lake: Lake, of: Redelivery) -> pd.DataFrame:
    return touched(shop, lake, of, of.states[0], NOW)


def test_a_corrected_label(shop: Definition, lake: Lake, redeliver: Redeliver) -> None:
    """Its own question has another label; later ones of the same store see another share, by the
    clock of the query and not a day longer.
    """
    rows = WORLD.returns(OF)
    of = redeliver("returns", [flipped(rows[0]), *rows[1:]])
    known = known_tables(lake, shop, Days(day(1), day(20)), NOW)
    asked = features(shop, known, Days(day(1), day(20))).set_index("order_id")
    store = asked.loc[rows[0]["order_id"], "store"]
    since = asked["asked_at"] - pd.Timestamp(rows[0]["known_at"])
    sees = (asked["store"] == store) & (since >= pd.Timedelta(0)) & (since < SEEN)
    told = found(shop, lake, of).set_index("order_id")["what"]
    labels = [name for name, what in told.items() if LABEL in what]
    inputs = [name for name, what in told.items() if "store_return_share" in what]
    assert labels == [rows[0]["order_id"]]
    assert set(inputs) == set(asked.index[sees])
    assert 0 < len(inputs) < len(asked) / 2


def test_the_same_rows_in_another_order(shop: Definition, lake: Lake, redeliver: Redeliver) -> None:
    """Delivered again and the same: nothing is another one."""
    of = redeliver("returns", WORLD.returns(OF)[::-1])
    assert found(shop, lake, of).empty


def test_other_partitions_have_no_part_in_it(
    shop: Definition, lake: Lake, redeliver: Redeliver
) -> None:
    """What was delivered again of another day is compared as it is now on both sides."""
    rows = WORLD.returns(OF)
    of = redeliver("returns", [flipped(rows[0]), *rows[1:]])
    before = found(shop, lake, of)
    later = WORLD.returns(day(8))
    put(lake, "returns", day(8).isoformat(), [flipped(row) for row in later])
    assert set(found(shop, lake, of)["order_id"]) == set(before["order_id"])


def test_questions_that_go_and_come(shop: Definition, lake: Lake, redeliver: Redeliver) -> None:
    """A question left out is gone, one that was added is new, one that was moved has another
    moment; an input of one is its own.
    """
    orders = WORLD.orders(OF)
    dear = orders[2] | {"amount": "499.99"}
    new = orders[3] | {"order_id": "late-one"}
    of = redeliver("orders", [orders[0], dear, *orders[3:], new])
    told = found(shop, lake, of).set_index("order_id")["what"]
    assert told[orders[1]["order_id"]] == {GONE: None}
    assert told["late-one"] == {NEW: None}
    assert told[orders[2]["order_id"]] == {"amount": float(orders[2]["amount"])}
    on_the_day = found(shop, lake, of).query(f"day == '{OF}'")["what"]
    assert Counter(map(tuple, on_the_day)) == {(GONE,): 1, (NEW,): 1, ("amount",): 1}


def test_days_beyond_the_look_back_are_not_read(
    shop: Definition, lake: Lake, redeliver: Redeliver
) -> None:
    """Nobody is asked about days on which the partition cannot be seen."""
    of = redeliver("returns", [flipped(row) for row in WORLD.returns(OF)])
    days = set(found(shop, lake, of)["day"])
    reach = timedelta(days=shop.pipeline.features.lookback_days + 1)
    assert max(days) <= (OF + reach).isoformat()
    assert min(days) == day(5).isoformat()  # labels of the day before were judged on it


def test_a_table_of_one_partition(tmp_path: Path, lake: Lake) -> None:
    """A table without days is replaced whole, and every day may look at it."""
    whole = defined(tmp_path / "whole", {"tables": {"returns": {"partition": None}}})
    rows = [row for number in (5, 6, 7) for row in WORLD.returns(day(number))]
    shutil.rmtree(folder(lake.root) / "returns")
    put(lake, "returns", ALL, rows)
    before = lake.table("returns").version()
    put(lake, "returns", ALL, [flipped(rows[0]), *rows[1:], *WORLD.returns(day(8))])
    assert before is not None
    of = Redelivery("returns", ALL, (State(THEN, before, THEN), State(NOW, before + 1, NOW)))
    known = known_tables(lake, whole, Days(OF, OF), NOW)
    assert known["returns"].num_rows > len(rows)
    old = replaced(whole, known, of, contents(whole, lake, of, before, NOW))
    assert old["returns"].num_rows == len(rows)
    labels = {name for name, what in found(whole, lake, of)[["order_id", "what"]].to_numpy()}
    assert labels >= {rows[0]["order_id"], *(row["order_id"] for row in WORLD.returns(day(8)))}


@pytest.mark.parametrize(
    ("as_of", "held"),
    [(THEN - timedelta(hours=1), None), (THEN, 4), (night(day(9)), 4), (night(day(10)), 9)],
)
def test_what_it_held_when(as_of: object, held: int | None) -> None:
    """A state holds from its moment to the next; before the first there is none."""
    of = Redelivery("returns", "x", (State(THEN, 4, THEN), State(night(day(10)), 9, NOW)))
    state = of.held(as_of)  # type: ignore[arg-type]  # a moment
    assert (state.version if state else None) == held


def test_what_a_reader_found_at_a_moment() -> None:
    """By the clock of those who wrote, whatever night they played."""
    of = Redelivery("returns", "x", (State(THEN, 4, NOW), State(night(day(10)), 9, TODAY)))
    moments = THEN, NOW, TODAY - timedelta(seconds=1), TODAY
    assert [state.version if state else None for state in map(of.there, moments)] == [None, 4, 4, 9]


@pytest.mark.parametrize(("version", "read"), [(3, None), (4, 4), (8, 4), (9, 9), (12, 9)])
def test_what_a_reader_of_a_version_found(version: int, read: int | None) -> None:
    """Who read the table at a version read the latest state that was there by then."""
    of = Redelivery("returns", "x", (State(THEN, 4, THEN), State(night(day(10)), 9, NOW)))
    state = of.read_by(version)
    assert (state.version if state else None) == read
