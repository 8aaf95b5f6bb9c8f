"""What the drift benchmark simulates, watches and makes of its figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import drift, footprint
from benchmarks.columns import (
    CATEGORICAL,
    CHANGES,
    COLUMNS,
    DEVIATIONS,
    GOAL_CHANGE,
    TRAINING_DAYS,
    Change,
    World,
    day_of,
)
from benchmarks.drift_report import EVIDENTLY, OURS, STREAMED, Report, ratios
from benchmarks.footprint import Footprint
from benchmarks.histories import LEAD_DAYS, SIZES, Side, changed, quiet
from benchmarks.vigilance import Vigilance
from benchmarks.watchers import SAMPLE, Columnwise, Evidently, Training, Verdict, Watcher
from tasks.drift.quickness import YEAR, History

WORLD = World(1_000, seed=3)


@dataclass(frozen=True)
class Alarmist:
    """Says on every third day that it looks that two columns have drifted."""

    looked: int = 0

    def look(self, day: date, rows: pd.DataFrame) -> tuple[Watcher, Verdict]:
        named = frozenset({"normal 0", "rain"}) if self.looked % 3 == 2 else frozenset()
        return Alarmist(self.looked + 1), Verdict(named)


def side(days: int = 5, lead: bool = False) -> Side:
    return Side("alarmist", lambda _: Alarmist(), dict.fromkeys(SIZES, days), 2, 4, lead, True)


def named(change: str) -> Change:
    return next(each for each in CHANGES if each.name == change)


def test_days_are_twenty_columns_that_can_be_drawn_again() -> None:
    """A day is its seed and number: every side sees the same rows, and no day is another."""
    day = WORLD.day(3)
    assert list(day) == list(COLUMNS)
    assert len(COLUMNS) == 20
    pd.testing.assert_frame_equal(day, WORLD.day(3))
    assert not day.equals(WORLD.day(4))
    assert 0.02 < day["rounded"].isna().mean() < 0.08


def test_shifts_are_in_deviations_of_the_column() -> None:
    """What is called 0.5 standard deviations is that, whatever the column's unit."""
    many = World(200_000, seed=4).day(0)
    assert many[list(DEVIATIONS)].std().to_dict() == pytest.approx(DEVIATIONS, rel=0.02)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_touches_its_columns_alone(change: Change) -> None:
    """Everything else is the quiet day that would have been."""
    before, after = WORLD.day(40), WORLD.day(40, change)
    assert {name for name in COLUMNS if not before[name].equals(after[name])} == set(change.columns)


def test_days_that_differ_differ_by_as_much_as_they_should() -> None:
    """The mean of a column moves from day to day by a tenth of its deviation."""
    unlike = World(1_000, seed=5, unlike=0.1)
    means = pd.DataFrame([unlike.day(day)[list(DEVIATIONS)].mean() for day in range(60)])
    moved = means.std() / pd.Series(DEVIATIONS)
    assert 0.08 < moved.median() < 0.13


def test_quiet_years_count_days_with_alarms() -> None:
    """Each side is told by its rules, on the days that it looked at."""
    made = quiet([side()], SIZES[0], 0.0, rounds=1)
    assert made["alarmist"] == [History(5, (2,))]
    assert made["alarmist, half"] == [History(5)]


def test_changes_count_alarms_about_what_changed() -> None:
    """An alarm about another column is not a change found, and days before it are only seen."""
    made = changed([side(lead=True)], rounds=1)
    first = (2 - LEAD_DAYS) % 3
    assert made[GOAL_CHANGE]["alarmist"] == [History(4, (first,), change=0)]
    assert made["null burst, 20 %"]["alarmist"] == [History(4, change=0)]
    assert set(made) == {change.name for change in CHANGES}


@pytest.fixture(scope="module")
def training() -> Training:
    return Training.of(WORLD)


