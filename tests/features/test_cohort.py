"""Rows to train and judge on: of complete days only, and named by what is in them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData
from tasks.features.cohort import Cohort, cohort, complete_days, digest
from tests.features.conftest import LAST, TONIGHT
from tests.features.lakes import defined, put
from tests.shop import Shop, day, night

WORLD = Shop(orders_a_day=4)


def stocked(root: Path, orders: Sequence[date], returns: Sequence[date]) -> Lake:
    """A lake with these partitions of either table."""
    lake = Lake(root)
    for of in orders:
        put(lake, "orders", of.isoformat(), Shop(orders_a_day=4).orders(of) or WORLD.orders(day(1)))
    for of in returns:
        rows = WORLD.returns(of) or [row for n in (1, 2) for row in WORLD.returns(day(n))]
        put(lake, "returns", of.isoformat(), rows)
    return lake


def days(first: int, last: int) -> list[date]:
    return [day(number) for number in range(first, last + 1)]


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The days around the night in which New York moves its clocks."""
    around = [date(2024, 3, number) for number in range(6, 15)]
    return stocked(tmp_path_factory.mktemp("march"), around, around)


def test_a_day_waits_for_its_labels(shop: Definition, lake: Lake) -> None:
    """A day is complete when the day on which its last labels are due is over, not before."""
    assert complete_days(shop, lake, night(day(10))) == days(1, 8)
    midnight = datetime(2024, 1, 10, tzinfo=UTC)
    assert complete_days(shop, lake, midnight - timedelta(microseconds=1)) == days(1, 7)
    assert complete_days(shop, lake, midnight) == days(1, 8)


def test_later_means_more(shop: Definition, lake: Lake) -> None:
    """What is complete stays complete."""
    grown = [complete_days(shop, lake, night(day(n))) for n in range(LAST + 9)]
    assert all(one == other[: len(one)] for one, other in pairwise(grown))
    assert (grown[0], grown[-1]) == ([], days(1, LAST - 1))


def test_a_missing_file_of_labels(tmp_path: Path, shop: Definition) -> None:
    """A day whose labels are in a file that never came is not complete; later days are."""
    lake = stocked(tmp_path / "lake", days(1, 8), [*days(1, 3), *days(5, 8)])
    assert complete_days(shop, lake, TONIGHT) == [*days(1, 2), *days(5, 7)]


def test_a_late_file_of_labels(tmp_path: Path, shop: Definition) -> None:
    """Days that waited for a late file are complete once it is there."""
    lake = stocked(tmp_path / "lake", days(1, 4), [*days(1, 2), *days(4, 5)])
    assert complete_days(shop, lake, TONIGHT) == [*days(1, 1), *days(4, 4)]
    put(lake, "returns", day(3).isoformat(), WORLD.returns(day(3)))
    assert complete_days(shop, lake, TONIGHT) == days(1, 4)


def test_a_day_nobody_asked_about(tmp_path: Path, shop: Definition) -> None:
    """Days without questions are not counted, whatever labels there are."""
    lake = stocked(tmp_path / "lake", [day(2), day(5)], days(1, 8))
    assert complete_days(shop, lake, TONIGHT) == [day(2), day(5)]


def test_nothing_at_all(tmp_path: Path, shop: Definition) -> None:
    """Before the first delivery no day is complete, and a cohort of none is refused."""
    lake = Lake(tmp_path / "new")
    assert complete_days(shop, lake, TONIGHT) == []
    with pytest.raises(
        NotEnoughData, match=r"shop: 0 complete days as of 2024-01-19 03:00; ingest"
    ):
        cohort(shop, lake, [], TONIGHT)


@pytest.mark.parametrize(
    ("zone", "moment", "last"),
    [
        ("America/New_York", "2024-03-12T03:59Z", 9),  # 23:59 of the 11th, daylight saving
        ("America/New_York", "2024-03-12T04:00Z", 10),
        ("America/New_York", "2024-03-10T04:59Z", 7),  # 23:59 of the 9th, the last of winter
        ("America/New_York", "2024-03-10T05:00Z", 8),
        ("Pacific/Kiritimati", "2024-03-11T09:59Z", 9),  # 14 hours ahead of UTC
        ("Pacific/Kiritimati", "2024-03-11T10:00Z", 10),
        ("UTC", "2024-03-12T00:00Z", 10),
    ],
)
def test_days_end_where_the_pipeline_is(
    tmp_path: Path, march: Lake, zone: str, moment: str, last: int
) -> None:
    """A day ends at midnight in the pipeline's own time zone, also when clocks are moved."""
    shop = defined(tmp_path, {"schedule": {"timezone": zone}})
    as_of = datetime.fromisoformat(moment)
    found = complete_days(shop, march, as_of)
    assert found[-1] == date(2024, 3, last)
    assert complete_days(shop, march, as_of.astimezone(ZoneInfo("Asia/Tokyo"))) == found


def test_labels_of_the_same_day(tmp_path: Path) -> None:
    """Without a wait, a day is complete when it is over and its own labels are there."""
    shop = defined(tmp_path, {"label": {"complete_after_days": 0}})
    lake = stocked(tmp_path / "lake", days(1, 3), days(1, 2))
    assert complete_days(shop, lake, night(day(3))) == days(1, 2)
    assert complete_days(shop, lake, night(day(9))) == days(1, 2)


