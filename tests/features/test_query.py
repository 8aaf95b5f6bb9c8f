"""One query for training and scoring: the same answer whenever and with whomever one asks."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData, Terminal
from tasks.features.query import Days, Tables, features, known_tables, labels, questions
from tests.features.conftest import TONIGHT
from tests.features.lakes import defined, put, stock
from tests.shop import FEATURES, Shop, day, night

WEEK = Days(day(6), day(12))
ONE = Days(day(9), day(9))


def asked(definition: Definition, lake: Lake, days: Days = ONE) -> pd.DataFrame:
    return features(definition, known_tables(lake, definition, days, TONIGHT), days)


def test_a_row_a_question(shop: Definition, lake: Lake) -> None:
    """Key, day, times and inputs in their order, typed, sorted by time."""
    frame = asked(shop, lake)
    assert list(frame) == [
        *("order_id", "day", "asked_at", "ordered_at"),
        *("amount", "items", "hour", "store_return_share", "category", "store"),
    ]
    assert len(frame) == 30
    assert set(frame["day"]) == {"2024-01-09"}
    assert frame["ordered_at"].is_monotonic_increasing
    assert {str(kind) for kind in frame[list(shop.pipeline.features.numeric)].dtypes} == {"float64"}
    assert {type(each) for each in frame["category"]} == {str}


def test_alone_and_in_company(shop: Definition, lake: Lake) -> None:
    """A day asked for alone and within a week has the same features to the bit: what was trained
    on is what is scored.
    """
    alone = asked(shop, lake)
    together = asked(shop, lake, WEEK)
    together = together[together["day"] == "2024-01-09"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together, check_exact=True)


def test_then_and_now(shop: Definition, lake: Lake) -> None:
    """A day has the same features the night after it and weeks later."""
    then = features(shop, known_tables(lake, shop, ONE, night(day(10))), ONE)
    pd.testing.assert_frame_equal(then, asked(shop, lake), check_exact=True)


def test_more_is_known_later(shop: Definition, lake: Lake) -> None:
    """What is known by one moment is known by every later one."""
    moments = [night(day(9)) + timedelta(hours=hours) for hours in (0, 9, 13, 24, 240)]
    known = [known_tables(lake, shop, ONE, moment) for moment in moments]
    for table, key in (("orders", "order_id"), ("returns", "order_id")):
        rows = [set(each[table][key].to_pylist()) for each in known]
        assert all(one <= other for one, other in pairwise(rows))
    counts = [len(features(shop, each, ONE)) for each in known]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, 30)


def test_what_was_not_known_is_not_asked(tmp_path: Path, shop: Definition) -> None:
    """A row that reached us after the answer was needed is no question."""
    lake = stock(tmp_path / "lake", 1, 2, Shop(orders_a_day=20))
    rows = Shop(orders_a_day=20).orders(day(2))
    late = {"known_at": night(day(3)).isoformat()}
    put(lake, "orders", "2024-01-02", [rows[0] | late, *rows[1:]])
    days = Days(day(1), day(2))
    found = questions(shop, lake, days, TONIGHT)
    assert len(found) == 39
    assert rows[0]["order_id"] not in set(found["order_id"])
    assert len(asked(shop, lake, days)) == 39


def test_asked_at_without_zone(tmp_path: Path, lake: Lake) -> None:
    """A moment computed from a date is taken in UTC."""
    shop = defined(tmp_path, {"question": {"asked_at": "order_date + INTERVAL 21 HOUR"}})
    frame = asked(shop, lake)
    assert set(frame["asked_at"]) == {pd.Timestamp("2024-01-09T21:00Z")}
    assert len(frame) == 30


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("SELECT * FROM nowhere", "nowhere does not exist"),
        ("SELEC", "syntax error"),
        (
            FEATURES.replace("AS amount,", "AS amout,"),
            r"1 columns missing \['amount'\], 1 not declared \['amout'\]; name the same",
        ),
        (
            FEATURES.replace("questions.order_id,\n", "questions.order_id, 1 AS one,\n", 1),
            r"0 columns missing \[\], 1 not declared \['one'\]",
        ),
        (
            f"WITH told AS ({FEATURES}) SELECT * FROM told UNION ALL SELECT * FROM told",
            "60 rows for 30 questions, 0 of them matched; .* join that drops or doubles rows",
        ),
        (f"{FEATURES} HAVING any_value(items) > 1", "rows for 30 questions"),
        (
            FEATURES.replace(
                "    questions.order_id,", "    upper(questions.order_id) || 'x' AS order_id,"
            ),
            "30 rows for 30 questions, 0 of them matched",
        ),
        (
            FEATURES.replace(
                "    questions.order_id,", "    hash(questions.order_id) AS order_id,"
            ),
            "30 rows for 30 questions, 0 of them matched; .* that changes order_id",
        ),
        (
            FEATURES.replace("any_value(questions.amount)", "any_value(questions.store)"),
            "amount is declared numeric and is str .*could not convert",
        ),
        (
            FEATURES.replace("any_value(questions.amount)", "any_value(questions.ordered_at)"),
            "amount is declared numeric and is datetime64",
        ),
        (
            FEATURES.replace("any_value(questions.store)", "any_value(questions.items)"),
            "store is declared categorical and is (floating|integer); write store::VARCHAR",
        ),
    ],
)
def test_wrong_queries(shop: Definition, lake: Lake, written: str, expected: str) -> None:
    """What a query does wrong is told with the file, the pipeline and what to look for."""
    with pytest.raises(Terminal, match=f"(?s)^features.sql of shop: .*{expected}"):
        asked(replace(shop, features_sql=written), lake)


def test_trailing_semicolon_and_comments(shop: Definition, lake: Lake) -> None:
    """A query may end like one in a file does."""
    written = replace(shop, features_sql=f"-- the features\n{FEATURES.rstrip()};\n-- the end\n")
    pd.testing.assert_frame_equal(asked(written, lake), asked(shop, lake))


def test_category_without_a_value(shop: Definition, lake: Lake) -> None:
    """A day on which a category has no value at all is not refused."""
    query = FEATURES.replace("any_value(questions.store)", "NULL")
    assert asked(replace(shop, features_sql=query), lake)["store"].isna().all()


def test_unknown_asked_at(tmp_path: Path, lake: Lake) -> None:
    """A mistake in `asked_at` names itself when questions are looked for."""
    shop = defined(tmp_path, {"question": {"asked_at": "orderd_at"}})
    with pytest.raises(Terminal, match=r"question\.asked_at of shop: .*orderd_at"):
        questions(shop, lake, ONE, TONIGHT)


def test_question_twice(tmp_path: Path, shop: Definition) -> None:
    """One key in two days is told as what it is, not as a fault of the query."""
    lake = stock(tmp_path / "lake", 1, 2, Shop(orders_a_day=5))
    rows = Shop(orders_a_day=5).orders(day(2))
    twin = Shop(orders_a_day=5).orders(day(1))[0]["order_id"]
    put(lake, "orders", "2024-01-02", [rows[0] | {"order_id": twin}, *rows[1:]])
    with pytest.raises(Terminal, match=f"orders has 1 questions with several .*order_id {twin}"):
        asked(shop, lake, Days(day(1), day(2)))


def test_no_rows_yet(tmp_path: Path, shop: Definition) -> None:
    """A table that nothing was delivered for is named."""
    with pytest.raises(NotEnoughData, match="table 'orders' has no rows yet"):
        known_tables(Lake(tmp_path / "new"), shop, ONE, TONIGHT)


def known(lake: Lake, shop: Definition) -> Tables:
    return known_tables(lake, shop, ONE, TONIGHT)


def test_labels(shop: Definition, lake: Lake) -> None:
    """Zero or one by key, of every row that is known."""
    found = labels(shop, known(lake, shop))
    assert list(found) == ["order_id", "returned"]
    assert found["returned"].dtype == "int8"
    assert set(found["returned"]) == {0, 1}


def test_label_that_is_null(tmp_path: Path, lake: Lake) -> None:
    """What is null has not turned out: it is neither true nor false."""
    expression = "CASE WHEN order_id LIKE '%0' THEN NULL ELSE returned END"
    shop = defined(tmp_path, {"label": {"expression": expression}})
    found = labels(shop, known(lake, shop))
    assert found["returned"].dtype == "int8"
    assert not found["order_id"].str.endswith("0").any()


def test_label_that_is_a_number(tmp_path: Path, lake: Lake) -> None:
    """An expression that is a number is true where it is not zero: there are two classes."""
    shop = defined(tmp_path, {"label": {"expression": "length(order_id) % 7 + returned::INTEGER"}})
    assert set(labels(shop, known(lake, shop))["returned"]) <= {0, 1}


def test_label_expression_that_fails(tmp_path: Path, lake: Lake) -> None:
    """A mistake in the expression is told with its place."""
    shop = defined(tmp_path, {"label": {"expression": "retuned"}})
    with pytest.raises(Terminal, match=r"label\.expression of shop: .*retuned"):
        labels(shop, known(lake, shop))


def test_two_labels_of_one_question(tmp_path: Path, shop: Definition) -> None:
    """A question judged on two days is told with its key, before anything is trained on it."""
    lake = stock(tmp_path / "lake", 1, 3, Shop(orders_a_day=5))
    rows = Shop(orders_a_day=5).returns(day(2))
    again = {"judged_date": "2024-01-03"}
    put(lake, "returns", "2024-01-03", [*Shop(orders_a_day=5).returns(day(3)), rows[0] | again])
    days = Days(day(1), day(3))
    with pytest.raises(Terminal, match=f"returns has 1 .* labels.*{rows[0]['order_id']}"):
        labels(shop, known_tables(lake, shop, days, TONIGHT))
