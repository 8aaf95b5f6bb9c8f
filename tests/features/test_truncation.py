"""Whoever looks into the future is caught; whoever does not is let through."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.load import Definition
from config.schema import Column, Table
from tasks.data.lake import Lake
from tasks.errors import Leakage
from tasks.features.cohort import Cohort, cohort, complete_days
from tasks.features.truncation import truncation
from tasks.records import Status
from tests.features.conftest import TONIGHT
from tests.features.lakes import defined, put, stock
from tests.shop import FEATURES, LEAKING_FEATURES, Row, Shop, day, night

QUERY = """\
SELECT order_id, amount, items, hour(ordered_at) AS hour, category, store,
    {feature} AS store_return_share
FROM questions
"""
"""Everything of the question's own, and one feature that is to be judged."""

HONEST = {
    "nothing but the question": "amount / items",
    "a null": "NULL::DOUBLE",
    "a null now and then": "CASE WHEN items = 1 THEN NULL ELSE items END",
    "a share of what was known": """(
        SELECT avg(returned::INTEGER) FROM returns JOIN orders AS o USING (order_id)
        WHERE o.store = questions.store AND returns.known_at <= asked_at)""",
    "a mean of amounts, summed in any order": """(
        SELECT avg(o.amount / 3) FROM orders AS o
        WHERE o.known_at <= asked_at AND o.known_at > asked_at - INTERVAL 7 DAY)""",
    "the order before": """(
        SELECT max(amount) FROM orders AS o WHERE o.store = questions.store
        AND o.known_at < asked_at AND o.known_at > asked_at - INTERVAL 2 HOUR)""",
}

LEAKS = {
    "a label average over everything": """(
        SELECT avg(returned::INTEGER) FROM returns JOIN orders AS o USING (order_id)
        WHERE o.store = questions.store)""",
    "a label average by day, not by when it was known": """(
        SELECT avg(returned::INTEGER) FROM returns WHERE judged_date <= questions.order_date)""",
    "the label itself": """(
        SELECT returned::INTEGER FROM returns WHERE returns.order_id = questions.order_id)""",
    "a join without asked_at": """(
        SELECT count(*) FROM orders AS o WHERE o.store = questions.store
        AND o.order_date = questions.order_date)""",
    "an hour too late": """(
        SELECT count(*) FROM orders AS o WHERE o.known_at <= asked_at + INTERVAL 1 HOUR)""",
    "a window over the future": "lead(amount) OVER (PARTITION BY store ORDER BY ordered_at)",
    "a rank among all that are asked": "row_number() OVER (ORDER BY ordered_at)",
    "a mean of all that are asked": "avg(amount) OVER ()",
    "more history than is declared": """(
        SELECT count(*) FROM orders AS o WHERE o.known_at <= asked_at)""",
}


WEATHER = Table(
    deliveries="weather/*",
    partition="read_on",
    key=("read_at",),
    columns={
        "read_on": Column(type="date"),
        "read_at": Column(type="timestamp"),
        "reading": Column(type="integer"),
        "known_at": Column(type="timestamp"),
    },
)

READINGS = """\
SELECT order_id, amount, items, hour(ordered_at) AS hour, category, store,
    weather.reading::INTEGER AS store_return_share
FROM questions ASOF LEFT JOIN weather ON asked_at >= weather.{column}
"""


def asking(definition: Definition, feature: str) -> Definition:
    return replace(definition, features_sql=QUERY.format(feature=feature))


def rows_of(definition: Definition, lake: Lake) -> Cohort:
    return cohort(definition, lake, complete_days(definition, lake, TONIGHT), TONIGHT)


def test_honest_query_passes(built: Cohort) -> None:
    """The shop's own query is passed, and the check says on how many rows."""
    check = truncation(built)
    assert check.status is Status.PASS
    assert check.numbers["rows"] >= 3
    assert check.numbers["moments"] == 3


@pytest.mark.parametrize("feature", HONEST.values(), ids=HONEST)
def test_honest_features_pass(shop: Definition, lake: Lake, feature: str) -> None:
    """A feature of what was known when asked is never refused, nulls or not."""
    lookback = 30 if "o.known_at" in feature or "returns" in feature else 14
    features = shop.pipeline.features.model_copy(update={"lookback_days": lookback})
    patient = replace(shop, pipeline=shop.pipeline.model_copy(update={"features": features}))
    assert truncation(rows_of(asking(patient, feature), lake)).status is Status.PASS


@pytest.mark.parametrize("feature", LEAKS.values(), ids=LEAKS)
def test_leaks_are_caught(shop: Definition, lake: Lake, feature: str) -> None:
    """A feature that would have been another with only what was known is refused by name."""
    with pytest.raises(Leakage, match=r"1 of 6 features changed .*: store_return_share\. First:"):
        truncation(rows_of(asking(shop, feature), lake))


def test_missing_line_is_caught(shop: Definition, lake: Lake) -> None:
    """The shop's own query without its `known_at <= asked_at` is refused."""
    leaking = replace(shop, features_sql=LEAKING_FEATURES)
    with pytest.raises(Leakage, match="join on known_at <= asked_at"):
        truncation(rows_of(leaking, lake))


