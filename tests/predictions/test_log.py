"""The prediction log: every question once, nothing lost, whoever writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pandas as pd
import pyarrow as pa
import pytest

from tasks.errors import Conflict
from tasks.predictions.log import PredictionLog, prediction_ids
from tests.predictions.conftest import everything
from tests.shop import day

KEY = ["order_id"]


def answers(*orders: str, version: int = 1, category: str | None = "shoes") -> pd.DataFrame:
    """Rows as the scorer hands them over."""
    keys = pd.DataFrame({"order_id": pd.Series(orders, dtype="str")})
    return pd.DataFrame(
        {
            "prediction_id": prediction_ids("shop", version, keys),
            "order_id": keys["order_id"],
            "day": "2024-01-03",
            "version": version,
            "probability": 0.5,
            "category": pd.Series([category] * len(orders), dtype=object),
        }
    )


def orders(log: PredictionLog) -> list[str]:
    return sorted(everything(log)["order_id"])


def test_empty(log: PredictionLog) -> None:
    """Before the first prediction there is none, and no table was made by looking."""
    assert everything(log).empty
    assert list(everything(log)) == ["prediction_id"]
    assert log.counts() == {}
    assert log.table.version() is None


def test_added_once(log: PredictionLog) -> None:
    """Rows are added; those whose question is there already are not, whatever the version."""
    assert log.append(day(3), answers("a", "b"), KEY) == 2
    assert log.append(day(3), answers("b", "c"), KEY) == 1
    assert log.append(day(3), answers("a", "c", version=2), KEY) == 0
    assert orders(log) == ["a", "b", "c"]
    assert set(everything(log)["version"]) == {1}
    assert log.counts() == {day(3): 3}


def test_days_are_apart(log: PredictionLog) -> None:
    """Adding to a day leaves the others alone; reading is by first and last day."""
    log.append(day(3), answers("a"), KEY)
    log.append(day(5), answers("b"), KEY)
    assert log.counts() == {day(3): 1, day(5): 1}
    assert list(log.read(day(4), day(5))["order_id"]) == ["b"]


def test_which_are_answered(log: PredictionLog) -> None:
    """Row by row, in the order and under the index of the questions."""
    log.append(day(3), answers("a", "b"), KEY)
    asked = pd.DataFrame({"order_id": ["c", "b"]}, index=[7, 3])
    told = log.answered(day(3), asked, KEY)
    assert told.to_dict() == {7: False, 3: True}
    assert not log.answered(day(4), asked, KEY).any()


def test_category_without_a_value(log: PredictionLog) -> None:
    """A first day on which a category has no value keeps its type for those that have."""
    log.append(day(3), answers("a", category=None), KEY)
    log.append(day(3), answers("b", category="shoes"), KEY)
    log.append(day(4), answers("c", category="books"), KEY)
    log.append(day(5), answers("d", category=None), KEY)
    found = everything(log).set_index("order_id")["category"]
    assert found["b"] == "shoes"
    assert found["c"] == "books"
    assert found[["a", "d"]].isna().all()


def test_a_feature_more(log: PredictionLog) -> None:
    """A definition that changed adds its columns; old rows have none of it."""
    log.append(day(3), answers("a"), KEY)
    log.append(day(3), answers("b").assign(items=2.0), KEY)
    found = everything(log).set_index("order_id")["items"]
    assert found["b"] == 2.0
    assert pd.isna(found["a"])


def test_ids() -> None:
    """Pipeline, version and every part of the key are in it, and parts do not run together."""
    keys = [("ab", "c"), ("a", "bc"), ("abc", "")]
    frame = pd.DataFrame(keys, columns=["one", "other"])
    ids = [
        *prediction_ids("shop", 1, frame),
        *prediction_ids("shop", 2, frame),
        *prediction_ids("shops", 1, frame),
    ]
    assert len(set(ids)) == 9
    assert prediction_ids("shop", 1, frame.tail(1)) == ids[2:3]
    assert {len(each) for each in ids} == {24}


def racing(write: Callable[[int], int], writers: int) -> list[int]:
    """Let writers start together; each tries again after a conflict, as the task does."""
    together = Barrier(writers)

    def persist(number: int) -> int:
        together.wait()
        for _ in range(20):
            try:
                return write(number)
            except Conflict:
                continue
        raise AssertionError("lost every race")

    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(persist, range(writers)))


@pytest.mark.parametrize("is_first", [True, False], ids=["new table", "old table"])
def test_writers_of_one_day(log: PredictionLog, is_first: bool) -> None:
    """Several write different rows of one day at once: after retries all are there, once."""
    if not is_first:
        log.append(day(3), answers("old"), KEY)
    added = racing(lambda n: log.append(day(3), answers(f"{n}", f"{n}'", "all"), KEY), 4)
    expected = [f"{n}{mark}" for n in range(4) for mark in ("", "'")] + ["all"]
    assert orders(log) == sorted(expected + ([] if is_first else ["old"]))
    assert sum(added) == len(expected)


def test_first_writers(log: PredictionLog) -> None:
    """Who looked before the table had rows does not replace what was written meanwhile."""
    rows = pa.table({"order_id": ["slow"]})
    seen = log.table.made(rows)
    assert log.table.made(rows) == seen
    log.append(day(3), answers("quick"), KEY)
    with pytest.raises(Conflict):
        log.table.replace_partition(day(3).isoformat(), rows, "d" * 64, seen)
    assert orders(log) == ["quick"]


def test_versions_race(log: PredictionLog) -> None:
    """Two champions answering the same questions at once: each is answered once."""
    racing(lambda n: log.append(day(3), answers("a", "b", "c", version=n + 1), KEY), 2)
    assert orders(log) == ["a", "b", "c"]
    assert everything(log)["version"].nunique() == 1


def test_when_an_answer_was_written(log: PredictionLog) -> None:
    """The first state of its day that has it as it is; what was there before that is named."""
    log.append(day(3), answers("a"), KEY)
    log.append(day(3), answers("b", "c"), KEY)
    log.append(day(3), answers("d"), KEY, {"orders": 4})
    ids = {each: answers(each)["prediction_id"].iloc[0] for each in "abcd"}
    states = log.states(day(3))
    found = [log.written(log.find(ids[each])) for each in "abcd"]
    assert found == [states[0], states[1], states[1], states[2]]
    assert [dict(each.read) for each in states] == [{}, {}, {"orders": 4}]
    assert log.before(day(3), states[0]) == set()
    assert log.before(day(3), states[2]) == {ids[each] for each in "abc"}


def test_an_answer_that_was_given_again(log: PredictionLog) -> None:
    """It was written when it became what it is; the others keep their time."""
    log.append(day(3), answers("a", "b"), KEY)
    rows = log.read(day(3), day(3))
    ids = dict(zip(rows["order_id"], rows["prediction_id"], strict=True))
    rows.loc[rows["order_id"] == "a", "probability"] = 0.75
    log.replace(day(3), rows, log.table.version() or 0)
    first, second = log.states(day(3))
    assert log.written(log.find(ids["a"])) == second
    assert log.written(log.find(ids["b"])) == first
    assert list(log.read(day(3), day(3), first.version)["probability"]) == [0.5, 0.5]


def test_what_a_version_answered(log: PredictionLog) -> None:
    """Rows by day, of the days that have one."""
    assert log.answered_by(1) == {}
    log.append(day(5), answers("c"), KEY)
    log.append(day(3), answers("a", "b"), KEY)
    log.append(day(4), answers("d", version=2), KEY)
    assert log.answered_by(1) == {day(3): 2, day(5): 1}
    assert log.answered_by(3) == {}
