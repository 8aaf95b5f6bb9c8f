"""The lake in memory gives what the lake gives: every night, late and corrected rows included."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pandas.testing import assert_frame_equal

from tasks.backtest.memory import Memory
from tasks.backtest.remembered import MemoryTable, Rows, instant
from tasks.data.lake import Lake, Read
from tasks.errors import NotEnoughData, Terminal
from tasks.features.cohort import cohort, complete_days
from tasks.features.known import Knowing, asked, once, turned_out
from tasks.features.query import Days
from tasks.predictions.skew import skew
from tasks.stores import Stores
from tests.conftest import LATE
from tests.installation import Installation, copied
from tests.shop import day, night

CORRECTED = 24
NIGHTS = (19, 23, CORRECTED + 2, 31, LATE)


@pytest.fixture(scope="module")
def corrected(_turned: Installation, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """A shop in which a day's returns were corrected: some changed, some came days later."""
    stores = copied(_turned, tmp_path_factory.mktemp("corrected") / "home").stores
    table, partition = stores.lake.table("returns"), day(CORRECTED).isoformat()
    rows = table.read(Read(first=partition, last=partition)).to_pandas()
    rows.loc[::5, "known_at"] += pd.Timedelta(days=3)
    rows.loc[::3, "returned"] = True
    schema = table.read(Read(first=partition, last=partition)).schema
    table.replace_partition(partition, pa.Table.from_pandas(rows, schema), "r2")
    return stores


@pytest.fixture(scope="module")
def memory(corrected: Stores) -> Memory:
    """The lake of the corrected shop."""
    return Memory.of(corrected.lake, corrected.definition, night(day(LATE)))


def test_it_knows(memory: Memory, corrected: Stores) -> None:
    """Whoever asks a lake for features or labels finds that this one has them."""
    assert isinstance(memory, Knowing)
    assert not isinstance(corrected.lake, Knowing)


@pytest.mark.parametrize("number", NIGHTS)
def test_features(memory: Memory, corrected: Stores, number: int) -> None:
    """Features that were computed once for all nights are those of each, to the bit."""
    definition, tonight = corrected.definition, night(day(number))
    for days in (Days(day(number - 1), day(number)), Days(day(3), day(number))):
        real = asked(definition, corrected.lake, days, tonight)
        assert len(real) >= 70
        assert_frame_equal(asked(definition, memory.by(tonight), days, tonight), real)


@pytest.mark.parametrize("number", NIGHTS)
def test_labels(memory: Memory, corrected: Stores, number: int) -> None:
    """Labels are those that were known on the night, of the files that had come by then."""
    tonight, first = night(day(number)), day(10).isoformat()
    yesterday, today = ((first, day(n).isoformat()) for n in (number - 1, number))
    real = turned_out(corrected.definition, corrected.lake, yesterday, tonight)
    found = turned_out(corrected.definition, memory.by(tonight), today, tonight)
    key = list(corrected.definition.pipeline.question.key)
    assert_frame_equal(
        found.sort_values(key, ignore_index=True), real.sort_values(key, ignore_index=True)
    )


def test_labels_that_came_later_are_not_known_before(memory: Memory, corrected: Stores) -> None:
    """A correction of the night after its day tells more than the night itself knew."""
    days = day(CORRECTED).isoformat(), day(CORRECTED).isoformat()
    counts = []
    for number in (CORRECTED + 1, CORRECTED + 5):
        tonight = night(day(number))
        found = turned_out(corrected.definition, memory.by(tonight), days, tonight)
        counts.append(len(found))
    assert counts[0] < counts[1]


def test_cohort(memory: Memory, corrected: Stores) -> None:
    """What is trained on has the same digest."""
    definition, tonight = corrected.definition, night(day(31))
    days = complete_days(definition, memory.by(tonight), tonight)
    assert days == [day(n) for n in range(1, 30)]
    real = cohort(definition, corrected.lake, days, tonight)
    found = cohort(definition, memory.by(tonight), days, tonight)
    assert found.snapshot == real.snapshot
    assert_frame_equal(found.frame, real.frame)