def test_labels_in_one_file(tmp_path: Path, shop: Definition) -> None:
    """Labels that come in one file have no days that could be missing."""
    table = shop.pipeline.tables["returns"].model_copy(update={"partition": None})
    tables = {**shop.pipeline.tables, "returns": table}
    whole = replace(shop, pipeline=shop.pipeline.model_copy(update={"tables": tables}))
    lake = stocked(tmp_path / "lake", days(1, 3), [])
    put(lake, "returns", "all", [row for of in days(1, 3) for row in WORLD.returns(of)])
    assert complete_days(whole, lake, night(day(4))) == days(1, 2)
    assert len(cohort(whole, lake, days(1, 2), TONIGHT).frame) == 8


def test_cohort(built: Cohort) -> None:
    """Features and labels of every question, and a snapshot that says what they are."""
    assert len(built.frame) == built.snapshot.rows == 17 * 30
    assert set(built.frame["returned"]) == {0, 1}
    assert (built.snapshot.first_day, built.snapshot.last_day) == (day(1), day(LAST - 1))
    assert built.snapshot.digest == digest(built.frame)
    assert built.snapshot.versions == {"orders": LAST, "returns": LAST}


def test_cohort_of_some_days(shop: Definition, lake: Lake) -> None:
    """Days in between that were not asked for are not in it."""
    some = cohort(shop, lake, [day(3), day(7)], TONIGHT)
    assert set(some.frame["day"]) == {"2024-01-03", "2024-01-07"}


def test_only_labels_known_by_then(shop: Definition, lake: Lake) -> None:
    """A label that comes an hour later is not there yet."""
    as_of = datetime(2024, 1, 6, 12, tzinfo=UTC)
    then = cohort(shop, lake, [day(5)], as_of)
    assert 0 < len(then.frame) < 30
    known = {
        row["order_id"]
        for of in (day(5), day(6))
        for row in Shop(orders_a_day=30).returns(of)
        if datetime.fromisoformat(row["known_at"]) <= as_of
    }
    assert set(then.frame["order_id"]) <= known
    assert known - set(then.frame["order_id"]) == {one for one in known if "2024-01-05" not in one}


def test_no_label_at_all(tmp_path: Path, shop: Definition) -> None:
    """Complete days without one label are told with their number."""
    lake = stocked(tmp_path / "lake", days(1, 2), [])
    other = [row | {"order_id": f"other {n}"} for n, row in enumerate(WORLD.returns(day(1)))]
    put(lake, "returns", day(1).isoformat(), other)
    with pytest.raises(NotEnoughData, match=r"0 labelled rows on 2 complete days .*into returns"):
        cohort(shop, lake, days(1, 2), TONIGHT)


QUICK = settings(max_examples=50, deadline=None, database=None, derandomize=True)

FRAMES = st.integers(1, 8).flatmap(
    lambda rows: st.fixed_dictionaries(
        {
            "number": st.lists(
                st.one_of(st.floats(-1e9, 1e9), st.just(float("nan"))), min_size=rows, max_size=rows
            ),
            "count": st.lists(st.integers(-9, 9), min_size=rows, max_size=rows),
            "text": st.lists(
                st.one_of(st.text(max_size=3), st.none()), min_size=rows, max_size=rows
            ),
        }
    )
)


def framed(columns: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(columns).astype({"number": "float64", "count": "int64", "text": object})


@QUICK
@given(columns=FRAMES, seed=st.integers(0, 99))
def test_digest_knows_no_order(columns: dict[str, list[Any]], seed: int) -> None:
    """The same rows in another order, under another index, are the same rows."""
    frame = framed(columns)
    order = np.random.default_rng(seed).permutation(len(frame))
    assert digest(frame.iloc[order]) == digest(frame)
    assert digest(frame.set_index(frame.index + 7)) == digest(frame)


@QUICK
@given(columns=FRAMES, data=st.data())
def test_digest_changes_with_any_cell(columns: dict[str, list[Any]], data: st.DataObject) -> None:
    """Another value in one cell is another digest; so are a row more and a row less."""
    frame = framed(columns)
    row = data.draw(st.integers(0, len(frame) - 1))
    name = data.draw(st.sampled_from(list(frame)))
    new = {
        "number": st.floats(-1e9, 1e9),
        "count": st.integers(10, 99),
        "text": st.text(min_size=4),
    }
    old, value = frame[name][row], data.draw(new[str(name)])
    column = [*frame[name]]
    column[row] = value
    changed = frame.assign(**{str(name): pd.Series(column, dtype=frame[name].dtype)})
    assert (digest(changed) == digest(frame)) == (old == value and str(old) == str(value))
    assert digest(pd.concat([frame, frame.tail(1)])) != digest(frame)
    assert digest(frame.head(len(frame) - 1)) != digest(frame)


def test_digest_knows_names_and_types() -> None:
    """The same values under another name or of another type are other rows."""
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    others = [
        frame.rename(columns={"a": "c"}),
        frame.astype({"a": "float64"}),
        frame.astype({"a": "int32"}),
        frame[["b", "a"]],
        frame.assign(b=[2, 1]),
        frame[["a"]],
    ]
    assert len({digest(each) for each in [frame, *others]}) == 7


def test_missing_is_not_a_word() -> None:
    """A missing text, an empty one and the words for it are told apart."""
    values = [None, "", "None", "nan", "NaN"]
    assert len({digest(pd.DataFrame({"a": pd.Series([v], dtype=object)})) for v in values}) == 5
