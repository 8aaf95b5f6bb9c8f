"""What arrived is judged once, and again when the rules that refused it have changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.load import Definition
from tasks.data.arrivals import arrivals
from tasks.data.source import FilesSource
from tasks.records import Delivery
from tests.features.lakes import defined
from tests.shop import Shop, arrives, day, night, put, written

WORLD = Shop(orders_a_day=20)
TONIGHT = night(day(4))


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    return defined(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> FilesSource:
    """A landing with three days of orders and returns."""
    WORLD.deliver(tmp_path / "landing", day(1), day(3))
    return FilesSource(tmp_path / "landing", "shop")


def files(queues: list[list[Delivery]]) -> list[list[str]]:
    return [[f"{each.table} {each.partition}" for each in queue] for queue in queues]


def test_a_queue_a_table(source: FilesSource, shop: Definition) -> None:
    """Everything that had arrived, a queue a table in order of arrival."""
    assert files(arrivals(source, shop, TONIGHT, ())) == [
        [f"orders 2024-01-0{n}" for n in (1, 2, 3)],
        [f"returns 2024-01-0{n}" for n in (1, 2, 3)],
    ]


def test_what_had_arrived_by_then(source: FilesSource, shop: Definition) -> None:
    """Later files are not there yet, and a table without news has no queue."""
    evening = night(day(2)).replace(hour=0)
    assert files(arrivals(source, shop, evening, ())) == [["orders 2024-01-01"]]
    assert arrivals(source, shop, night(day(1)), ()) == []


def test_accepted_ones_are_not_judged_again(source: FilesSource, shop: Definition) -> None:
    """What was accepted is known by its content, whatever the configuration says now."""
    (orders, returns) = arrivals(source, shop, TONIGHT, ())
    judged = {(each.table, each.partition, each.sha256, "") for each in [*orders[:2], *returns]}
    for config_hash in (shop.config_hash, "other"):
        now = replace(shop, config_hash=config_hash)
        assert files(arrivals(source, now, TONIGHT, judged)) == [["orders 2024-01-03"]]


def test_refused_ones_wait_for_other_rules(source: FilesSource, shop: Definition) -> None:
    """What was refused is judged again when the configuration has changed, not before."""
    (orders, returns) = arrivals(source, shop, TONIGHT, ())
    judged = {
        (each.table, each.partition, each.sha256, shop.config_hash) for each in [*orders, *returns]
    }
    assert arrivals(source, shop, TONIGHT, judged) == []
    changed = replace(shop, config_hash="changed")
    assert files(arrivals(source, changed, TONIGHT, judged))[0][0] == "orders 2024-01-01"


def test_same_bytes_of_another_table(source: FilesSource, shop: Definition) -> None:
    """Content is known by table: the same bytes for another one are something else."""
    (orders, _) = arrivals(source, shop, TONIGHT, ())
    judged = {("returns", each.partition, each.sha256, "") for each in orders}
    assert len(arrivals(source, shop, TONIGHT, judged)[0]) == 3


def test_correction(source: FilesSource, shop: Definition, tmp_path: Path) -> None:
    """A corrected file is new, and comes after the one that it corrects."""
    (orders, returns) = arrivals(source, shop, TONIGHT, ())
    judged = {(each.table, each.partition, each.sha256, "") for each in [*orders, *returns]}
    rows = WORLD.orders(day(1))[:15]
    path = put(tmp_path / "landing", "orders", day(1), written(rows), "2024-01-01.r2.csv.gz")
    arrives(path, night(day(3)))
    assert files(arrivals(source, shop, TONIGHT, judged)) == [["orders 2024-01-01"]]
    assert files(arrivals(source, shop, TONIGHT, ()))[0][-2:] == [
        "orders 2024-01-01",
        "orders 2024-01-03",
    ]


def test_the_same_bytes_twice(source: FilesSource, shop: Definition, tmp_path: Path) -> None:
    """They are judged once, with the arrival of the last: what came too early comes in time then.

    Judged twice, they could be refused and accepted, and the journal would keep the first word.
    """
    landing = tmp_path / "landing"
    content = written(WORLD.orders(day(3)))
    copies = [put(landing, "orders", day(3), content, f"{day(3)}.r{n}.csv") for n in (1, 2)]
    arrives(copies[1], TONIGHT)
    (queue, _) = arrivals(source, shop, TONIGHT, ())
    listed = [each.name for each in queue if each.name.endswith(".csv")]
    assert listed == ["2024-01-03.r2.csv"]
