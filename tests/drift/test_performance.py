"""What the champion said against what turned out: a drop only when it is beyond doubt."""

import math
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake
from tasks.drift.performance import labelled, readings, realised, recent
from tasks.drift.triggers import evaluated
from tasks.evaluation.metrics import measure
from tasks.evaluation.skill import Bar, Pledge
from tasks.predictions.log import PredictionLog
from tasks.records import Promise
from tasks.signs import Clock
from tests.features.lakes import defined, put, stock
from tests.places import folder
from tests.shop import Shop, day, night

AS_OF = night(day(9))
WORLD = Shop(orders_a_day=10)


@pytest.fixture
def shop(tmp_path: Path) -> Definition:
    return defined(tmp_path)


def judging(tmp_path: Path, metric: str, max_drop: float) -> Definition:
    return defined(tmp_path, {"metric": metric, "watch": {"max_drop": max_drop}})


def rows(skill: float, number: int = 300, days: int = 6, version: int = 1) -> pd.DataFrame:
    """Labelled predictions; `skill` 0 is a coin, 1 is nearly always right."""
    random = np.random.default_rng(3)
    label = random.random(number) < 0.4
    said = np.clip(0.3 * skill * label + random.random(number) * 0.7, 0.01, 0.99)
    return pd.DataFrame(
        {
            "day": [day(1 + n % days).isoformat() for n in range(number)],
            "version": version,
            "probability": said,
            "returned": label.astype("int8"),
        }
    )


def promised(value: float, version: int = 1) -> Promise:
    return Promise(version, night(day(1)), value)


def test_measured(shop: Definition) -> None:
    """The metric of exactly these rows, with limits around it, and what it was measured on."""
    met = rows(0.5)
    told = realised(shop, met, promised(0.6), AS_OF)
    assert told.measured.value == pytest.approx(
        measure("roc_auc", met["returned"], met["probability"])
    )
    assert told.measured.low < told.measured.value < told.measured.high
    assert (told.first_day, told.last_day, told.labels) == (day(1), day(6), 300)
    assert (told.version, told.reference, told.metric) == (1, 0.6, "roc_auc")
    assert not told.dropped
    assert "on 300 labels, 0.600 promised: within the 0.050 allowed" in told.reason


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "brier"])
def test_dropped_whichever_way_the_metric_points(tmp_path: Path, metric: str) -> None:
    """Worse than promised is a drop, better is none, for metrics that rise and that fall."""
    shop = judging(tmp_path, metric, 0.01)
    good, bad = (realised(shop, rows(skill), promised(0.5), AS_OF) for skill in (0.6, 0.0))
    sign = 1 if metric == "roc_auc" else -1
    assert sign * good.measured.value > sign * bad.measured.value
    of_good, of_bad = promised(good.measured.value), promised(bad.measured.value)
    assert realised(shop, rows(0.0), of_good, AS_OF).dropped
    assert not realised(shop, rows(0.6), of_bad, AS_OF).dropped


@pytest.mark.parametrize(("max_drop", "dropped"), [(0.05, True), (0.2, False)])
def test_beyond_what_is_allowed(tmp_path: Path, max_drop: float, dropped: bool) -> None:
    """A drop that is certain but smaller than allowed is none."""
    shop = judging(tmp_path, "roc_auc", max_drop)
    value = realised(shop, rows(0.3), promised(0.5), AS_OF).measured
    told = realised(shop, rows(0.3), promised(value.value + 0.15), AS_OF)
    assert told.measured.high < told.reference
    assert told.dropped is dropped
    assert ("more than the" if dropped else "within the") in told.reason


def test_not_beyond_doubt(shop: Definition) -> None:
    """A large drop on few unlike days, which the interval does not exclude, is none, and told."""
    few = rows(0.3, number=100, days=5)
    value = realised(shop, few, promised(0.5), AS_OF).measured
    assert value.high - value.value > 0.06
    told = realised(shop, few, promised(value.value + 0.06), AS_OF)
    assert not told.dropped
    assert "0.060 worse, more than the 0.050 allowed, but not beyond doubt" in told.reason


def test_too_few_days(shop: Definition) -> None:
    """Labels of fewer days than needed measure nothing: one bad day is no drop."""
    told = realised(shop, rows(0.0, days=4), promised(0.9), AS_OF)
    assert not told.dropped
    assert math.isnan(told.measured.value)
    assert not math.isnan(realised(shop, rows(0.0, days=5), promised(0.9), AS_OF).measured.value)


