"""The smallest shop that can promote, and all the ways in which its deliveries come."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from tests.installation import Installation
from tests.shop import FEATURES, NAME, Row, Shop, arrival, arrives, day, put, written

BORN = 9
"""The night, counted in days, in which the first champion of the small shop is born."""

TODAY = BORN + 2
"""The night up to which the small shop has lived when a life begins."""

SMALL: Mapping[str, Any] = {
    "candidates": {"boosting": None, "forest": None, "logistic": {"params": {"max_iter": 100}}},
    "baselines": None,
    "features": {"lookback_days": 5},
    "windows": {
        "holdout_days": 3,
        "folds": 1,
        "fold_days": 2,
        "min_train_days": 4,
        "max_train_days": 6,
    },
    "gate": {
        "margin": 1.0,
        "resamples": 100,
        "min_rows": 30,
        "min_per_class": 3,
        "min_days": 2,
        "max_calibration_error": 1.0,
        "floors": None,
        "slices": None,
        "weak_slices": False,
        "promotions_a_week": 50,
    },
    "watch": {"window_days": 2, "min_labels": 20, "min_days": 2, "report_rows": 100},
    "retrain": {"max_age_days": 2, "cool_down_days": 0, "budget": 50, "budget_days": 14},
}
"""What is smaller than in the shop of the other tests, and a gate that lets nearly all through."""

STRICT: Mapping[str, Any] = {"gate": {"floors": {"roc_auc": 0.999}}}
"""A gate that lets nobody through."""

SHORT_FEATURES = FEATURES.replace("7 DAY", "3 DAY")

WORLD = Shop(orders_a_day=25)

TABLES: tuple["Table", ...] = ("orders", "returns")

Table = Literal["orders", "returns"]
Content = Literal["whole", "some held", "refused", "changed", "fewer", "more"]


@dataclass(frozen=True)
class Parcel:
    """A day's file of one table and what is the matter with it, if anything."""

    table: Table
    number: int
    content: Content = "whole"
    salt: int = 0
    """Other faults, other bytes."""

    @property
    def day(self) -> date:
        return day(self.number)

    @property
    def data(self) -> bytes:
        """The file, before it is compressed."""
        rows = WORLD.orders(self.day) if self.table == "orders" else WORLD.returns(self.day)
        return _spoilt(rows, self.table, self.content, self.salt)

    def lands(self, landing: Path, at: datetime | None = None, number: int = 0) -> Path:
        """Let the file arrive: at the usual time, or at another as the nth file of all.

        No two files have the same bytes, whatever is in them.
        """
        name = f"{self.day}.r{number}.csv.gz" if number else f"{self.day}.csv.gz"
        path = put(landing, self.table, self.day, self.data, name)
        return _rewritten(path, gzip.compress(self.data, mtime=number), at or self.due)

    @property
    def due(self) -> datetime:
        """When the file usually comes."""
        return arrival(self.table, self.day)


def defined(shop: Installation, strict: bool = False) -> None:
    """Write the small shop's definition, with its usual gate or one that nobody passes."""
    changes = {**SMALL, "gate": {**SMALL["gate"], **STRICT["gate"]}} if strict else SMALL
    shop.define(changes, SHORT_FEATURES)


def shown(landing: Path, table: str) -> list[Path]:
    """The file that came last for each day of a table, in order of days."""
    found = sorted((landing / NAME / table).glob("*.gz"), key=lambda path: path.stat().st_mtime)
    latest = {path.name.split(".", 1)[0]: path for path in found}
    return [latest[day] for day in sorted(latest)]


def again(path: Path, at: datetime, number: int) -> Path:
    """Let the same bytes arrive once more, under another name."""
    copy = path.with_name(f"{path.name.split('.', 1)[0]}.r{number}.csv.gz")
    return _rewritten(copy, path.read_bytes(), at)


def _rewritten(path: Path, content: bytes, at: datetime) -> Path:
    path.write_bytes(content)
    arrives(path, at)
    return path


def _spoilt(rows: Sequence[Row], table: Table, content: Content, salt: int) -> bytes:
    number = salt % len(rows)
    chosen = rows[number]
    if content == "some held":
        bad = {"items": "0"} if table == "orders" else {"returned": "perhaps"}
        return written([*rows[:number], chosen | bad, *rows[number + 1 :]])
    if content == "refused":
        return written([{f"{name}_{salt}": cell for name, cell in row.items()} for row in rows])
    if content == "changed":
        other = (
            {"amount": f"{float(chosen['amount']) + 1 + salt:.2f}"}
            if table == "orders"
            else {"returned": "false" if chosen["returned"] == "true" else "true"}
        )
        return written([*rows[:number], chosen | other, *rows[number + 1 :]])
    if content == "more":
        return written([*rows, chosen | {"order_id": f"{chosen['order_id']}-{salt}"}])
    if content == "fewer":
        return written([*rows[:number], *rows[number + 1 :]])
    return written(rows)
