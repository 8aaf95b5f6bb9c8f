"""The clocks read from lake and log: whose answers, which labels, and when nothing is said."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from config.values import Metric
from tasks.data.lake import Lake
from tasks.drift.clocks.clockwork import Clockwork, readings, truth
from tasks.evaluation.metrics import measure
from tasks.predictions.log import PredictionLog
from tasks.records import Promise
from tasks.signs import Clock, Reading
from tests.features.lakes import defined, put, stock
from tests.shop import Changes, Shop, day, night

WORLD = Shop(orders_a_day=40)
LAST = 22
AS_OF = night(day(LAST + 1))
LATER = night(day(LAST + 4))
METRICS: tuple[Metric, ...] = ("roc_auc", "log_loss")
CHANGES: Changes = {"watch": {"min_labels": 100, "min_days": 5, "window_days": 5}}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Orders and returns as they had come by the night after the last day."""
    return stock(tmp_path_factory.mktemp("clocks") / "lake", 1, LAST, WORLD)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The same two days later."""
    return stock(tmp_path_factory.mktemp("clocks") / "grown", 1, LAST + 2, WORLD)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> PredictionLog:
    """Version 1 answered days 2 to 5, version 2 since."""
    made = PredictionLog(Lake(tmp_path_factory.mktemp("clocks") / "log"))
    for number in range(2, LAST + 1):
        made.append(day(number), answers(number, 1 if number < 6 else 2), ["order_id"])
    return made


def answers(number: int, version: int) -> pd.DataFrame:
    orders = pd.DataFrame(WORLD.orders(day(number)))
    dear = np.log(orders["amount"].astype(float) / 50)
    shoes = (orders["category"] == "shoes").astype(float)
    return pd.DataFrame(
        {
            "prediction_id": "id " + orders["order_id"],
            "order_id": orders["order_id"],
            "day": day(number).isoformat(),
            "asked_at": pd.to_datetime(orders["ordered_at"]).astype("datetime64[us, UTC]"),
            "version": version,
            "probability": 1 / (1 + np.exp(0.5 - 2 * dear - 1.3 * shoes)),
            "amount": orders["amount"].astype(float),
            "items": orders["items"].astype(float),
            "hour": pd.to_datetime(orders["ordered_at"]).dt.hour.astype(float),
            "store_return_share": 0.4,
            "category": orders["category"],
            "store": orders["store"],
        }
    )


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    return defined(tmp_path, CHANGES)


def promised(version: int = 2) -> Promise:
    return Promise(version, night(day(1)), 0.8)


def by_clock(found: tuple[Reading, ...], metric: str = "roc_auc") -> dict[Clock, Reading]:
    return {each.clock: each for each in found if each.metric == metric}


def test_what_is_read(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """Both clocks read each metric on the champion's latest days, before all labels are there."""
    found = readings(Clockwork(shop, lake, log, promised(), METRICS), AS_OF)
    assert {(each.clock, each.metric) for each in found} == {
        (clock, metric) for clock in (Clock.SO_FAR, Clock.ESTIMATED) for metric in METRICS
    }
    for each in found:
        assert (each.first_day, each.last_day, each.rows) == (day(LAST - 4), day(LAST), 200)
        assert each.measured.low < each.measured.value < each.measured.high
        assert (each.version, each.as_of, each.reason) == (2, AS_OF, "")
        assert not math.isnan(each.baseline)
    told = by_clock(found)
    assert 150 < told[Clock.SO_FAR].labels < 200
    assert told[Clock.ESTIMATED].labels == 40 * (LAST - 5 - 5)
    assert told[Clock.ESTIMATED].method == "CBPE, calibrated on 480 labels of 12 days"


def test_the_window_calibrates_nothing(
    shop: Definition, lake: Lake, grown: Lake, log: PredictionLog
) -> None:
    """What became of the window's own days does not move the estimate of them."""
    now, later = (
        by_clock(readings(Clockwork(shop, each, log, promised(), METRICS), as_of))
        for each, as_of in ((lake, AS_OF), (grown, LATER))
    )
    assert now[Clock.ESTIMATED].measured == later[Clock.ESTIMATED].measured
    assert now[Clock.SO_FAR].labels < later[Clock.SO_FAR].labels