def test_one_class(shop: Definition) -> None:
    """With one class the metric is undefined: nan, told, and no drop."""
    told = realised(shop, rows(0.5).assign(returned=0), promised(0.9), AS_OF)
    assert math.isnan(told.measured.value)
    assert not told.dropped
    assert told.reason == "roc_auc undefined on 300 labels: 100 of both classes on 5 days needed"


def test_too_few_labels(shop: Definition) -> None:
    """One label too few and nothing is measured, however bad they are."""
    told = realised(shop, rows(0.0, number=99), promised(0.9), AS_OF)
    assert math.isnan(told.measured.value)
    assert not told.dropped
    assert told.labels == 99
    assert not math.isnan(
        realised(shop, rows(0.0, number=100), promised(0.9), AS_OF).measured.value
    )


def test_only_its_own_answers_count(shop: Definition) -> None:
    """What an earlier champion said is not held against this one."""
    both = pd.concat([rows(0.0, version=1), rows(0.8, number=120, days=5, version=2)])
    told = realised(shop, both, promised(0.8, version=2), AS_OF)
    assert (told.labels, told.version, told.last_day) == (120, 2, day(5))
    assert not told.dropped
    assert realised(shop, both, promised(0.8, version=1), AS_OF).dropped


def test_new_champion_has_no_answers_yet(shop: Definition) -> None:
    """Before its first labels a champion is neither good nor bad."""
    told = realised(shop, rows(0.0, version=1), promised(0.9, version=2), AS_OF)
    assert (told.labels, told.dropped) == (0, False)
    assert (told.first_day, told.last_day) == (AS_OF.date(), AS_OF.date())


@pytest.mark.parametrize("answered", [rows(0.0), pd.DataFrame()], ids=["answers", "none"])
def test_no_champion(shop: Definition, answered: pd.DataFrame) -> None:
    """Without a champion there is no promise that could be broken."""
    told = realised(shop, answered, None, AS_OF)
    assert (told.version, told.dropped, told.reason) == (None, False, "no champion to watch")
    assert math.isnan(told.reference)


def test_same_rows_same_answer(shop: Definition) -> None:
    """Measuring again, or the rows in another order, gives the same."""
    met = rows(0.4)
    one = realised(shop, met, promised(0.7), AS_OF)
    other = realised(shop, met.sample(frac=1, random_state=1), promised(0.7), AS_OF)
    assert one == realised(shop, met, promised(0.7), AS_OF)
    assert one.measured.low == pytest.approx(other.measured.low)


BOTH = {"drop": {}, "loss": {"metric": "log_loss", "against": "skill"}}


def test_the_realised_clock(tmp_path: Path) -> None:
    """A reading of each metric that a trigger names, of the same rows, with its baseline."""
    shop = defined(tmp_path, {"watch": {"triggers": BOTH}})
    met = pd.concat([rows(0.5), rows(0.5, version=2)])
    told = realised(shop, met, promised(0.6), AS_OF)
    auc, loss = readings(shop, met, told)
    own = met[met["version"] == 1]
    share = np.full(300, own["returned"].mean())
    assert (auc.metric, auc.measured, auc.baseline) == ("roc_auc", told.measured, 0.5)
    value = measure("log_loss", own["returned"], own["probability"])
    assert loss.measured.value == pytest.approx(value)
    assert loss.baseline == pytest.approx(measure("log_loss", own["returned"], share))
    for each in (auc, loss):
        assert (each.clock, each.version, each.as_of) == (Clock.REALISED, 1, AS_OF)
        assert (each.rows, each.labels, each.last_day) == (300, 300, day(6))
        assert each.reason == ""


def test_the_realised_clock_without_evidence(tmp_path: Path) -> None:
    """Too few labels, one class or no champion: nan for every metric, each with its reason."""
    shop = defined(tmp_path, {"watch": {"triggers": BOTH}})
    for met, promise, why in (
        (rows(0.5, number=99), promised(0.6), "undefined on 99 labels"),
        (rows(0.5), None, "no champion to watch"),
        (pd.DataFrame(), promised(0.6), "undefined on 0 labels"),
    ):
        for each in readings(shop, met, realised(shop, met, promise, AS_OF)):
            assert math.isnan(each.measured.value)
            assert math.isnan(each.baseline)
            assert why in each.reason
    of_one_class = rows(0.5).assign(returned=0)
    auc, loss = readings(shop, of_one_class, realised(shop, of_one_class, promised(0.6), AS_OF))
    assert math.isnan(auc.measured.value)
    assert not math.isnan(loss.measured.value)


