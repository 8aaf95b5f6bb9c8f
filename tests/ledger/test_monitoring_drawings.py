"""What is drawn on the monitoring page stands where its day and its value are."""

import doctest
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ledger import monitoring_clocks, monitoring_columns, monitoring_days, monitoring_drift
from tasks.ledger.monitoring import Level, Maturity, MonitorData, Volume, volumes
from tasks.ledger.monitoring_clocks import Panel, panels
from tasks.ledger.monitoring_columns import FOOT, arrived, delivered
from tasks.ledger.monitoring_days import Timeline, champion_on, reigns, timeline
from tasks.ledger.monitoring_drift import MOST_STRIPS, alarms, strips
from tasks.ledger.monitoring_lanes import STANDINGS, decided, evaluated, missed, standing
from tasks.records import Admission, Kind, Outcome
from tasks.signs import Clock, Evaluation, Reading, Reference, Scored, Signal, Why
from tests.ledger.monitored import LAST, decision, evaluation, reading, refusal, signal

FIRST = LAST - timedelta(days=99)
DAYS = Timeline(FIRST, LAST)
"""One day is one percent."""


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def drawn(readings: Sequence[Reading], bars: tuple[Level, ...] = ()) -> Panel:
    """The panel of the readings' metric."""
    as_of = datetime(2013, 12, 30, 7, tzinfo=UTC)
    data = MonitorData("flights", "Late?", as_of, "roc_auc", True, tuple(readings), bars=bars)
    [panel] = panels(data, DAYS)
    return panel


def read(number: int, value: float = 0.7) -> Reading:
    """A reading of the window that ends on a day."""
    return reading(day(number) + timedelta(days=5), value=value)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


@pytest.mark.parametrize(
    "module", [monitoring_clocks, monitoring_columns, monitoring_days, monitoring_drift]
)
def test_examples(module: object) -> None:
    """What the documentation of the drawings shows is so."""
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_a_reading_stands_at_the_end_of_its_window() -> None:
    """Clocks that speak of the same rows stand together, whenever they spoke."""
    late, early = read(50), reading(day(51), Clock.ESTIMATED, 0.7)
    assert late.last_day == early.last_day != late.as_of.date()
    panel = drawn([late, early])
    assert [points(trace.line)[0] for trace in panel.traces] == [(50.5, 50.0), (50.5, 50.0)]
    [(x, text)] = panel.columns
    assert x == 50.5
    assert text.splitlines()[0] == str(day(50))
    assert [line.partition(" of v7")[0] for line in text.splitlines()[1:]] == [
        "realised", "estimated",
    ]  # fmt: skip


def test_the_last_night_counts() -> None:
    """A window that was read on several nights is drawn once, as it was read last."""
    again = replace(read(50, 0.8), as_of=read(50).as_of + timedelta(days=1))
    panel = drawn([read(50, 0.6), again, read(51, 0.6), read(52, 0.8)])
    heights = [y for _, y in points(panel.traces[0].line)]
    assert heights[0] == heights[2] < heights[1]


@pytest.mark.parametrize(
    ("readings", "lines"),
    [
        ([read(number) for number in range(9)], 1),
        ([read(1), read(2), read(3, math.nan), read(4), read(5)], 2),
        ([read(1), read(2), replace(read(3), version=8)], 2),
        ([*(read(number) for number in range(9)), *(read(number) for number in range(40, 44))], 2),
        ([read(number) for number in range(0, 90, 7)], 1),
        ([read(9)], 1),
    ],
    ids=["nightly", "undefined", "another champion", "a pause", "weekly", "one night"],
)
def test_lines_join_what_belongs_together(readings: list[Reading], lines: int) -> None:
    """No line or band crosses what is undefined, a change of champion, or an unusual pause."""
    [trace] = drawn(readings).traces
    defined = [each for each in readings if math.isfinite(each.measured.value)]
    assert trace.line.count("M") == trace.band.count("M") == trace.band.count("Z") == lines
    assert len(points(trace.line)) == len(defined)
    assert len(points(trace.band)) == 2 * len(defined)


