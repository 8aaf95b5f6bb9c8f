"""Every day is profiled and judged once, against what it may be compared with."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tasks.data.lake import Lake
from tasks.drift.patrol import Patrol, Reign, Round
from tasks.features.query import Days, features, known_tables
from tasks.predictions.log import PredictionLog, prediction_ids
from tasks.signs import Reference
from tests.features.lakes import defined, put, stock
from tests.shop import Shop, day, night

LAST = 22
WORLD = Shop(orders_a_day=12)
POLICY = {"watch": {"window_days": 3, "drift": {"reference_days": 12, "least_days": 8}}}
REIGN = Reign(day(1), {}, {})


def answered(patrol: Patrol, number: int, version: int = 1, rows: int | None = None) -> None:
    """Log answers of a version to the questions of a day, as many as are asked for."""
    window = Days(day(number), day(number))
    known = known_tables(patrol.lake, patrol.definition, window, night(day(number + 1)))
    frame = features(patrol.definition, known, window).head(rows or WORLD.orders_a_day)
    said = np.random.default_rng(number).uniform(0.2, 0.4, len(frame))
    ids = prediction_ids("shop", version, frame[["order_id"]])
    logged = frame.assign(prediction_id=ids, version=version, probability=said)
    patrol.log.append(day(number), logged, ["order_id"])


@pytest.fixture(scope="module")
def _patrol(tmp_path_factory: pytest.TempPathFactory) -> Patrol:
    root = tmp_path_factory.mktemp("patrol")
    patrol = Patrol(
        defined(root / "config", POLICY),
        stock(root / "lake", 1, LAST, WORLD),
        PredictionLog(Lake(root / "log")),
    )
    for number in range(1, LAST):
        answered(patrol, number)
    made(patrol, 13)
    return patrol


@pytest.fixture
def patrol(_patrol: Patrol, tmp_path: Path) -> Patrol:
    """A shop with 21 days of answers by one version, and a look at the first twelve."""
    log = Path(str(_patrol.log.lake.root))
    shutil.copytree(log, tmp_path / "log")
    return replace(_patrol, log=PredictionLog(Lake(tmp_path / "log")))


def made(patrol: Patrol, number: int, reign: Reign = REIGN) -> Round:
    return patrol.made(reign, night(day(number)))


def judged(patrol: Patrol) -> set[date]:
    return {date.fromisoformat(each) for each in patrol.sightings.table.partitions()}


def test_days_that_are_over(patrol: Patrol) -> None:
    """A day is judged in the night after it, and the days that nobody looked at with it."""
    made(patrol, 15)
    assert judged(patrol) == {day(number) for number in range(1, 15)}
    made(patrol, 16)
    assert judged(patrol) == {day(number) for number in range(1, 16)}


def test_a_second_round_changes_nothing(patrol: Patrol) -> None:
    """The same signals, no commit, and neither alarm nor skew is news again."""
    first = made(patrol, 20)
    tables = [patrol.asked.table, patrol.outcomes.table, patrol.sightings.table]
    versions = [table.version() for table in tables]
    again = made(patrol, 20)
    assert again.signals == first.signals
    assert (again.raised, again.skew) == ((), None)
    assert [table.version() for table in tables] == versions


def test_a_day_that_got_more_answers(patrol: Patrol, tmp_path: Path) -> None:
    """Answers that come late are profiled with the others of their day; its verdict stands."""
    few = replace(patrol, log=PredictionLog(Lake(tmp_path / "few")))
    answered(few, 5, rows=7)
    made(few, 6)
    assert few.asked.days(day(5), day(5))[day(5)].rows == 7
    answered(few, 5)
    made(few, 7)
    assert few.asked.days(day(5), day(5))[day(5)].rows == WORLD.orders_a_day


def test_references(patrol: Patrol) -> None:
    """Inputs are held against every reference that there is, a model's answers against its own."""
    training = patrol.asked
    made(patrol, 20)
    reign = Reign(day(15), training.days(day(1), day(10)), {})
    signals = made(patrol, 21, reign).signals
    of_inputs = {each.reference for each in signals if each.stream == "feature amount"}
    assert of_inputs == {Reference.TRAINING, Reference.PREVIOUS}
    (answers,) = (each for each in signals if each.stream == "prediction")
    assert answers.reference is Reference.PREVIOUS
    assert "3 of at least 8 days" in answers.reason
    labels = {each.reference for each in signals if each.stream == "label"}
    assert labels == {Reference.TRAINING, Reference.PREVIOUS}


def test_evidence_about_another_model_is_forgotten(patrol: Patrol) -> None:
    """A new champion begins with none against its training window."""
    made(patrol, 20)
    new = Reign(day(20), patrol.asked.days(day(3), day(12)), {})
    signals = made(patrol, 21, new).signals
    fresh = [each for each in signals if each.reference is Reference.TRAINING]
    assert fresh
    assert not any(each.evidence > each.e for each in fresh)


def test_nothing_was_answered(patrol: Patrol, tmp_path: Path) -> None:
    """Without an answer there is nothing to see, and nothing is written."""
    quiet = replace(patrol, log=PredictionLog(Lake(tmp_path / "quiet")))
    assert made(quiet, 20) == Round()
    assert not (tmp_path / "quiet").exists()


def test_a_day_without_any_label(patrol: Patrol, tmp_path: Path) -> None:
    """A complete day on which nothing turned out is kept as such, and stops no round."""
    shutil.copytree(Path(str(patrol.lake.root)), tmp_path / "lake")
    unheard = replace(patrol, lake=Lake(tmp_path / "lake"))
    for number in (16, 17):
        judged_then = WORLD.returns(day(number))
        nothing = [row | {"order_id": f"else {number} {n}"} for n, row in enumerate(judged_then)]
        put(unheard.lake, "returns", day(number).isoformat(), nothing)
    made(unheard, 20)
    (kept,) = unheard.outcomes.days(day(16), day(16)).values()
    assert {name: column.rows for name, column in kept.columns.items()} == {
        "returned": 0,
        "loss": 0,
    }
    assert {each.stream for each in unheard.sightings.of(day(17), day(17))} >= {"label", "loss"}


def test_skew_is_a_stream(patrol: Patrol) -> None:
    """Inputs that the lake would give differently now are counted on the newest complete day."""
    found = made(patrol, 20).skew
    assert found is not None
    assert (found.rows, found.mismatched) == (WORLD.orders_a_day, 0)
    (stream,) = (e for e in patrol.sightings.of(day(19), day(19)) if e.stream == "skew")
    assert (stream.day, stream.rows) == (day(18), WORLD.orders_a_day)