def test_skew(memory: Memory, corrected: Stores) -> None:
    """What was logged from the lake is what it gives: the check is not made, and comes to that."""
    definition, log = corrected.definition, corrected.log
    real = skew(definition, corrected.lake, log, day(22), 50)
    assert skew(definition, memory.by(night(day(24))), log, day(22), 50) == real
    assert (real.rows, real.mismatched) == (50, 0)


def test_once_a_night(memory: Memory) -> None:
    """What is made on a night is the same for all who ask for it then, and another the next."""
    one, other = memory.by(night(day(20))), memory.by(night(day(21)))
    made = iter(range(9))
    assert [once(one, "a", lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    assert (once(one, "b", lambda: next(made)), once(other, "a", lambda: next(made))) == (1, 2)


@pytest.mark.parametrize(
    "query",
    [
        Read(),
        Read(("order_id", "returned")),
        Read(first="2024-01-10", last="2024-01-12"),
        Read(first="2024-01-20", known_by=night(day(CORRECTED + 1))),
        Read(("returned", "_partition"), "2024-01-24", "2024-01-24", night(day(CORRECTED + 2))),
        Read(first="2031-01-01"),
        Read(("order_id",), last="2024-01-30", where=pc.field("returned")),
    ],
)
def test_reads(memory: Memory, corrected: Stores, query: Read) -> None:
    """A table in memory reads the same rows in the same order."""
    real = corrected.lake.table("returns").read(query)
    assert memory.table("returns").read(query).combine_chunks().equals(real.combine_chunks())


def test_partitions_of_a_night(memory: Memory, corrected: Stores) -> None:
    """A partition is there when its day is over, also where some of its rows came later."""
    for name, last in (("orders", 19), ("returns", 19)):
        table, real = memory.by(night(day(20))).table(name), corrected.lake.table(name)
        assert table.partitions() == [day(n).isoformat() for n in range(1, last + 1)]
        assert table.counts() == {each: real.counts()[each] for each in table.partitions()}
        assert table.version() == real.version()
        assert table.read().num_rows == sum(table.counts().values())
    late = memory.by(night(day(CORRECTED + 1))).table("returns")
    assert late.partitions()[-1] == day(CORRECTED).isoformat()


def test_partitions_that_were_known_before(corrected: Stores, tmp_path: Path) -> None:
    """A plan is there as soon as all of it is known, what nobody knew yet is not, and a table of
    one partition is when its first row is."""
    known = {"2024-03-02": (1, 12), "2024-03-03": (5, 1), "all": (1, 2)}
    table = Lake(tmp_path).table("plans")
    for name, (of_march, hour) in known.items():
        moments = [datetime(2024, 3, of_march, hour, tzinfo=UTC)] * 2
        at = pa.array(moments, pa.timestamp("us", "UTC"))
        table.replace_partition(name, pa.table({"known_at": at}), name)
    kept = Rows.of(table, "known_at", UTC)
    there = [
        MemoryTable(table.path, table.s3, None, kept, instant(night(date(2024, 3, n)))).partitions()
        for n in (1, 2, 5)
    ]
    assert there == [["all"], ["2024-03-02", "all"], ["2024-03-02", "2024-03-03", "all"]]


def test_other_tables(memory: Memory) -> None:
    """A table that the pipeline does not define is an error that names those it does."""
    with pytest.raises(Terminal, match="none of the tables in memory: orders, returns"):
        memory.table("weather")


def test_nothing_delivered(empty: Installation) -> None:
    """A lake without a row is one in memory too."""
    stores = empty.stores
    memory = Memory.of(stores.lake, stores.definition, night(day(3)))
    assert memory.table("orders").partitions() == []
    with pytest.raises(NotEnoughData, match="no rows yet"):
        memory.table("orders").read()
