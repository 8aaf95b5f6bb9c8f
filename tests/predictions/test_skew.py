"""The skew check: what differs from the lake of today is found, and nothing else."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData
from tasks.features.query import Days, features, known_tables
from tasks.predictions.log import PredictionLog
from tasks.predictions.scorer import Scorer
from tasks.predictions.skew import Skew, skew
from tests.features.lakes import defined, put
from tests.predictions.conftest import TONIGHT, WORLD, everything
from tests.shop import FEATURES, LEAKING_FEATURES, day

ASKED = day(5)
Check = Callable[..., Skew]
Score = Callable[[], object]


@dataclass(frozen=True)
class World:
    """The lake of the shop, and what was answered from it."""

    shop: Definition
    lake: Lake
    log: PredictionLog

    def deliver(self, table: str, rows: Sequence[Mapping[str, str | None]]) -> None:
        """Make the rows all that there is of `ASKED`."""
        put(self.lake, table, ASKED.isoformat(), rows)

    def ids(self) -> list[str]:
        """Orders in the order in which they are sampled."""
        return everything(self.log).sort_values("prediction_id")["order_id"].tolist()

    def changed_one_by_one(self) -> set[str]:
        """Orders whose logged inputs a query of their own, at their own moment, gives otherwise."""
        answered = everything(self.log).set_index("order_id")
        columns, window = list(self.shop.pipeline.features.columns), Days(ASKED, ASKED)
        changed = set[str]()
        for order in map(str, answered.index):
            logged: Any = answered.loc[order]
            known = known_tables(self.lake, self.shop, window, logged["asked_at"].to_pydatetime())
            now: Any = features(self.shop, known, window).set_index("order_id").loc[order]
            pairs = [(logged[name], now[name]) for name in columns]
            if any(not (old == new or (pd.isna(old) and pd.isna(new))) for old, new in pairs):
                changed.add(order)
        return changed


@pytest.fixture
def world(shop: Definition, lake: Lake, log: PredictionLog) -> World:
    return World(shop, lake, log)


@pytest.fixture
def check(world: World) -> Check:
    """The skew of `ASKED`, by default of all its rows."""

    def checked(rows: int = 100, definition: Definition = world.shop) -> Skew:
        return skew(definition, world.lake, world.log, ASKED, rows)

    return checked


@pytest.fixture
def score(scorer: Callable[..., Scorer]) -> Score:
    """Answers the questions of `ASKED` from what the lake holds by then."""
    return lambda: scorer().score([ASKED], TONIGHT)


def test_nothing_has_changed(check: Check, score: Score) -> None:
    """What is in the lake as it was gives every input again, to the bit."""
    score()
    assert check() == Skew(ASKED, rows=12, mismatched=0)
    assert check().share == 0
    assert check().told == "all 12 answers of 2024-01-05 have the inputs that the lake gives"


@pytest.mark.slow
@pytest.mark.parametrize("late", [(5,), (2, 9), (1, 3, 8)])
def test_one_query_does_for_all(
    check: Check, world: World, score: Score, late: tuple[int, ...]
) -> None:
    """Rows that came late with the `known_at` of that day: one query over what was known by the
    last question finds the very rows that a query at the own moment of each question finds.
    """
    returns = WORLD.returns(ASKED)
    world.deliver("returns", [row for n, row in enumerate(returns) if n not in late])
    score()
    world.deliver("returns", returns)
    changed, ids = world.changed_one_by_one(), world.ids()
    for rows in (1, 4, 8, 12):
        assert check(rows).mismatched == len(changed & set(ids[:rows]))
    assert set(check().columns) == ({"store_return_share"} if changed else set())


def test_late_with_an_early_stamp(check: Check, world: World, score: Score) -> None:
    """A return that came after scoring although its source knew it at noon is skew for those who
    asked about its store after noon, and for nobody else.
    """
    returns = WORLD.returns(ASKED)
    late = returns[2]
    world.deliver("returns", [row for row in returns if row != late])
    score()
    world.deliver("returns", returns)
    sold = {row["order_id"]: row for n in (4, 5) for row in WORLD.orders(day(n))}
    store = sold[late["order_id"]]["store"]
    asked = [row for row in WORLD.orders(ASKED) if row["store"] == store]
    after = [row for row in asked if row["ordered_at"] >= late["known_at"]]
    assert 0 < len(after) < len(asked)
    found = check()
    assert found == Skew(
        ASKED, rows=12, mismatched=len(after), columns={"store_return_share": len(after)}
    )


def test_late_and_stamped_late(check: Check, world: World, score: Score) -> None:
    """What became known after the last question is not skew, whenever it came."""
    returns = WORLD.returns(ASKED)
    world.deliver("returns", returns[3:])
    score()
    night = [row | {"known_at": f"{ASKED}T23:59:00Z"} for row in returns[:3]]
    world.deliver("returns", [*returns[3:], *night])
    assert check() == Skew(ASKED, rows=12, mismatched=0)


@pytest.mark.parametrize(
    "change",
    [
        ("category", "shoes", "books"),
        ("category", None, "books"),
        ("category", "shoes", None),
        ("amount", "50.25", "50.26"),
        ("amount", None, "50.25"),
        ("amount", "50.25", None),
        ("items", "2", "3"),
    ],
)
def test_one_cell(
    check: Check, world: World, score: Score, change: tuple[str, str | None, str | None]
) -> None:
    """Numbers and categories, a null that became a value and a value that became null."""
    column, before, after = change
    first, *others = WORLD.orders(ASKED)
    world.deliver("orders", [{**first, column: before}, *others])
    score()
    world.deliver("orders", [{**first, column: after}, *others])
    assert check() == Skew(ASKED, rows=12, mismatched=1, columns={column: 1})


def test_null_is_null(check: Check, world: World, score: Score) -> None:
    """A category that is missing in both is the same, on a day on which all are missing too."""
    world.deliver("orders", [{**row, "category": None} for row in WORLD.orders(ASKED)])
    score()
    assert check() == Skew(ASKED, rows=12, mismatched=0)


def test_rounding(check: Check, world: World, score: Score) -> None:
    """A number that differs in its last digits is counted, and no mismatch."""
    orders = WORLD.orders(ASKED)
    world.deliver("orders", [orders[0] | {"amount": "0.1"}, *orders[1:]])
    score()
    rounded = orders[0] | {"amount": repr(0.3 - 0.2)}
    world.deliver("orders", [rounded, *orders[1:]])
    assert check() == Skew(ASKED, rows=12, mismatched=0, rounded=1)


def test_question_that_is_gone(check: Check, world: World, score: Score) -> None:
    """A question that the lake has no more mismatches: nobody will ever learn from it."""
    score()
    world.deliver("orders", WORLD.orders(ASKED)[2:])
    assert check() == Skew(ASKED, rows=12, mismatched=2, gone=2)
    assert check().told.endswith("than the lake gives now: question gone 2")


def test_question_of_another_moment(check: Check, world: World, score: Score) -> None:
    """A question that was moved is asked at another moment, and of another hour."""
    score()
    first, *others = sorted(WORLD.orders(ASKED), key=lambda row: row["ordered_at"])
    moved = datetime.fromisoformat(first["ordered_at"]) + timedelta(hours=1)
    world.deliver("orders", [first | {"ordered_at": moved.isoformat()}, *others])
    found = check()
    assert (found.mismatched, found.columns["asked_at"], found.columns["hour"]) == (1, 1, 1)


def test_query_that_sees_the_future(
    check: Check, scorer: Callable[..., Scorer], tmp_path: Path
) -> None:
    """Answers given from what was known later are skew: nobody could have known it when asked."""
    leaking = defined(tmp_path / "leaking", features=LEAKING_FEATURES)
    replace(scorer(), definition=leaking).score([ASKED], TONIGHT)
    found = check(definition=leaking)
    assert found.mismatched > 0
    assert set(found.columns) == {"store_return_share"}


def test_feature_that_was_not_there(check: Check, score: Score, tmp_path: Path) -> None:
    """An input that the definition has gained since was logged for nobody."""
    score()
    more = defined(
        tmp_path / "more",
        {"features": {"numeric": ["amount", "items", "hour", "store_return_share", "pieces"]}},
        FEATURES.replace("AS items,", "AS items, any_value(questions.items) AS pieces,"),
    )
    assert check(definition=more) == Skew(ASKED, rows=12, mismatched=12, columns={"pieces": 12})


def test_sample(check: Check, world: World, score: Score) -> None:
    """At most so many rows, by the order of their ids: the same ones at every look."""
    score()
    first, orders = world.ids()[:3], WORLD.orders(ASKED)
    changed = [row | {"amount": "1"} if row["order_id"] in first else row for row in orders]
    world.deliver("orders", changed)
    for _ in range(2):
        assert check(rows=3) == Skew(ASKED, rows=3, mismatched=3, columns={"amount": 3})
        assert check(rows=5) == Skew(ASKED, rows=5, mismatched=3, columns={"amount": 3})
    assert check(rows=5).share == 3 / 5
    told = "3 of 5 answers of 2024-01-05 have other inputs than the lake gives now: amount 3"
    assert check(rows=5).told == told


def test_nothing_to_compare(check: Check) -> None:
    """A day without an answer has no share of mismatches, which is not a share of 0."""
    assert check() == Skew(ASKED, rows=0, mismatched=0)
    assert math.isnan(check().share)
    assert check().told == "no answer of 2024-01-05 to compare"


def test_lake_that_is_gone(world: World, score: Score, tmp_path: Path) -> None:
    """A lake without the tables is an error, not a day without skew."""
    score()
    with pytest.raises(NotEnoughData):
        skew(world.shop, Lake(tmp_path / "elsewhere"), world.log, ASKED, 12)
