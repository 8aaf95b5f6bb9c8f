"""Held rows wait, and go back into the lake when someone says so."""

from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.compute as pc
import pytest

from tasks.data.lake import Read
from tasks.errors import Terminal
from tasks.quality.admission import Desk
from tasks.quality.release import release
from tasks.records import Held
from tests.quality.orders import ORDERS, TODAY, Row, deliver, row, rows, written

RELEASED_AT = datetime(2013, 2, 17, 9, 0, tzinfo=UTC)


def held(shop: Desk, *changes: Row, more: tuple[Row, ...] = ()) -> list[Held]:
    """Admit today with the first rows changed; what is held of it."""
    content = written([*rows(changed=dict(enumerate(changes))), *more])
    assert not shop.admit(deliver(shop, content)).message
    return shop.quarantine.held("orders", TODAY)


def test_a_released_row_is_known_from_its_release_on(shop: Desk) -> None:
    """Expectations are overruled; who asks for an earlier time does not see the row."""
    waiting = held(shop, {"quantity": "-1"})
    delivery = shop.lake.table("orders").delivery_of(TODAY)
    assert release(shop, waiting, RELEASED_AT) == 1
    orders = shop.lake.table("orders")
    back = orders.read(Read(first=TODAY, last=TODAY))
    first = back.to_pylist()[0]
    assert (first["quantity"], first["_row"], first["known_at"]) == (-1, 0, RELEASED_AT)
    assert first["_delivery"] == orders.delivery_of(TODAY) == delivery
    assert back.num_rows == ORDERS
    earlier = Read(first=TODAY, last=TODAY, known_by=datetime(2013, 2, 16, tzinfo=UTC))
    assert orders.read(earlier).num_rows == ORDERS - 1
    assert shop.quarantine.held() == []
    (released,) = shop.quarantine.held(include_released=True)
    assert released == replace(waiting[0], released_at=RELEASED_AT)


def test_releasing_again_changes_nothing(shop: Desk) -> None:
    """A second release, with the same list of rows, leaves lake and quarantine as they are."""
    waiting = held(shop, {"quantity": "-1"}, {"quantity": "-2"})
    release(shop, waiting, RELEASED_AT)
    version = shop.lake.table("orders").version()
    marked = shop.quarantine.held(include_released=True)
    assert release(shop, waiting, datetime(2013, 2, 18, tzinfo=UTC)) == 0
    assert shop.lake.table("orders").version() == version
    assert shop.quarantine.held(include_released=True) == marked


def test_a_release_that_was_killed_is_finished_by_the_next(shop: Desk) -> None:
    """Killed after the lake and before the mark, releasing again only marks."""
    waiting = held(shop, {"quantity": "-1"})
    release(shop, waiting, RELEASED_AT)
    shop.quarantine.hold(waiting[0].delivery, waiting)
    before = shop.lake.table("orders").read()
    release(shop, waiting, RELEASED_AT)
    assert shop.lake.table("orders").read() == before
    assert shop.quarantine.held() == []


@pytest.mark.parametrize(
    ("change", "more", "says"),
    [
        ({"quantity": "many"}, (), "orders/2013-02-14 row 0: still type:quantity"),
        ({"known_at": "2013-03-01T00:00:00Z"}, (), "row 0: still known_in_future"),
        ({}, (row(5),), "row 20: the partition already has a row of order_id = 2013-02-14-005"),
    ],
)
def test_a_row_that_cannot_go_back_is_named(
    change: Row, more: tuple[Row, ...], says: str, shop: Desk
) -> None:
    """A row that still cannot be read, or doubles a key, stays held, and so do all with it."""
    waiting = held(shop, change, {"quantity": "-1"}, more=more)
    before = shop.lake.table("orders").version()
    with pytest.raises(Terminal, match=says):
        release(shop, waiting, RELEASED_AT)
    assert shop.lake.table("orders").version() == before
    assert shop.quarantine.held() == waiting


def test_one_of_two_conflicting_rows_can_be_chosen(shop: Desk) -> None:
    """Of two rows of one key, both held, either may be released, but not both."""
    waiting = held(shop, more=(row(5, category="toys"),))
    assert [each.reasons for each in waiting] == [("conflicting_key",)] * 2
    with pytest.raises(Terminal, match="conflicting_key"):
        release(shop, waiting, RELEASED_AT)
    release(shop, waiting[1:], RELEASED_AT)
    chosen = shop.lake.table("orders").read(Read(("category",), TODAY, TODAY))
    assert chosen["category"][-1].as_py() == "toys"
    with pytest.raises(Terminal, match="already has a row"):
        release(shop, waiting[:1], RELEASED_AT)


def test_rows_that_fit_no_columns_stay(shop: Desk) -> None:
    """A line with a field too many has no columns to go back to; its text is kept."""
    content = written(rows()) + b"a,b\n"
    shop.admit(deliver(shop, content))
    (waiting,) = shop.quarantine.held()
    assert waiting.payload == {"_line": "a,b"}
    with pytest.raises(Terminal, match="row 20: it does not have the table's columns"):
        release(shop, [waiting], RELEASED_AT)


def test_only_held_rows_can_be_released(shop: Desk) -> None:
    """A row that nobody holds is refused by name."""
    (waiting,) = held(shop, {"quantity": "-1"})
    with pytest.raises(Terminal, match="orders/2013-02-14 row 7: not in quarantine"):
        release(shop, [replace(waiting, row=7)], RELEASED_AT)


def test_rows_are_found_by_table_and_partition(shop: Desk) -> None:
    """Held rows can be asked for by table and by partition; others are not told."""
    waiting = held(shop, {"quantity": "-1"})
    assert shop.quarantine.held("orders") == waiting
    assert shop.quarantine.held("other") == []
    assert shop.quarantine.held("orders", "2013-02-13") == []


def test_a_correction_leaves_rows_held_of_the_first_delivery(shop: Desk) -> None:
    """What the first delivery had held stays listed when a correction replaces the partition."""
    waiting = held(shop, {"quantity": "-1"})
    corrected = shop.admit(deliver(shop, written(rows()), f"{TODAY}.r2.csv"))
    assert (corrected.rows, corrected.held) == (ORDERS, 0)
    assert shop.quarantine.held() == waiting
    with pytest.raises(Terminal, match="already has a row"):
        release(shop, waiting, RELEASED_AT)
    days = shop.lake.table("orders").read(Read(("day",)))["day"]
    assert pc.count(days).as_py() == 2 * ORDERS