def test_everyone_learns_the_same_days(training: Training) -> None:
    """Profiles and the peers' sample are of the same rows, where these are not too many."""
    assert list(training.profiles) == [day_of(n) for n in range(TRAINING_DAYS)]
    rows = sum(each.rows for each in training.profiles.values())
    assert rows == len(training.rows) == len(training.sample)
    assert SAMPLE / 2 < len(Training.of(World(SAMPLE // 20, seed=1)).sample) <= SAMPLE


def test_the_vigil_is_quiet_and_then_is_not(training: Training) -> None:
    """Ours sees nothing in ten quiet days, and 0.5 standard deviations within three."""
    watcher: Watcher = Vigilance(training.profiles)
    for number in range(28, 38):
        watcher, verdict = watcher.look(day_of(number), WORLD.day(number))
        assert not verdict.columns
    found = set[str]()
    for number in range(38, 41):
        watcher, verdict = watcher.look(day_of(number), WORLD.day(number, named("0.5 sd in 1")))
        found |= verdict.columns
    assert found == {"normal 0"}


@pytest.mark.slow
def test_per_column_tests_are_at_their_level(training: Training) -> None:
    """About one column of twenty is flagged on a quiet day, as 0.05 says."""
    tests = Columnwise(training.sample)
    flagged = [len(tests.look(day_of(n), WORLD.day(n))[1].columns) for n in range(28, 58)]
    assert np.mean(flagged) / 20 == pytest.approx(0.05, abs=0.03)
    shifted = WORLD.day(60, named("0.5 sd in 5"))
    assert set(named("0.5 sd in 5").columns) <= tests.look(day_of(60), shifted)[1].columns


@pytest.mark.slow
def test_the_preset_names_columns(training: Training) -> None:
    """Evidently's own thresholds are read: one shifted column is named, and is not the dataset."""
    small = Evidently(training.sample.head(5_000))
    _, verdict = small.look(day_of(60), WORLD.day(60, named("0.5 sd in 1")))
    assert "normal 0" in verdict.columns
    assert not verdict.dataset


@pytest.mark.slow
def test_a_comparison_is_measured(tmp_path: Path) -> None:
    """A child of its own tells seconds and peak memory, streamed from the file as well."""
    footprint.write(tmp_path, 2_800)
    assert len(pd.read_parquet(tmp_path / "current.parquet")) == 2_800
    days = pd.read_parquet(tmp_path / "reference.parquet")["day"]
    assert days.value_counts().to_dict() == {day_of(n).isoformat(): 100 for n in range(28)}
    took = footprint.of("streamed", tmp_path)
    assert 0 < took.seconds < 60
    assert took.peak_mb > 10


def report(**changes: Mapping[object, object]) -> Report:
    """One that meets every goal."""
    quick = [History(30, (2,), change=0)] * 9
    cost = {OURS: [Footprint(1, 400)], EVIDENTLY: [Footprint(60, 900)], "KS": [Footprint(4, 500)]}
    met = {
        "alarms": {"1,000 rows a day": {OURS: [History(YEAR, (5,))], "KS": [History(YEAR)]}},
        "delays": {GOAL_CHANGE: {OURS: quick}},
        "costs": {1_000_000: cost, 10_000_000: {STREAMED: [Footprint(30, 700)]}},
    }
    return Report(**{**met, **changes})  # type: ignore[arg-type]


def test_goals_are_met() -> None:
    """The line has every figure, the table every side."""
    made = report()
    assert made.missed == []
    assert made.line.endswith(": met")
    assert f"{GOAL_CHANGE} 3 (100% of 9)" in made.line
    assert "60.0 x Evidently" in made.line
    assert ratios(made.costs[1_000_000]) == {EVIDENTLY: 60, "KS": 4}
    assert json.loads(json.dumps(made.document))["promise_days"] == 90
    assert "1.0 (0.0-5.6) of 365" in made.table


@pytest.mark.parametrize(
    ("changes", "goal"),
    [
        ({"alarms": {"a": {OURS: [History(YEAR, tuple(range(20)))]}}}, "false alarms at a"),
        ({"alarms": {}}, "false alarms at no quiet years"),
        ({"alarms": {"a": {"KS": [History(YEAR)]}}}, "false alarms at a"),
        ({"delays": {GOAL_CHANGE: {OURS: [History(30, (3,), change=0)]}}}, GOAL_CHANGE),
        ({"delays": {GOAL_CHANGE: {OURS: [History(30, change=0)]}}}, GOAL_CHANGE),
        ({"delays": {}}, GOAL_CHANGE),
        ({"costs": {}}, "at 1,000,000 rows"),
    ],
)
def test_a_missed_goal_is_named(changes: Mapping[str, Mapping[object, object]], goal: str) -> None:
    """A figure beyond its goal misses it, and so does one that nobody measured."""
    made = report(**changes)
    assert any(each.startswith(f"{goal}: ") for each in made.missed)
    assert "missed by" in made.line


@pytest.mark.parametrize(
    ("peer", "peak", "misses"),
    [(49, 700, "1,000,000"), (60, 1025, "10,000,000")],
    ids=["not fast enough", "too much memory"],
)
def test_costs_have_goals(peer: float, peak: float, misses: str) -> None:
    """Less than 50 times Evidently's pace, slower than a peer, or above a gigabyte."""
    cost = {OURS: [Footprint(1, 400)], EVIDENTLY: [Footprint(peer, 900)], "KS": [Footprint(2, 1)]}
    made = report(costs={1_000_000: cost, 10_000_000: {STREAMED: [Footprint(30, peak)]}})
    assert [each.partition(" rows")[0] for each in made.missed] == [f"at {misses}"]


def test_a_faster_peer_is_a_missed_goal() -> None:
    """Being fifty times as fast as one of them does not help where another is faster."""
    cost = {OURS: [Footprint(1, 1)], EVIDENTLY: [Footprint(99, 1)], "KS": [Footprint(0.9, 1)]}
    made = report(costs={1_000_000: cost, 10_000_000: {STREAMED: [Footprint(30, 700)]}})
    assert len(made.missed) == 1


def test_everyone_takes_part() -> None:
    """Three sides, and NannyML where an interpreter is named; only ours needs days before."""
    without, with_nannyml = drift.sides(None), drift.sides(Path("python"))
    assert [each.name for each in without] == [OURS, "KS at 0.05", EVIDENTLY]
    assert [each.name for each in with_nannyml[3:]] == ["NannyML"]
    assert [each.name for each in with_nannyml if each.lead] == [OURS]
    assert set(CATEGORICAL) < set(COLUMNS)
