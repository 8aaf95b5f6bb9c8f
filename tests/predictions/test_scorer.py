"""Every question gets one answer, from the champion of the moment that it was asked."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from config.load import Definition
from tasks.data.lake import Lake, LakeTable
from tasks.errors import Terminal
from tasks.features.query import Days, features, known_tables
from tasks.predictions.log import PredictionLog
from tasks.predictions.scorer import Reign, Scored, Scorer
from tests.features.lakes import put
from tests.predictions.conftest import BIRTH, TONIGHT, TURN, WORLD, Constant, everything
from tests.shop import day, night

Make = Callable[..., Scorer]


def run(scorer: Scorer, as_of: datetime = TONIGHT) -> Scored:
    """One scoring as the flow does it."""
    return scorer.score(scorer.due(as_of), as_of)


def test_champion_of_the_moment(scorer: Make, log: PredictionLog) -> None:
    """Questions before the first champion stay unanswered; the others go to who served then."""
    done = run(scorer())
    assert done == Scored((day(3), day(4), day(5), day(6)), 48, (1, 2))
    rows = everything(log)
    assert rows["asked_at"].min() >= BIRTH
    assert (rows["version"] == np.where(rows["asked_at"] < TURN, 1, 2)).all()
    assert set(rows[rows["day"] == "2024-01-04"]["version"]) == {1, 2}
    np.testing.assert_array_equal(rows["probability"], rows["version"] / 10)


def test_order_of_reigns_does_not_matter(scorer: Make, log: PredictionLog) -> None:
    """Decisions that were not promotions only repeat who serves, in whatever order."""
    later = TURN + timedelta(days=1)
    run(scorer([Reign(later, 2), Reign(TURN, 2), Reign(BIRTH, 1), Reign(night(day(4)), 1)]))
    rows = everything(log)
    assert (rows["version"] == np.where(rows["asked_at"] < TURN, 1, 2)).all()


def test_of_two_decisions_of_one_moment_the_last_counts(scorer: Make, log: PredictionLog) -> None:
    """Promoted and rolled back as of the same moment: who came last serves."""
    run(scorer([Reign(BIRTH, 1), Reign(TURN, 2), Reign(TURN, 1)]))
    assert set(everything(log)["version"]) == {1}


def test_ids(scorer: Make, log: PredictionLog) -> None:
    """One id a row, the same however often it is computed."""
    run(scorer())
    rows = everything(log)
    assert rows["prediction_id"].is_unique
    assert rows["order_id"].is_unique
    again = pd.concat([scorer().answers(day(n), TONIGHT) for n in (3, 4, 5, 6)])
    ids = dict(zip(again["order_id"], again["prediction_id"], strict=True))
    assert ids == dict(zip(rows["order_id"], rows["prediction_id"], strict=True))


def test_second_run_adds_nothing(scorer: Make, log: PredictionLog) -> None:
    """A second scoring finds nothing due, and nothing to add when it is told to look again."""
    run(scorer())
    version, before = log.table.version(), everything(log)
    assert run(scorer()) == Scored((), 0, ())
    assert scorer().score([day(4), day(5)], TONIGHT).rows == 0
    assert log.table.version() == version
    pd.testing.assert_frame_equal(everything(log), before)


@dataclass(frozen=True)
class Watched(Lake):
    """A lake that remembers which tables were asked for."""

    names: list[str] = field(default_factory=list)

    def table(self, name: str) -> LakeTable:
        self.names.append(name)
        return super().table(name)


def test_days_are_read_together(scorer: Make, log: PredictionLog, lake: Lake) -> None:
    """The look-back of the days due in one week is read once; days between stay unanswered."""
    watched = Watched(lake.root)
    replace(scorer(), lake=watched).score([day(3), day(5), day(6)], TONIGHT)
    assert watched.names.count("returns") == 1
    assert set(everything(log)["day"]) == {"2024-01-03", "2024-01-05", "2024-01-06"}


def test_what_was_scored_is_what_training_would_see(
    scorer: Make, shop: Definition, lake: Lake, log: PredictionLog
) -> None:
    """The inputs in the log are those of the feature query over all days, to the bit."""
    for number in range(3, 8):
        run(scorer(), night(day(number)) + timedelta(hours=9))
    week = Days(day(1), day(6))
    trained_on = features(shop, known_tables(lake, shop, week, TONIGHT), week)
    columns = ["order_id", *shop.pipeline.features.columns]
    logged = everything(log)[columns].sort_values("order_id", ignore_index=True)
    trained_on = trained_on[trained_on["order_id"].isin(logged["order_id"])][columns]
    expected = trained_on.sort_values("order_id", ignore_index=True)
    pd.testing.assert_frame_equal(logged, expected, check_dtype=False, check_exact=True)


def test_through_the_day(scorer: Make, log: PredictionLog) -> None:
    """Only what was asked by then is answered; the rest of the day follows."""
    noon = datetime(2024, 1, 5, 12, tzinfo=UTC)
    run(scorer(), noon)
    so_far = everything(log)
    assert so_far["asked_at"].max() <= noon
    run(scorer(), noon + timedelta(hours=6))
    rows = everything(log)
    assert len(so_far) < len(rows) < 36
    assert set(so_far["prediction_id"]) < set(rows["prediction_id"])


def test_nights_that_were_missed(scorer: Make, log: PredictionLog) -> None:
    """A day that was left half answered is finished, however many nights later."""
    run(scorer(), datetime(2024, 1, 3, 12, tzinfo=UTC))
    assert 0 < len(everything(log)) < 12
    run(scorer(), night(day(10)))
    assert len(everything(log)) == 48


def test_late_schedule(scorer: Make, lake: Lake, log: PredictionLog) -> None:
    """Questions of a day that was delivered late are answered when they are there."""
    late = WORLD.orders(day(4))
    put(lake, "orders", day(4).isoformat(), late[:5])
    run(scorer(), night(day(9)))
    assert len(everything(log)) == 36 + 5
    put(lake, "orders", day(4).isoformat(), late)
    assert scorer().due(night(day(10))) == [day(4)]
    run(scorer(), night(day(10)))
    assert len(everything(log)) == 48


def test_rows_that_went(scorer: Make, lake: Lake, log: PredictionLog) -> None:
    """An answer outlives its question; a corrected day is not looked into for ever."""
    run(scorer())
    put(lake, "orders", day(4).isoformat(), WORLD.orders(day(4))[:5])
    assert scorer().due(TONIGHT) == []
    assert len(everything(log)) == 48


def test_answers_stay(scorer: Make, log: PredictionLog) -> None:
    """A promotion as of an earlier moment answers no question a second time."""
    run(scorer([Reign(BIRTH, 1)]))
    assert scorer().due(TONIGHT) == []
    assert scorer().score([day(4), day(5)], TONIGHT).rows == 0
    assert set(everything(log)["version"]) == {1}


def test_asked_when_the_champion_changed(scorer: Make, log: PredictionLog) -> None:
    """A question of the very moment of a promotion, answered just before, is answered once."""
    moment = pd.Timestamp(scorer().answers(day(5), TONIGHT)["asked_at"].median())
    run(scorer([Reign(BIRTH, 1)]), moment.to_pydatetime())
    run(scorer([Reign(BIRTH, 1), Reign(moment.to_pydatetime(), 2)]))
    rows = everything(log)
    assert rows["order_id"].is_unique
    assert len(rows) == 48


def test_no_champion(scorer: Make, log: PredictionLog) -> None:
    """Without a champion nothing is due and nothing is answered."""
    assert run(scorer([])) == Scored((), 0, ())
    assert scorer([]).answers(day(4), TONIGHT).empty
    assert log.table.version() is None


def test_before_any_question(
    scorer: Make, shop: Definition, log: PredictionLog, lake: Lake
) -> None:
    """A lake without questions has nothing due."""
    empty = replace(scorer(), lake=Lake(lake.root / "none"))
    assert empty.due(TONIGHT) == []


@dataclass(frozen=True)
class Saying:
    """Says each of some numbers in turn."""

    numbers: tuple[float, ...]

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        said = np.resize(self.numbers, len(rows))
        return np.column_stack([1 - said, said])


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -0.01, 1.01])
def test_no_probabilities(scorer: Make, log: PredictionLog, wrong: float) -> None:
    """A model that says anything but probabilities is refused with the count, and not logged."""
    broken = Saying((0.5, 0.5, wrong))
    with pytest.raises(Terminal, match=r"4 of 12 predictions of shop version 1 .*nothing was log"):
        run(scorer(load=lambda number: broken if number == 1 else Constant(0.5)))
    assert everything(log).empty


def test_certain_answers_are_probabilities(scorer: Make) -> None:
    """0 and 1 are probabilities."""
    assert run(scorer(load=lambda _: Saying((0.0, 1.0)))).rows == 48


def test_broken_second_version(scorer: Make, log: PredictionLog) -> None:
    """Days before a broken version are answered; of its first day nothing is, not even half."""
    broken = Saying((2.0,))
    with pytest.raises(Terminal, match="shop version 2"):
        run(scorer(load=lambda number: broken if number == 2 else Constant(0.5)))
    assert set(everything(log)["day"]) == {"2024-01-03"}


def test_loads_what_it_needs(scorer: Make) -> None:
    """Only versions that have something to answer are loaded."""
    loaded: list[int] = []

    def load(number: int) -> Constant:
        loaded.append(number)
        return Constant(0.5)

    scorer(load=load).score([day(3)], TONIGHT)
    assert loaded == [1]


def test_a_day_in_another_zone(scorer: Make, shop: Definition, log: PredictionLog) -> None:
    """The first day of the first champion is found wherever the pipeline is."""
    schedule = shop.pipeline.schedule.model_copy(update={"timezone": "Pacific/Kiritimati"})
    there = replace(shop, pipeline=shop.pipeline.model_copy(update={"schedule": schedule}))
    evening = datetime(2024, 1, 3, 16, tzinfo=UTC)  # the 4th in Kiritimati
    run(replace(scorer([Reign(evening, 1)]), definition=there))
    asked = everything(log)["asked_at"]
    assert asked.min() >= evening
    assert asked.min().date() == day(3)
