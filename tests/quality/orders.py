"""A tiny shop: one table, two days, and ways to write a day down."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from config.expectations import Expectation, Suite
from config.load import Definition
from config.schema import Candidate, Column, Features, Label, Pipeline, Question, Table
from tasks.data.lake import Lake
from tasks.data.source import FilesSource
from tasks.quality.admission import Desk
from tasks.quality.quarantine import Quarantine
from tasks.records import Delivery

Row = dict[str, str]

YESTERDAY, TODAY = "2013-02-13", "2013-02-14"
ARRIVED = datetime(2013, 2, 15, 1, 0, tzinfo=UTC)
LATER = datetime(2013, 2, 20, tzinfo=UTC)
ORDERS = 20


def column(kind: str, **options: bool) -> Column:
    return Column.model_validate({"type": kind, **options})


TABLE = Table(
    deliveries="orders/*",
    partition="day",
    key=("order_id",),
    known_at="known_at",
    columns={
        "order_id": column("string"),
        "day": column("date"),
        "placed_at": column("timestamp"),
        "amount": column("float", unit_guard=True),
        "quantity": column("integer"),
        "category": column("string"),
        "country": column("string", nullable=True),
        "note": column("string", nullable=True, sparse=True),
        "late": column("boolean", nullable=True, sparse=True),
        "known_at": column("timestamp"),
    },
    extra_columns="refuse",
    max_held_share=0.1,
)


def expect(kind: str, **arguments: object) -> Expectation:
    return Expectation.model_validate({kind: arguments})


KNOWN = ["toys", "books"]
SUITE = Suite(
    row=(expect("expect_column_values_to_be_between", column="quantity", min_value=1),),
    batch=(
        expect("expect_table_row_count_to_be_between", min_value=3, max_value=100),
        expect("expect_column_values_to_be_in_set", column="category", value_set=KNOWN, mostly=0.5),
    ),
    warn=(expect("expect_column_values_to_be_in_set", column="category", value_set=KNOWN),),
)


def definition(table: Table = TABLE, suite: Suite = SUITE) -> Definition:
    pipeline = Pipeline(
        name="shop",
        title="Will the order be late?",
        tables={"orders": table},
        question=Question(
            table="orders", key=("order_id",), event_time="placed_at", asked_at="placed_at"
        ),
        label=Label(name="late", table="orders", expression="late", complete_after_days=1),
        features=Features(lookback_days=1, numeric=("amount",)),
        candidates={"dummy": Candidate(estimator="sklearn.dummy.DummyClassifier")},
    )
    return Definition(Path("shop"), pipeline, {"orders": suite}, "select 1", "0" * 64)


def desk(home: Path, table: Table = TABLE, suite: Suite = SUITE) -> Desk:
    """A desk whose landing, lake and docs lie under a folder."""
    return Desk(
        definition(table, suite),
        FilesSource(home / "landing", "shop"),
        Lake(home / "lake"),
        Quarantine(Lake(home / "lake")),
        home / "docs",
    )


def row(number: int, day: str = TODAY, **changes: str) -> Row:
    """One order, as text."""
    return {
        "order_id": f"{day}-{number:03d}",
        "day": day,
        "placed_at": f"{day}T{number % 24:02d}:30:00Z",
        "amount": str(10 + number),
        "quantity": str(1 + number % 3),
        "category": ("toys", "books")[number % 2],
        "country": "NA",
        "note": "",
        "late": ("true", "false")[number % 2],
        "known_at": f"{day}T23:59:00Z",
    } | changes


def rows(day: str = TODAY, changed: Mapping[int, Row] | None = None, **every: str) -> list[Row]:
    """A day of orders, some of them changed, or every one."""
    changed = changed or {}
    return [row(i, day) | every | changed.get(i, {}) for i in range(ORDERS)]


def written(orders: Sequence[Mapping[str, str]], delimiter: str = ",", end: str = "\n") -> bytes:
    """Orders as CSV, with the columns of the first."""
    text = StringIO()
    names = list(orders[0]) if orders else list(TABLE.columns)
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(orders)
    return text.getvalue().encode()


def deliver(
    at: Desk, content: bytes, name: str = f"{TODAY}.csv", arrived: datetime = ARRIVED
) -> Delivery:
    """Put a file into landing and list it."""
    assert isinstance(at.source, FilesSource)
    path = at.source.folder / "orders" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (arrived.timestamp(), arrived.timestamp()))
    table = at.definition.pipeline.tables["orders"]
    (found,) = [
        each for each in at.source.deliveries("orders", table, LATER) if each.path == str(path)
    ]
    return replace(found, table="orders")
