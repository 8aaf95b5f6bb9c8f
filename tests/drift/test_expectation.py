"""What the same rows had promised: blind to a changed concept, and to nothing else."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from tasks.drift.expectation import expected
from tasks.evaluation.metrics import measure
from tasks.records import Interval
from tasks.signs import Clock, Reading
from tests.features.lakes import defined

WINDOW = (date(2024, 1, 22), date(2024, 1, 28))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    return defined(tmp_path_factory.mktemp("shop"))


def answered(seed: int, kept: float = 1.0, version: int = 1) -> pd.DataFrame:
    """Four weeks of answers; in the last, a share `kept` of the labels is as was said."""
    rng = np.random.default_rng(seed)
    number = 28 * 150
    said = rng.beta(1.5, 3, number)
    day = np.repeat(np.arange(28), 150)
    meant = np.where((day >= 21) & (rng.random(number) >= kept), said.mean(), said)
    return pd.DataFrame(
        {
            "day": [date(2024, 1, 1 + n).isoformat() for n in day],
            "version": version,
            "probability": said,
            "returned": rng.random(number) < meant,
            "amount": rng.lognormal(3, 1, number),
            "items": 1.0,
            "hour": 12.0,
            "store_return_share": 0.3,
            "category": "shoes",
            "store": rng.choice(["north", "south"], number),
        }
    )


def reading(rows: pd.DataFrame, metric: str = "roc_auc") -> Reading:
    inside = rows[rows["day"].between(WINDOW[0].isoformat(), WINDOW[1].isoformat())]
    value = measure(metric, inside["returned"], inside["probability"])  # type: ignore[arg-type]
    return Reading(
        "shop", Clock.REALISED, datetime(2024, 1, 30, 3, tzinfo=UTC), 1, metric, *WINDOW,
        len(inside), len(inside), Interval(value, value - 0.05, value + 0.05), 0.5, "labels",
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "brier"])
def test_holds_what_turns_out(shop: Definition, metric: str) -> None:
    """Where nothing changed, four of five 80 % intervals hold what turned out."""
    held = 0
    for seed in range(40):
        rows = answered(seed)
        found = reading(rows, metric)
        told = expected(shop.pipeline, rows, found).reading
        held += told.measured.low <= found.measured.value <= told.measured.high
        assert told.clock is Clock.ESTIMATED
        assert (told.first_day, told.last_day, told.rows) == (*WINDOW, found.rows)
    assert held >= 27


def test_does_not_see_what_turned_out(shop: Definition) -> None:
    """Labels of the window change nothing of what is expected of it."""
    rows = answered(1)
    told = expected(shop.pipeline, rows, reading(rows)).reading
    inside = rows["day"] >= WINDOW[0].isoformat()
    flipped = rows.assign(returned=rows["returned"] ^ inside)
    assert expected(shop.pipeline, flipped, reading(rows)).reading == told


def test_a_changed_concept_lies_below(shop: Definition) -> None:
    """Where half of the labels have lost their relation, what turned out is below the interval."""
    for seed in range(5):
        rows = answered(seed, kept=0.5)
        found = reading(rows)
        told = expected(shop.pipeline, rows, found).reading
        assert found.measured.value < told.measured.low


def test_other_inputs_are_no_concept(shop: Definition) -> None:
    """Where a score means less in the south and the week has nothing else, the estimate knows."""
    held = 0
    for seed in range(5):
        rows = answered(seed)
        rng = np.random.default_rng(seed)
        south = rng.random(len(rows)) < np.where(rows["day"] >= WINDOW[0].isoformat(), 0.95, 0.3)
        weak = rng.random(len(rows)) < rows["probability"].mean()
        truth = np.where(south & (rng.random(len(rows)) < 0.6), weak, rows["returned"])
        rows = rows.assign(returned=truth, store=np.where(south, "south", "north"))
        told = expected(shop.pipeline, rows, reading(rows), shifted=True)
        plain = expected(shop.pipeline, rows, reading(rows))
        assert told.density is not None
        assert told.density.low > 0.6
        assert told.reading.measured.value < plain.reading.measured.value - 0.03
        held += told.reading.measured.low <= reading(rows).measured.value
    assert held == 5


def test_too_little_is_undefined(shop: Definition) -> None:
    """Other versions' answers, few labels or days before, and no reading are nan with a reason."""
    rows = answered(2)
    found = reading(rows)
    late = rows[rows["day"] >= date(2024, 1, 20).isoformat()]
    cases = [
        (answered(2, version=3), found, "no labelled answer"),
        (rows.head(0), found, "no labelled answer"),
        (late, found, "300 labels of 2 days before, 100 of 5 days needed"),
        (rows, replace(found, reason="too few labels"), "too few labels"),
    ]
    for given, told, reason in cases:
        made = expected(shop.pipeline, given, told).reading
        assert math.isnan(made.measured.value)
        assert reason in made.reason
