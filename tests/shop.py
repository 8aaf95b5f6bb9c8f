"""A tiny world with a question: will this order be returned? Small enough to retrain in seconds.

Everything follows from a seed and the day, so the same delivery always has the same bytes.
"""

import gzip
import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

Row = dict[str, str]

NAME = "shop"
START = date(2024, 1, 1)
"""The first day of orders."""

STORES = ("north", "south", "west")
CATEGORIES = ("shoes", "books", "toys")

PIPELINE = """\
name: shop
title: Orders that come back
schedule: {at: "03:00", timezone: UTC}
tables:
  orders:
    deliveries: orders/*
    partition: order_date
    key: [order_id]
    columns:
      order_id: string
      order_date: date
      ordered_at: timestamp
      amount: {type: float, unit_guard: true}
      items: integer
      category: string
      store: string
      known_at: timestamp
  returns:                               # every order is judged, about a day later
    deliveries: returns/*
    partition: judged_date
    key: [order_id]
    columns:
      order_id: string
      judged_date: date
      returned: boolean
      known_at: timestamp
question: {table: orders, key: [order_id], event_time: ordered_at, asked_at: ordered_at}
label: {name: returned, table: returns, expression: returned, complete_after_days: 1}
features:
  lookback_days: 14
  numeric: [amount, items, hour, store_return_share]
  categorical: [category, store]
candidates:
  logistic:
    estimator: sklearn.linear_model.LogisticRegression
    params: {C: 1.0, max_iter: 200}
    budget: {seconds: 30, memory_mb: 1000, trials: 1}
  boosting:
    estimator: sklearn.ensemble.HistGradientBoostingClassifier
    encoding: ordinal
    params: {max_iter: 15, max_leaf_nodes: 4, min_samples_leaf: 30, early_stopping: false}
    search: {max_leaf_nodes: [6]}
    budget: {seconds: 30, memory_mb: 1000, trials: 2}
  forest:
    estimator: sklearn.ensemble.RandomForestClassifier
    encoding: ordinal
    params: {n_estimators: 10, max_depth: 4, min_samples_leaf: 20}
    budget: {seconds: 30, memory_mb: 1000, trials: 1}
baselines:
  rule: {sql: "coalesce(store_return_share, 0.3)"}
metric: roc_auc
windows: {holdout_days: 5, folds: 2, fold_days: 3, min_train_days: 10, max_train_days: 12}
gate:
  mode: refresh
  metric: log_loss
  margin: 0.02
  resamples: 200
  min_rows: 100
  min_per_class: 20
  max_calibration_error: 0.2
  floors: {roc_auc: 0.6}
  slices: [store]
  slice_margin: 0.1
  min_slice_rows: 60
watch: {window_days: 5, min_labels: 100, max_drop: 0.05, report_rows: 200}
retrain: {max_age_days: 10, cool_down_days: 3, budget: 3, budget_days: 14}
"""

FEATURES = """\
SELECT
    questions.order_id,
    any_value(questions.amount) AS amount,
    any_value(questions.items) AS items,
    any_value(hour(questions.ordered_at)) AS hour,
    any_value(questions.category) AS category,
    any_value(questions.store) AS store,
    avg(judged.returned::INTEGER) AS store_return_share
FROM questions
LEFT JOIN (
    SELECT store, returned, greatest(returns.known_at, orders.known_at) AS known_at
    FROM returns JOIN orders USING (order_id)
) AS judged
    ON judged.store = questions.store
    AND judged.known_at <= questions.asked_at
    AND judged.known_at > questions.asked_at - INTERVAL 7 DAY
GROUP BY questions.order_id
"""

LEAKING_FEATURES = FEATURES.replace("    AND judged.known_at <= questions.asked_at\n", "")
"""The same query without the line that keeps the future out."""

EXPECTATIONS = """\
orders:
  row:
    - expect_column_values_to_be_between: {column: items, min_value: 1, max_value: 20}
    - expect_column_values_to_be_between: {column: amount, min_value: 0.01, max_value: 100000}
  batch:
    - expect_table_row_count_to_be_between: {min_value: 20, max_value: 200}
    - expect_column_values_to_be_in_set:
        {column: category, value_set: [shoes, books, toys], mostly: 0.8}
  warn:
    - expect_column_values_to_be_in_set: {column: category, value_set: [shoes, books, toys]}
returns:
  batch:
    - expect_table_row_count_to_be_between: {min_value: 5, max_value: 400}
"""

Changes = Mapping[str, Any]
"""Parts of the definition to replace: nested mappings are merged, None takes a key away."""


