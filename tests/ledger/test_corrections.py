"""Measurements taken again: beside the first, and read in its place."""

import math
from dataclasses import replace

from tasks.ledger.corrections import (
    Correction,
    latest,
    named,
    performances_now,
    readings_now,
    scored_now,
)
from tasks.ledger.ledger import Ledger
from tasks.records import Interval, Performance
from tasks.signs import Clock, Reading, Scored
from tests.ledger.clocks import reading
from tests.ledger.conftest import night, performance

P = "flights"
BECAUSE = "outcomes/2013-03-14, outcomes/2013-03-15"


def again(of: Performance | Reading, value: float, number: int = 1) -> Correction:
    """A correction taken in the night of its number, after the tenth."""
    measured = Interval(value, value - 0.01, value + 0.01)
    return Correction(replace(of, measured=measured), number, night(10 + number), BECAUSE)


def test_kept_beside_the_first(ledger: Ledger) -> None:
    """Performances and readings of every clock come back whole; the first are as they were."""
    first = performance(1, 0.61)
    said = [reading(1), reading(1, clock=Clock.REALISED)]
    ledger.performance(first)
    ledger.keep_readings(said)
    taken = [again(first, 0.7), *(again(each, 0.8) for each in said)]
    assert all(ledger.keep_correction(each) for each in taken)
    assert sorted(ledger.corrections(P), key=repr) == sorted(taken, key=repr)
    assert ledger.performances(P) == [first]
    assert sorted(ledger.readings(P), key=repr) == sorted(said, key=repr)
    assert ledger.corrections("bikes") == []


def test_a_correction_stands(ledger: Ledger) -> None:
    """The same number again changes nothing; the next one is another row."""
    first = reading(1)
    assert ledger.keep_correction(again(first, 0.7))
    assert not ledger.keep_correction(again(first, 0.5))
    assert ledger.keep_correction(again(first, 0.8, number=2))
    assert [each.again.measured.value for each in ledger.corrections(P)] == [0.7, 0.8]
    assert latest(ledger.corrections(P))[named(first)].number == 2
    assert [each.number for each in ledger.corrections(P, night(11))] == [1]


def test_what_is_read_now(ledger: Ledger) -> None:
    """The last correction takes the place of the first; what was not corrected stays."""
    measured = [performance(n, 0.6) for n in (1, 2)]
    said = [reading(1), reading(2), reading(2, clock=Clock.REALISED)]
    taken = [again(measured[1], 0.7), again(said[1], 0.7), again(said[1], 0.75, number=2)]
    performed = performances_now(measured, taken)
    assert [each.measured.value for each in performed] == [0.6, 0.7]
    now = readings_now(said, taken)
    assert (now[0], now[2]) == (said[0], said[2])
    assert now[1].measured.value == 0.75


def test_what_turned_out_now() -> None:
    """A truth is corrected with its reading; one that was not looked at again stays."""
    said = [reading(1), reading(2), reading(3)]
    scored = [Scored(each, 0.7) for each in said]
    taken = [replace(again(said[0], 0.72), truth=0.74), again(said[1], 0.73)]
    now = scored_now(scored, taken)
    assert [each.truth for each in now] == [0.74, 0.7, 0.7]
    assert [each.reading.measured.value for each in now] == [0.72, 0.73, said[2].measured.value]


def test_undefined(ledger: Ledger) -> None:
    """A measurement that can no longer be made is corrected to none."""
    nothing = replace(reading(1), measured=Interval(math.nan, math.nan, math.nan))
    ledger.keep_correction(Correction(nothing, 1, night(11), BECAUSE))
    (kept,) = ledger.corrections(P)
    assert math.isnan(kept.again.measured.value + kept.truth)
    assert kept.because == BECAUSE
