"""The shop's rows in a lake of their own, past files and admission."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from config.load import Definition, definition
from tasks.data.lake import Lake
from tests.shop import FEATURES, Changes, Shop, day, define

TYPES: Mapping[str, pa.DataType] = {
    "order_date": pa.date32(),
    "judged_date": pa.date32(),
    "read_on": pa.date32(),
    "read_at": pa.timestamp("us", "UTC"),
    "ordered_at": pa.timestamp("us", "UTC"),
    "known_at": pa.timestamp("us", "UTC"),
    "amount": pa.float64(),
    "items": pa.int64(),
    "returned": pa.bool_(),
}
DELIVERY = "d" * 64


def defined(folder: Path, changes: Changes | None = None, features: str = FEATURES) -> Definition:
    """The shop's definition, some of it changed."""
    return definition(define(folder, changes, features))


def typed(rows: Sequence[Mapping[str, str | None]]) -> pa.Table:
    """Rows of text as the lake keeps them."""
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], pa.string()).cast(
                TYPES.get(name, pa.string())
            )
            for name in rows[0]
        }
    )


def put(lake: Lake, table: str, partition: str, rows: Sequence[Mapping[str, str | None]]) -> None:
    """Make the rows all there is in a partition."""
    lake.table(table).replace_partition(partition, typed(rows), DELIVERY)


def stock(root: Path, first: int, last: int, world: Shop) -> Lake:
    """A lake with orders and returns of the nth to the mth day."""
    lake = Lake(root)
    for number in range(first, last + 1):
        of = day(number)
        put(lake, "orders", of.isoformat(), world.orders(of))
        put(lake, "returns", of.isoformat(), world.returns(of))
    return lake