def test_bands_reach_from_limit_to_limit() -> None:
    """A band has every lower limit on the way there and every upper one on the way back."""
    [trace] = drawn([read(10, 0.70), read(11, 0.72)]).traces
    (x1, low1), (x2, low2), (x3, high2), (x4, high1) = points(trace.band)
    assert (x1, x2, x3, x4) == (10.5, 11.5, 11.5, 10.5)
    assert high2 < high1 < low2 < low1, "downwards on the screen"


def test_one_wild_interval_does_not_flatten_a_year() -> None:
    """A limit far out is drawn at the edge; values and the bar always fit."""
    usual = [read(number, 0.70 + 0.001 * (number % 5)) for number in range(80)]
    wild = replace(read(80, 0.7), measured=replace(read(80).measured, low=-40.0, high=90.0))
    panel = drawn([*usual, wild], (Level(day(0), "roc_auc", 0.65),))
    heights = [y for _, y in points(panel.traces[0].line)]
    assert max(heights) - min(heights) > 3
    assert all(0 <= y <= 100 for _, y in points(panel.traces[0].band + panel.bar))


def test_bars_are_steps() -> None:
    """A bar holds until the next one; where there is none the line stops."""
    levels = (
        Level(day(-20), "roc_auc", 0.6),
        Level(day(10), "roc_auc", 0.7),
        Level(day(20), "roc_auc", math.nan),
        Level(day(30), "roc_auc", 0.7),
        Level(day(40), "log_loss", 9.0),
    )
    bar = drawn([read(50)], levels).bar
    assert re.fullmatch(r"M0.0 [\d.]+H10.0L10.0 ([\d.]+)H20.0M30.0 ([\d.]+)H100.0", bar)


def test_reigns_fill_the_days_of_their_champions() -> None:
    """Each champion's days, also one who served before and one who came back."""
    told = [
        decision(day(-30), 1, Kind.PROMOTED, 1),
        decision(day(10), 2, Kind.REFUSED, 1),
        decision(day(40), 3, Kind.PROMOTED, 3),
        decision(day(60), 3, Kind.ROLLED_BACK, 1),
    ]
    found = reigns(told, DAYS)
    assert [(e.version, e.run.at, e.run.end) for e in found] == [
        (1, 0.0, 40.0), (3, 40.0, 60.0), (1, 60.0, 100.0),
    ]  # fmt: skip
    assert [e.is_odd for e in found] == [False, True, False]
    assert [champion_on(told, day(number)) for number in (-31, 0, 39, 40, 99)] == [None, 1, 1, 3, 1]


def test_reigns_that_are_short_keep_their_labels_apart() -> None:
    """Champions that change often are all drawn, and their names do not overlap."""
    often = [decision(day(number), number + 1, Kind.PROMOTED, number + 1) for number in range(99)]
    found = reigns(often, DAYS)
    assert len(found) == 99
    for room, labelled in (
        (3, [e.run.at for e in found if e.label]),
        (9, [e.run.at for e in found if e.label and not e.is_minor]),
    ):
        gaps = [b - a for a, b in pairwise(labelled)]
        assert min(gaps) > room, labelled


@pytest.mark.parametrize(
    ("known", "most", "first"),
    [
        ([], 365, LAST - timedelta(days=13)),
        ([LAST], 365, LAST - timedelta(days=13)),
        ([day(0), day(50)], 365, day(0)),
        ([day(0)], 30, LAST - timedelta(days=29)),
        ([LAST + timedelta(days=9)], 365, LAST - timedelta(days=13)),
    ],
)
def test_days_shown(known: list[date], most: int, first: date) -> None:
    """From the first day known, at least two weeks and at most as many as are asked for."""
    assert timeline(known, LAST, most) == Timeline(first, LAST)


def test_ticks_fit_the_days() -> None:
    """Months over a year, Mondays over weeks, days over a fortnight; a January is its year."""
    labels = [[t.label for t in Timeline(LAST - timedelta(days=n), LAST).ticks] for n in (399, 30)]
    assert labels[0][:3] == ["Dec", "2013", "Feb"]
    assert labels[1] == ["2 Dec", "9 Dec", "16 Dec", "23 Dec", "30 Dec"]
    assert len(Timeline(LAST - timedelta(days=13), LAST).ticks) == 14


