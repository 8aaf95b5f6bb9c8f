"""States of partitions over time: what a table held at a version, and what replaced it."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.data.lake import Lake
from tasks.errors import Terminal

FIRST, SECOND, THIRD = "a" * 64, "b" * 64, "c" * 64


def rows(*names: str) -> pa.Table:
    return pa.table({"name": pa.array(names, pa.string())})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A table whose first day was replaced after the second had come, and an empty one."""
    found = Lake(tmp_path)
    table = found.table("orders")
    table.replace_partition("2013-01-01", rows("a", "b"), FIRST)
    table.replace_partition("2013-01-02", rows("c"), SECOND)
    table.replace_partition("2013-01-01", rows("d"), THIRD, read={"others": 4})
    return found


def test_revisions_are_the_commits_newest_first(lake: Lake) -> None:
    """Each with its partition, delivery, rows, and what it was made from where that is kept."""
    made = lake.table("orders").revisions()
    assert [(each.partition, each.delivery, each.rows) for each in made] == [
        ("2013-01-01", THIRD, 1),
        ("2013-01-02", SECOND, 1),
        ("2013-01-01", FIRST, 2),
    ]
    assert [dict(each.read) for each in made] == [{"others": 4}, {}, {}]
    assert lake.table("returns").revisions() == []


def test_what_a_table_held(lake: Lake) -> None:
    """At a version: every partition that was there, with the delivery of then."""
    past = lake.past(["orders"])
    last = past.latest["orders"]
    held = {v: [e.delivery for e in past.held("orders", v)] for v in (last - 2, last - 1, last)}
    assert held == {last - 2: [FIRST], last - 1: [FIRST, SECOND], last: [THIRD, SECOND]}
    then, now = (past.state("orders", "2013-01-01", v) for v in (last - 1, None))
    assert then is not None
    assert now is not None
    assert (then.delivery, now.delivery) == (FIRST, THIRD)
    assert past.state("orders", "2013-01-02", last - 2) is None
    assert past.state("orders", "2013-01-09") is None


def test_versions_at_a_moment(lake: Lake) -> None:
    """By the clock of who wrote them; before the first row there is none."""
    past = lake.past(["orders"])
    newest, middle, oldest = lake.table("orders").revisions()
    assert past.versions(newest.at) == {"orders": newest.version} == past.latest
    assert past.versions(newest.at - timedelta(milliseconds=1)) == {"orders": middle.version}
    with pytest.raises(Terminal, match=r"1 tables had no rows at .*orders"):
        past.versions(oldest.at - timedelta(seconds=1))