def test_what_turned_out(shop: Definition, lake: Lake, grown: Lake, log: PredictionLog) -> None:
    """A reading's truth is nan until all its days are complete, then the metric of their labels."""
    for each in readings(Clockwork(shop, lake, log, promised(), METRICS), AS_OF):
        assert math.isnan(truth(shop, lake, log, each, AS_OF))
        said = truth(shop, grown, log, each, LATER)
        assert each.measured.value == pytest.approx(said, abs=0.1)
        rows = pd.concat([answers(n, 2) for n in range(LAST - 4, LAST + 1)])
        judged = {
            row["order_id"]: row["returned"] == "true"
            for n in range(1, LAST + 3)
            for row in WORLD.returns(day(n))
        }
        metric = METRICS[METRICS.index("roc_auc") if each.metric == "roc_auc" else 1]
        y = rows["order_id"].map(judged).to_numpy()
        assert said == pytest.approx(measure(metric, y, rows["probability"]))


def test_no_champion(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """Without a champion, or an answer of it, nothing is said, and why."""
    for promise, reason in (
        (None, "no champion to watch"),
        (promised(9), "no answer of the champion to read"),
    ):
        for each in readings(Clockwork(shop, lake, log, promise, METRICS), AS_OF):
            assert math.isnan(each.measured.value)
            assert each.reason == reason
            assert math.isnan(truth(shop, lake, log, each, LATER))


def test_nothing_logged(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """An empty log is no error."""
    empty = PredictionLog(Lake(tmp_path / "empty"))
    found = readings(Clockwork(shop, lake, empty, promised(), METRICS), AS_OF)
    assert {each.reason for each in found} == {"no answer of the champion to read"}


def test_a_young_champion(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """Too few own answers before the window mean no estimate; delays are known from the others."""
    young = night(day(12))
    told = by_clock(readings(Clockwork(shop, lake, log, promised(), METRICS), young))
    assert not math.isnan(told[Clock.SO_FAR].measured.value)
    estimated = told[Clock.ESTIMATED]
    assert math.isnan(estimated.measured.value)
    assert estimated.reason == (
        "40 labels of own answers before the window on 1 days, 100 on 5 days needed"
    )


def test_too_few_labels(tmp_path: Path, lake: Lake, log: PredictionLog) -> None:
    """Below the labels asked for a clock says nothing."""
    shop = defined(tmp_path, {"watch": {**CHANGES["watch"], "min_labels": 190}})
    told = by_clock(readings(Clockwork(shop, lake, log, promised(), METRICS), AS_OF))
    assert math.isnan(told[Clock.SO_FAR].measured.value)
    assert "labels of the window so far on" in told[Clock.SO_FAR].reason
    assert not math.isnan(told[Clock.ESTIMATED].measured.value)


def test_a_hole_in_the_labels(
    shop: Definition, lake: Lake, log: PredictionLog, tmp_path: Path
) -> None:
    """After a file of labels that is missing nothing counts: its news might be the bad ones."""
    holed = stock(tmp_path / "holed", 8, LAST - 2, WORLD)
    for number in (LAST - 1, LAST):
        put(holed, "orders", day(number).isoformat(), WORLD.orders(day(number)))
    put(holed, "returns", day(LAST).isoformat(), WORLD.returns(day(LAST)))
    told = by_clock(readings(Clockwork(shop, holed, log, promised(), METRICS), AS_OF))
    whole = stock(tmp_path / "whole", 8, LAST - 2, WORLD)
    put(whole, "orders", day(LAST - 1).isoformat(), WORLD.orders(day(LAST - 1)))
    put(whole, "orders", day(LAST).isoformat(), WORLD.orders(day(LAST)))
    before = by_clock(readings(Clockwork(shop, whole, log, promised(), METRICS), AS_OF))
    assert told[Clock.SO_FAR].labels == before[Clock.SO_FAR].labels


def test_pape_by_definition(tmp_path: Path, lake: Lake, log: PredictionLog) -> None:
    """With `estimator: pape` the estimate is calibrated for the inputs that there are now."""
    shop = defined(tmp_path, {"watch": {**CHANGES["watch"], "estimator": "pape"}})
    told = by_clock(readings(Clockwork(shop, lake, log, promised(), METRICS), AS_OF))
    estimated = told[Clock.ESTIMATED]
    assert estimated.method == "PAPE, calibrated on 480 labels of 12 days"
    assert estimated.measured.low < estimated.measured.value < estimated.measured.high