@given(st.lists(st.sampled_from(list(Why)), max_size=60), st.sets(st.integers(0, 99)))
def test_every_evaluation_is_in_one_lane(whys: list[Why], nights: set[int]) -> None:
    """Lanes count each evaluation once, and cover exactly the nights they speak of."""
    told = [evaluation(day(n), why) for n, why in zip(sorted(nights), whys, strict=False)]
    lanes = evaluated(told, DAYS)
    assert sum(lane.count for lane in lanes) == len(told)
    assert sum(run.width for lane in lanes for run in lane.runs) == pytest.approx(len(told))


def test_every_reason_has_a_standing() -> None:
    """Each of the closed set of reasons is told as asked, held back, unknown or fine."""
    assert set(STANDINGS) == set(Why)
    assert standing(evaluation(LAST, Why.NO_CHAMPION, wanted=True)) == "asked"
    assert standing(evaluation(LAST, Why.NO_CHAMPION)) == "unknown"
    assert standing(evaluation(LAST, Why.DROPPED)) == "back", "it did not ask"


def test_nights_that_follow_each_other_are_one_run() -> None:
    """A run is told by its nights and its last reason; a night without evaluation ends it."""
    told: list[Evaluation] = [evaluation(day(number)) for number in (1, 2, 3, 7)]
    [lane] = evaluated(told, DAYS)
    assert [(run.at, run.width) for run in lane.runs] == [(1.0, 3.0), (7.0, 1.0)]
    assert lane.runs[0].text.startswith(f"{day(1)} to {day(3)}, 3 nights, the last: roc_auc")
    assert lane.runs[1].text == f"{day(7)}: {told[-1].reason}"


def test_one_verdict_is_one_mark() -> None:
    """Retrains stand in the lane of their verdict, at their day, with their reason."""
    told = [decision(day(3), 1, Kind.PROMOTED, 1), decision(day(3), 2, Kind.REFUSED, 1)]
    lanes = decided(told, DAYS)
    assert [(lane.name, lane.runs[0].at) for lane in lanes] == [("promoted", 3.5), ("refused", 3.5)]
    assert "v2 refused: log_loss 0.0031 better" in lanes[1].runs[0].text


def test_what_an_interval_missed() -> None:
    """Only intervals that did not hold what turned out are marked, at the end of their window."""
    hit, miss = Scored(read(10), 0.7), Scored(read(20), 0.9)
    unknown = Scored(read(30), math.nan)
    [lane] = missed([hit, miss, unknown], DAYS)
    assert (lane.name, lane.count, lane.runs[0].at) == ("realised missed", 1, 20.0)
    assert "0.9000 turned out" in lane.runs[0].text


def up(number: int, stream: str = "feature carrier", evidence: float = 5000.0) -> Signal:
    return replace(signal(day(number), stream, evidence), standing=True)


def test_alarms_stand_where_they_stood() -> None:
    """An alarm is a mark on its day, and a stretch for as long as it stood."""
    raised = replace(up(40), alarmed=True, effect=-0.12)
    found = strips([raised, *(up(number) for number in range(41, 50)), signal(day(50))], DAYS)
    assert found is not None
    [strip] = found.shown
    assert [(run.at, run.width) for run in strip.standing] == [(40.0, 10.0)]
    assert [run.at for run in strip.raised] == [40.5]
    assert "-0.120 rank where 0.02 matters, evidence 5,000" in strip.raised[0].text
    assert (strip.note, strip.is_standing) == ("1 past", False)
    assert alarms([raised, up(41)], DAYS) == [raised]