@pytest.mark.parametrize("skill", [0.0, 0.3, 0.6])
def test_the_default_trigger_sees_what_is_measured(shop: Definition, skill: float) -> None:
    """Held against its promise, the realised clock fires exactly when the measurement dropped."""
    met = rows(skill)
    for value in (0.5, 0.6, 0.7, 0.8, 0.9):
        told = realised(shop, met, promised(value), AS_OF)
        pledge = Pledge(1, AS_OF, told.measured, 0.5)
        pledge = replace(pledge, measured=replace(told.measured, value=value))
        history = readings(shop, met, told)
        (found,) = evaluated(shop.pipeline, history, {"roc_auc": Bar("roc_auc", 1, (pledge,))}, [])
        assert (found.fired, found.reason) == (told.dropped, told.reason)


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return stock(tmp_path_factory.mktemp("drift") / "lake", 1, 8, WORLD)


@pytest.fixture
def lake(stocked: Lake, tmp_path: Path) -> Lake:
    """A lake of the test's own."""
    return Lake(Path(shutil.copytree(folder(stocked.root), tmp_path / "lake")))


@pytest.fixture
def log(tmp_path: Path) -> PredictionLog:
    """A log with an answer to every question of days 2 to 8."""
    made = PredictionLog(Lake(tmp_path / "log"))
    for number in range(2, 9):
        keys = [row["order_id"] for row in WORLD.orders(day(number))]
        answers = pd.DataFrame(
            {
                "prediction_id": [f"id {key}" for key in keys],
                "order_id": keys,
                "day": day(number).isoformat(),
                "version": 1,
                "probability": 0.5,
            }
        )
        made.append(day(number), answers, ["order_id"])
    return made


def test_latest_complete_days(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """The last days of the window whose labels are there, with every prediction of them."""
    found = recent(shop, lake, log, AS_OF)
    assert found.days == tuple(day(n) for n in range(3, 8))
    assert set(found.met["day"]) == {each.isoformat() for each in found.days}
    assert len(found.met) == len(found.answered) == 50
    assert found.answered["returned"].dtype == "int8"


def test_a_hole_in_the_labels(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """Days whose file of labels is missing are left out, though they were answered."""
    shutil.rmtree(folder(lake.root) / "returns")
    for number in (1, 2, 3, 4, 7, 8):
        put(lake, "returns", day(number).isoformat(), WORLD.returns(day(number)))
    found = recent(shop, lake, log, AS_OF)
    assert found.days == (day(1), day(2), day(3), day(7))
    assert set(found.met["day"]) == {day(n).isoformat() for n in (2, 3, 7)}


def test_answers_on_incomplete_days_only(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """Answers that lie between complete days, but on none, are nothing to measure."""
    shutil.rmtree(folder(lake.root) / "returns")
    for number in (1, 2, 3, 6, 7, 8):
        put(lake, "returns", day(number).isoformat(), WORLD.returns(day(number)))
    log = PredictionLog(Lake(tmp_path / "log of day 4"))
    rows_of_4 = pd.DataFrame(
        {
            "prediction_id": ["x"],
            "order_id": [WORLD.orders(day(4))[0]["order_id"]],
            "day": day(4).isoformat(),
            "version": 1,
            "probability": 0.5,
        }
    )
    log.append(day(4), rows_of_4, ["order_id"])
    found = recent(shop, lake, log, AS_OF)
    assert day(4) not in found.days
    assert found.met.empty
    assert realised(shop, found.answered, promised(0.7), AS_OF).labels == 0


def test_nothing_logged(shop: Definition, lake: Lake, tmp_path: Path) -> None:
    """Complete days without a prediction, or no complete day at all, are no error."""
    empty = PredictionLog(Lake(tmp_path / "empty"))
    assert recent(shop, lake, empty, AS_OF).met.empty
    assert recent(shop, lake, empty, night(day(1))).days == ()


def test_labels_known_by_then(shop: Definition, lake: Lake, log: PredictionLog) -> None:
    """A prediction whose label comes later is not among the answered ones yet."""
    met = log.read(day(7), day(7))
    evening = datetime(2024, 1, 8, 3, tzinfo=UTC)
    then, later = (labelled(shop, lake, met, as_of) for as_of in (evening, AS_OF))
    assert 0 < len(then) < len(later) == 10
    assert set(then["order_id"]) < set(later["order_id"])
