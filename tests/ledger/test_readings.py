"""What clocks said, kept once, and how it compares with what turned out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tasks.ledger.ledger import Ledger
from tasks.ledger.readings import LATEST, tracks
from tasks.signs import Clock, Scored
from tests.ledger.clocks import reading
from tests.ledger.conftest import night

P = "flights"


def test_kept_as_they_were_said(ledger: Ledger) -> None:
    """Readings read back whole, oldest first, whatever the order in which they were written."""
    said = [reading(1), reading(1, clock=Clock.SO_FAR), reading(2), reading(2, metric="brier")]
    assert ledger.keep_readings([said[2], said[1], said[0], said[3]]) == 4
    assert sorted(ledger.readings(P), key=repr) == sorted(said, key=repr)
    assert [each.as_of for each in ledger.readings(P)] == [night(1), night(1), night(2), night(2)]
    assert ledger.readings(P, night(1)) == ledger.readings(P)[:2]
    assert ledger.readings("bikes") == []


def test_the_first_word_stands(ledger: Ledger) -> None:
    """A night that is played again changes no reading; a clock that is new in it is added."""
    ledger.keep_readings([reading(1)])
    again = [reading(1, 0.5), reading(1, 0.5, clock=Clock.REALISED)]
    assert ledger.keep_readings(again) == 1
    assert {each.clock: each.measured.value for each in ledger.readings(P)} == {
        Clock.ESTIMATED: 0.71,
        Clock.REALISED: 0.5,
    }


def test_undefined(ledger: Ledger) -> None:
    """A reading without a value reads back as nan with its reason, and asks for no truth."""
    ledger.keep_readings([replace(reading(1, math.nan), version=None)])
    (kept,) = ledger.readings(P)
    assert math.isnan(kept.measured.value + kept.measured.low)
    assert math.isnan(kept.baseline)
    assert (kept.version, kept.reason) == (None, "too few rows")
    assert ledger.unscored(P) == []


def test_scored_once(ledger: Ledger) -> None:
    """What turned out is written beside a reading once; an undefined truth is not one."""
    early, late = reading(1), reading(2)
    ledger.keep_readings([late, early, reading(1, clock=Clock.REALISED)])
    assert ledger.unscored(P) == [early, late]
    assert not ledger.score_reading(early, math.nan, night(9))
    assert ledger.score_reading(early, 0.72, night(9))
    assert not ledger.score_reading(early, 0.5, night(10))
    assert not ledger.score_reading(reading(7), 0.5, night(10)), "nobody said that"
    assert ledger.unscored(P) == [late]
    assert ledger.scored(P, night(9)) == [Scored(early, 0.72)]


def test_as_of(ledger: Ledger) -> None:
    """A past night knows only what had turned out by then."""
    ledger.keep_readings([reading(1), reading(2)])
    ledger.score_reading(reading(1), 0.72, night(9))
    ledger.score_reading(reading(2), 0.80, night(10))
    assert ledger.tracks(P, night(8)) == []
    assert [track.scored for track in ledger.tracks(P, night(9))] == [1]
    (track,) = ledger.tracks(P, night(10))
    assert (track.scored, track.held, track.coverage) == (2, 1, 0.5)
    assert track.mean_absolute_error == pytest.approx(0.05)


def test_tracks_are_apart() -> None:
    """Each clock and metric has a record of its own."""
    past = [
        Scored(reading(1), 0.71),
        Scored(reading(1, metric="brier"), 0.9),
        Scored(reading(1, clock=Clock.SO_FAR), 0.71),
    ]
    found = {(each.clock, each.metric): each.held for each in tracks(past)}
    assert found == {
        (Clock.ESTIMATED, "roc_auc"): 1,
        (Clock.ESTIMATED, "brier"): 0,
        (Clock.SO_FAR, "roc_auc"): 1,
    }


def test_another_method_starts_afresh() -> None:
    """What one estimator was right about is no credit of the one that replaced it."""
    past = [Scored(reading(n, method="cbpe"), 0.71) for n in range(20)]
    past += [Scored(reading(30, method="pape"), 0.9)]
    (track,) = tracks(past)
    assert (track.scored, track.held) == (1, 0)
    assert track.mean_absolute_error == pytest.approx(0.19)


def test_without_limits() -> None:
    """A reading without limits has not held."""
    bare = reading(1)
    bare = replace(bare, measured=replace(bare.measured, low=math.nan))
    assert [each.held for each in tracks([Scored(bare, 0.71)])] == [0]


def test_a_clock_that_fails_loses_its_record_soon() -> None:
    """However long it held, a clock that never holds any more is below 80 % within two weeks."""
    for held in (LATEST, 400):
        good = [Scored(reading(n), 0.71) for n in range(held)]
        bad = [Scored(reading(held + n), 0.9) for n in range(13)]
        assert tracks(good)[0].coverage == 1
        assert tracks(good + bad)[0].coverage < 0.8


def earned(reach: float, nights: int) -> float:
    """In what share of worlds limits so many standard errors wide held on 80 % of the nights.

    Nights share six of seven days, as those of a week-long window do.
    """
    days = np.random.default_rng(1).normal(0, 1, (2000, nights + 6))
    windows = np.lib.stride_tricks.sliding_window_view(days, 7, axis=1).mean(axis=2)
    held = np.abs(windows) <= reach / np.sqrt(7)
    return float((held.mean(axis=1) >= 0.8).mean())


def test_who_earns_a_record() -> None:
    """95 % limits nearly always earn the right to trigger, in ten nights as in sixty.

    Ten nights are little more than two weeks that are apart: limits that hold 60 % of the time
    earn it in a third of the worlds, after sixty in one of twenty.
    """
    assert min(earned(1.96, 10), earned(1.96, LATEST)) > 0.92
    assert 0.25 < earned(0.84, 10) < 0.4
    assert earned(0.84, LATEST) < 0.06