def test_what_was_not_compared_is_not_quiet() -> None:
    """A day that could not be compared is left open, and a stream without one says why."""
    blank = replace(signal(day(5)), p=math.nan, evidence=math.nan, reason="8 days needed")
    found = strips([signal(day(4)), blank, signal(day(6))], DAYS)
    assert found is not None
    assert found.shown[0].compared == "M4.0 100h1.0M6.0 100h1.0"
    assert found.shown[0].evidence.count("Z") == 2
    never = strips([blank], DAYS)
    assert never is not None
    assert (never.shown[0].note, never.shown[0].reason) == ("not compared", "8 days needed")
    assert (never.compared, never.streams) == (0, 1)
    stopped = strips([signal(day(4)), signal(day(6), "label"), replace(blank, day=day(6))], DAYS)
    assert stopped is not None
    assert {e.stream: e.note for e in stopped.shown}["feature carrier"] == "not compared now"
    assert strips([], DAYS) is None


def test_streams_worth_looking_at_come_first() -> None:
    """Standing alarms, then past ones, then by weight; how many are left out is told."""
    quiet = [replace(signal(LAST, f"feature {n}"), weight=n / 1000) for n in range(40)]
    past = replace(up(30, "past"), alarmed=True)
    found = strips([*quiet, past, signal(LAST, "past"), up(99, "now"), signal(day(3))], DAYS)
    assert found is not None
    assert [each.stream for each in found.shown[:3]] == ["now", "past", "feature 39"]
    assert (len(found.shown), found.hidden) == (MOST_STRIPS, 43 - MOST_STRIPS)


def test_evidence_is_the_largest_of_all_references() -> None:
    """The strip shows the strongest reference of a day, by ratio; without end is at the top."""
    weak, strong = signal(day(1), evidence=10.0), signal(day(1), evidence=100.0)
    found = strips([weak, replace(strong, reference=Reference.SEASON)], DAYS)
    assert found is not None
    assert found.decades == 4
    assert (1.5, 50.0) in points(found.shown[0].evidence)
    endless = strips([replace(strong, evidence=math.inf)], DAYS)
    assert endless is not None
    assert (1.5, 0.0) in points(endless.shown[0].evidence)


def test_labels_by_day() -> None:
    """A column is as high as its share; days that still wait are another kind."""
    found = arrived(
        [Maturity(day(1), 200, 100), Maturity(day(2), 0, 0), Maturity(day(3), 10, 1)], day(2), DAYS
    )
    assert found is not None
    assert found.complete == "M1.00 50.0h1.0V100.0h-1.0z"
    assert found.waiting == "M3.00 90.0h1.0V100.0h-1.0z"
    assert [text.partition(":")[2] for _, text in found.columns][1] == " nothing was asked"
    assert arrived([], None, DAYS) is None


def accepted(partition: str, rows: int, held: int = 0) -> Admission:
    told = refusal(day(5))
    delivery = replace(told.delivery, partition=partition)
    return replace(told, delivery=delivery, outcome=Outcome.ACCEPTED, rows=rows, held=held)


def test_volumes_count_what_is_in_the_lake() -> None:
    """A redelivered partition counts once, hours add up, and a refused delivery counts nothing."""
    found = volumes([
        accepted(str(day(1)), 70), accepted(str(day(1)), 72, 3),
        accepted(f"{day(2)}T00", 5), accepted(f"{day(2)}T01", 6, 1),
        accepted("EWR", 9), refusal(day(1)),
    ])  # fmt: skip
    assert found == (
        Volume(day(1), 72, 3, "weather"),
        Volume(day(2), 11, 1, "weather"),
        Volume(day(5), 9, 0, "weather"),
    )


def test_rows_stand_and_held_rows_hang() -> None:
    """Rows go upwards, held rows downwards on their own scale; a refused delivery is a mark."""
    [found] = delivered([Volume(day(1), 100, 2, "w"), Volume(day(2), 50, 0, "w")], [], DAYS)
    tops = [y for _, y in points(found.rows)]
    assert tops[0] < tops[1] < FOOT
    assert found.held == "M1.00 72.0h1.0V100.0h-1.0z"
    assert found.most_held == 2
    [alone] = delivered([], [refusal(day(7))], DAYS)
    assert (alone.table, alone.rows, alone.refused[0].at) == ("weather", "", 7.5)
    assert "unit_change: 1000 times" in alone.refused[0].text