def test_a_leak_in_a_category_is_caught(shop: Definition, lake: Lake) -> None:
    """Texts are compared too, and one that was missing is not equal to one that is there."""
    query = QUERY.format(feature="1").replace(
        "category,",
        """(SELECT CASE WHEN r.returned THEN 'back' END FROM returns AS r
            WHERE r.order_id = questions.order_id) AS category,""",
    )
    with pytest.raises(Leakage, match="category is back with them and nan without"):
        truncation(rows_of(replace(shop, features_sql=query), lake))


@pytest.mark.parametrize("column", ["read_at", "known_at"])
def test_readings_of_the_hour(tmp_path: Path, column: str) -> None:
    """A reading stamped before the question but known an hour later is the future, as weather is.

    The same reading by the time that it was known is not.
    """
    lake = stock(tmp_path / "lake", 1, 4, Shop(orders_a_day=20))
    for number in range(1, 5):
        read = readings(datetime(2024, 1, number, tzinfo=UTC))
        put(lake, "weather", day(number).isoformat(), read)
    shop = defined(tmp_path)
    tables = {**shop.pipeline.tables, "weather": WEATHER}
    shop = replace(
        shop,
        pipeline=shop.pipeline.model_copy(update={"tables": tables}),
        features_sql=READINGS.format(column=column),
    )
    rows = rows_of_days(shop, lake, 4)
    if column == "known_at":
        assert truncation(rows).status is Status.PASS
        return
    with pytest.raises(Leakage, match="store_return_share"):
        truncation(rows)


def readings(midnight: datetime) -> list[Row]:
    """One reading an hour, stamped on the hour and known at its end."""
    hours = [midnight + timedelta(hours=hour) for hour in range(24)]
    return [
        {
            "read_on": f"{midnight:%Y-%m-%d}",
            "read_at": hour.isoformat(),
            "reading": str(hour.day * 100 + hour.hour),
            "known_at": (hour + timedelta(minutes=59)).isoformat(),
        }
        for hour in hours
    ]


def rows_of_days(definition: Definition, lake: Lake, last: int) -> Cohort:
    as_of = night(day(last + 1))
    return cohort(definition, lake, complete_days(definition, lake, as_of), as_of)


def test_asked_a_day_ahead(tmp_path: Path) -> None:
    """Questions asked a day before the day they are about are tested too, on rows of that day."""
    lake = stock(tmp_path / "lake", 1, 6, Shop(orders_a_day=20))
    for number in range(1, 7):
        known = {"known_at": night(day(number - 2)).isoformat()}
        rows = [row | known for row in Shop(orders_a_day=20).orders(day(number))]
        put(lake, "orders", day(number).isoformat(), rows)
    ahead = {"question": {"asked_at": "ordered_at - INTERVAL 24 HOUR"}}
    leak = "(SELECT count(*) FROM returns WHERE returns.known_at <= asked_at + INTERVAL 2 HOUR)"
    honest = "(SELECT count(*) FROM returns WHERE returns.known_at <= asked_at)"
    shop = defined(tmp_path, ahead)
    check = truncation(rows_of_days(asking(shop, honest), lake, 6))
    assert check.numbers["rows"] >= 3
    with pytest.raises(Leakage):
        truncation(rows_of_days(asking(shop, leak), lake, 6))


def test_looking_back_too_far_is_told_apart(shop: Definition, lake: Lake) -> None:
    """Old rows are not the future: the message says what to mend."""
    with pytest.raises(
        Leakage, match=r"older than features\.lookback_days: \d+ were taken .* further"
    ):
        truncation(rows_of(asking(shop, LEAKS["more history than is declared"]), lake))


def test_what_is_let_in_later_counts_from_then(tmp_path: Path) -> None:
    """Orders that were held when their returns came: a join is known when both its sides are."""
    lake = stock(tmp_path / "lake", 1, 6, Shop(orders_a_day=20))
    released = {"known_at": night(day(8)).isoformat()}
    rows = [row | released for row in Shop(orders_a_day=20).orders(day(3))]
    put(lake, "orders", day(3).isoformat(), rows)
    shop, as_of = defined(tmp_path), night(day(9))
    days = complete_days(shop, lake, as_of)
    assert truncation(cohort(shop, lake, days, as_of)).status is Status.PASS
    one_sided = FEATURES.replace("greatest(returns.known_at, orders.known_at) AS ", "returns.")
    with pytest.raises(Leakage, match="store_return_share"):
        truncation(cohort(replace(shop, features_sql=one_sided), lake, days, as_of))


def test_every_moment_has_a_row(shop: Definition, lake: Lake) -> None:
    """A moment is a row's own, so that no check passes on nothing."""
    few = cohort(shop, lake, [day(5)], TONIGHT)
    one = replace(few, frame=few.frame.head(1))
    assert truncation(one, cuts=1).numbers == {"rows": 1, "moments": 1}