def define(pipelines: Path, changes: Changes | None = None, features: str = FEATURES) -> Path:
    """Write the pipeline's folder under `pipelines`, some of it changed; the folder."""
    folder = pipelines / NAME
    folder.mkdir(parents=True, exist_ok=True)
    described = _merged(yaml.safe_load(PIPELINE), changes or {})
    (folder / "pipeline.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    (folder / "features.sql").write_text(features)
    (folder / "expectations.yaml").write_text(EXPECTATIONS)
    return folder


def day(number: int) -> date:
    """The nth day of orders, counted from 1."""
    return START + timedelta(days=number - 1)


def night(of: date) -> datetime:
    """When the night of a day runs: it knows what happened until the evening before."""
    return datetime.combine(of, time(3), UTC)


class Order(NamedTuple):
    """One order and what became of it."""

    number: int
    ordered_at: datetime
    amount: float
    items: int
    category: str
    store: str
    judged_at: datetime
    returned: bool

    @property
    def order_id(self) -> str:
        return f"{self.ordered_at:%Y-%m-%d}-{self.number:03d}"


@dataclass(frozen=True)
class Shop:
    """Orders of which about a third come back: dear ones and shoes, until the world turns.

    From `turns_on`, dear orders and shoes are kept and the others come back.
    """

    turns_on: date | None = None
    seed: int = 7
    orders_a_day: int = 70

    def orders(self, of: date) -> list[Row]:
        """A day's orders as their file says them."""
        return [
            {
                "order_id": order.order_id,
                "order_date": of.isoformat(),
                "ordered_at": _text(order.ordered_at),
                "amount": f"{order.amount:.2f}",
                "items": str(order.items),
                "category": order.category,
                "store": order.store,
                "known_at": _text(order.ordered_at),
            }
            for order in self._placed(of)
        ]

    def returns(self, judged: date) -> list[Row]:
        """What turned out on a day, of the orders of that day and of the one before."""
        placed = [*self._placed(judged - timedelta(days=1)), *self._placed(judged)]
        return [
            {
                "order_id": order.order_id,
                "judged_date": judged.isoformat(),
                "returned": str(order.returned).lower(),
                "known_at": _text(order.judged_at),
            }
            for order in placed
            if order.judged_at.date() == judged
        ]

    def deliver(self, landing: Path, first: date, last: date) -> list[Path]:
        """Write the files of days `first` to `last`: orders come the same evening, returns the
        next morning. A file written again is the same, and arrived at the same time.
        """
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return [
            path
            for of in days
            for path in (
                put(landing, "orders", of, written(self.orders(of))),
                put(landing, "returns", of, written(self.returns(of))),
            )
        ]

    def _placed(self, of: date) -> list[Order]:
        if of < START:
            return []
        random = np.random.default_rng([self.seed, of.toordinal()])
        turned = self.turns_on is not None and of >= self.turns_on
        opening = datetime.combine(of, time(8), UTC)
        return [
            _order(random, number, opening, turned=turned) for number in range(self.orders_a_day)
        ]


def put(landing: Path, table: str, of: date, content: bytes, name: str = "") -> Path:
    """Put a file into landing, whole, with the usual time of arrival of its table and day."""
    path = landing / NAME / table / (name or f"{of}.csv.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.tmp")
    part.write_bytes(content if not path.name.endswith(".gz") else gzip.compress(content, mtime=0))
    arrives(part, arrival(table, of))
    part.replace(path)
    return path


def arrives(path: Path, at: datetime) -> None:
    """Say when a file in landing arrived."""
    os.utime(path, (at.timestamp(), at.timestamp()))


def arrival(table: str, of: date) -> datetime:
    """When a table's file of a day usually comes."""
    if table == "orders":
        return datetime.combine(of, time(23, 30), UTC)
    return datetime.combine(of + timedelta(days=1), time(1), UTC)


def written(rows: Sequence[Mapping[str, str]], delimiter: str = ",") -> bytes:
    """Rows as CSV text with the columns of the first."""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "".join(delimiter.join(line) + "\n" for line in lines).encode()


def _order(random: np.random.Generator, number: int, opening: datetime, turned: bool) -> Order:
    ordered_at = opening + timedelta(seconds=int(random.integers(12 * 3600)))
    amount = float(np.clip(random.lognormal(np.log(50), 0.6), 5, 500))
    items = int(random.integers(1, 6))
    category = CATEGORIES[int(random.integers(3))]
    store = STORES[int(random.integers(3))]
    leaning = 2.5 * np.log(amount / 50) + 1.6 * (category == "shoes") - 0.5
    logit = (-1 if turned else 1) * leaning - 0.5 + 0.5 * STORES.index(store)
    return Order(
        number=number,
        ordered_at=ordered_at,
        amount=amount,
        items=items,
        category=category,
        store=store,
        judged_at=ordered_at + timedelta(seconds=int(random.integers(3 * 3600, 26 * 3600))),
        returned=bool(random.random() < 1 / (1 + np.exp(-logit))),
    )


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _merged(described: dict[str, Any], changes: Changes) -> dict[str, Any]:
    merged = deepcopy(described)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged
