"""The desk: what becomes of a delivery, of a second one, and of one that was interrupted."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from config.expectations import Suite
from tasks.data.lake import Read
from tasks.errors import Conflict
from tasks.quality.admission import Desk
from tasks.records import Outcome
from tests.quality.orders import (
    ORDERS,
    SUITE,
    TABLE,
    TODAY,
    YESTERDAY,
    deliver,
    desk,
    expect,
    rows,
    written,
)

ONE_HELD = written(rows(changed={3: {"quantity": "-1", "note": "<b>bold</b>"}}))
CORRECTED_AT = datetime(2013, 2, 16, 1, 0, tzinfo=UTC)


def today(shop: Desk, *columns: str) -> pa.Table:
    return shop.lake.table("orders").read(Read(columns or None, first=TODAY, last=TODAY))


def test_a_held_row_is_kept_as_it_was_delivered(shop: Desk) -> None:
    """A held row says where it came from, why, and what it was, to the letter."""
    delivery = deliver(shop, ONE_HELD)
    shop.admit(delivery)
    (held,) = shop.quarantine.held()
    assert (held.table, held.partition, held.delivery) == ("orders", TODAY, delivery.sha256)
    assert (held.row, held.reasons) == (3, ("expect:column_values_to_be_between:quantity",))
    assert held.payload == rows()[3] | {"quantity": "-1", "note": "<b>bold</b>"}
    assert held.held_at == delivery.arrived_at
    assert 3 not in today(shop, "_row")["_row"].to_pylist()


def test_values_keep_their_type_and_letters(shop: Desk) -> None:
    """`NA` is a country and no null, an empty cell is null, instants are in UTC."""
    shop.admit(deliver(shop, written(rows(placed_at="2013-02-14T05:00:00-05:00"))))
    first = today(shop).to_pylist()[0]
    assert (first["country"], first["note"], first["quantity"]) == ("NA", None, 1)
    assert first["placed_at"] == datetime(2013, 2, 14, 10, tzinfo=UTC)


def test_a_correction_replaces_the_partition_and_history_stays(shop: Desk) -> None:
    """The latest delivery is what the partition holds; the one before can still be read."""
    first = shop.admit(deliver(shop, written(rows())))
    content = written(rows(changed={0: {"category": "books"}}))
    second = shop.admit(deliver(shop, content, f"{TODAY}.r2.csv", CORRECTED_AT))
    orders = shop.lake.table("orders")
    assert today(shop, "category")["category"][0].as_py() == "books"
    past = orders.read(Read(("category",), TODAY, TODAY, version=first.table_version))
    assert past["category"][0].as_py() == "toys"
    assert [each.delivery for each in orders.history(TODAY)] == [
        second.delivery.sha256,
        first.delivery.sha256,
    ]
    assert orders.delivery_of(YESTERDAY) != second.delivery.sha256
    assert orders.read().num_rows == 2 * ORDERS


def test_an_admission_that_was_killed_is_finished_by_the_next(shop: Desk) -> None:
    """Killed after quarantine and before the lake, the same delivery ends as if never killed."""
    delivery = deliver(shop, ONE_HELD)
    whole = shop.admit(delivery)
    held, kept = shop.quarantine.held(), today(shop)
    killed = desk(Path(shop.docs).parent / "killed")
    killed.quarantine.hold(delivery.sha256, held)
    again = replace(killed, source=shop.source).admit(delivery)
    assert (again.rows, again.held) == (whole.rows, whole.held)
    assert killed.quarantine.held() == held
    assert today(killed) == kept


def test_a_delivery_judged_anew_holds_only_what_the_new_rules_hold(home: Path) -> None:
    """Rows that a loosened rule lets through leave quarantine for the lake."""
    strict = desk(home)
    delivery = deliver(strict, ONE_HELD)
    assert strict.admit(delivery).held == 1
    lenient = Suite(row=(expect("expect_column_values_to_not_be_null", column="quantity"),))
    assert desk(home, suite=lenient).admit(delivery).held == 0
    assert strict.quarantine.held() == []
    assert today(strict).num_rows == ORDERS


def test_days_can_be_admitted_at_the_same_time(shop: Desk) -> None:
    """Four days from four threads: every row of every day, and the right one held in each."""
    days = [f"2013-03-0{number}" for number in range(1, 5)]
    arrived = datetime(2013, 2, 19, tzinfo=UTC)
    known = f"{TODAY}T00:00:00Z"
    files = [
        deliver(
            shop,
            written(rows(day, {at: {"quantity": "-1"}}, known_at=known, placed_at=known)),
            f"{day}.csv",
            arrived,
        )
        for at, day in enumerate(days)
    ]
    with ThreadPoolExecutor(4) as pool:
        admissions = list(pool.map(shop.admit, files))
    assert [(each.rows, each.held) for each in admissions] == [(ORDERS - 1, 1)] * 4
    assert [held.row for held in shop.quarantine.held()] == [0, 1, 2, 3]
    assert shop.lake.table("orders").partitions() == [YESTERDAY, *days]
    assert len({each.table_version for each in admissions}) == 4


def test_a_lost_race_is_told_and_loses_nothing(shop: Desk) -> None:
    """Who writes a partition from an older state of it gets a conflict; the winner's rows stay."""
    orders = shop.lake.table("orders")
    seen = orders.version()
    shop.admit(deliver(shop, written(rows())))
    with pytest.raises(Conflict, match=f"orders/{TODAY}: another writer"):
        orders.replace_partition(TODAY, today(shop).slice(0, 1), "late", seen=seen)
    assert today(shop).num_rows == ORDERS


def test_ignored_columns_are_told(home: Path) -> None:
    """A table that ignores extra columns takes the delivery without them, and warns."""
    shop = desk(home, TABLE.model_copy(update={"extra_columns": "ignore"}))
    admission = shop.admit(deliver(shop, written([each | {"colour": "red"} for each in rows()])))
    assert admission.warnings == ("1 columns ignored: 'colour'",)
    assert "colour" not in today(shop).column_names


@pytest.mark.parametrize(
    ("suite", "code", "says"),
    [
        (Suite(), "empty_suite", "0 expectations"),
        (Suite(batch=(expect("expect_column_to_exits", column="note"),)), "expectation_error",
         "did you mean 'expect_column_to_exist'?"),
        (Suite(batch=(expect("expect_column_values_to_be_between", column="amount"),)),
         "expectation_error", "min_value and max_value cannot both be None"),
        (Suite(batch=(expect("expect_column_max_to_be_between", column="none", max_value=1),)),
         "expectation_error", "could not be computed"),
        (Suite(row=(expect("expect_table_row_count_to_equal", value=3),)), "expectation_error",
         "belongs under batch"),
    ],
)  # fmt: skip
def test_expectations_that_cannot_judge_refuse(
    suite: Suite, code: str, says: str, home: Path
) -> None:
    """No suite, an unknown or broken expectation: never a pass, and the message names it."""
    shop = desk(home, suite=suite)
    admission = shop.admit(deliver(shop, written(rows())))
    assert (admission.outcome, admission.code) == (Outcome.REFUSED, code)
    assert says in admission.message
    assert shop.lake.table("orders").version() == 1


def test_every_judged_delivery_has_a_page(shop: Desk) -> None:
    """Data Docs of accepted and refused deliveries are linked from an index, data escaped."""
    strict = Suite(
        row=SUITE.row,
        batch=(expect("expect_column_values_to_be_null", column="note"),),
    )
    refused = replace(shop, definition=replace(shop.definition, suites={"orders": strict})).admit(
        deliver(shop, ONE_HELD)
    )
    accepted = shop.admit(deliver(shop, written(rows()), f"{TODAY}.r2.csv"))
    index = (shop.docs / "index.html").read_text()
    for admission in (refused, accepted):
        page = Path(admission.docs)
        assert page.relative_to(shop.docs).as_posix() in index
    page_text = Path(refused.docs).read_text()
    assert "&lt;b&gt;bold" in page_text
    assert "<b>bold" not in page_text


def test_who_was_killed_before_the_journal_finds_it_done(shop: Desk) -> None:
    """The same delivery at once again makes no second version; after another one it does."""
    first = deliver(shop, ONE_HELD)
    admission = shop.admit(first)
    assert shop.admit(first) == admission
    assert shop.lake.table("orders").version() == admission.table_version
    corrected = shop.admit(deliver(shop, written(rows()), f"{TODAY}.r2.csv"))
    assert corrected.table_version == (admission.table_version or 0) + 1
    assert shop.admit(first).table_version == corrected.table_version + 1


def test_every_delivery_is_logged_once(shop: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Each admission is one line with its verdict, and moves the progress by one."""
    good, bad = deliver(shop, written(rows())), deliver(shop, b"", "2013-02-15.csv")
    with caplog.at_level(logging.INFO, "ratchet.ingest"):
        admissions = shop.admit_all([good, bad])
    assert [each.outcome for each in admissions] == [Outcome.ACCEPTED, Outcome.REFUSED]
    told = [record for record in caplog.records if record.name == "ratchet.ingest"]
    assert [record.getMessage() for record in told] == [
        f"orders {TODAY}.csv: accepted, {ORDERS} rows, 0 held",
        "orders 2013-02-15.csv: refused, empty_file",
    ]
    assert [record.__dict__["advance"] for record in told] == [1, 1]
