"""Alarms are raised once, stand while there is reason to, and share one budget."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from config.watch import Drift
from tasks.drift.vigil import Watched, quiet, vigil
from tasks.profiles.columns import CategoricalProfile, Profile
from tasks.signs import Reference, Signal
from tests.drift.watched_days import START, dated, nights, normal_days, numbers

POLICY = Drift(false_alarm_days=90)
LATER = START + timedelta(days=60)
USUAL = dated(normal_days(28, 1000, seed=1))


def moved(days: int, by: float, seed: int = 2) -> list[Profile]:
    rng = np.random.default_rng(seed)
    return [Profile(1000, {"c0": numbers(rng.normal(size=1000) + by)}) for _ in range(days)]


def empty(days: int) -> list[Profile]:
    return [Profile(0, {"c0": numbers([])})] * days


def held(profiles: list[Profile], policy: Drift = POLICY) -> list[Signal]:
    """One stream's signals of these days in a row."""
    return [signals[0] for signals in nights(dated(profiles, LATER), USUAL, policy)]


def watch(
    recent: dict[date, Profile], references: dict[Reference, dict[date, Profile]] | None = None
) -> Watched:
    beside = {Reference.TRAINING: USUAL} if references is None else references
    return Watched({"feature c0": "c0"}, recent, beside)


def judged(
    watched: Sequence[Watched], weights: dict[str, float] | None = None, past: Sequence[Signal] = ()
) -> tuple[Signal, ...]:
    return vigil(watched, weights or {}, past, POLICY)


def test_an_alarm_is_raised_once_and_stands() -> None:
    """A shift that stays is one alarm, up from its day on, with the day that it began on."""
    found = held([*moved(5, 0.0, seed=11), *moved(10, 0.5)])
    assert [each.alarmed for each in found].count(True) == 1
    first = next(n for n, each in enumerate(found) if each.alarmed)
    assert first in (5, 6)
    assert not any(each.standing for each in found[:first])
    assert all(each.standing for each in found[first:])
    assert {each.since for each in found[first:]} == {LATER + timedelta(days=5)}


def test_an_alarm_ends_after_three_quiet_days() -> None:
    """Back to usual, it stands for three days more, is down then, and can be raised again."""
    found = held([*moved(4, 0.6), *moved(12, 0.0, seed=5), *moved(4, 0.6)])
    down = next(n for n in range(4, 16) if not found[n].standing)
    assert all(quiet(each) for each in found[down - 2 : down + 1])
    assert down >= 6
    assert not any(each.standing for each in found[down:16])
    assert [each.alarmed for each in found[16:]].count(True) == 1


def test_an_alarm_does_not_end_unseen() -> None:
    """Days without rows bring no evidence and end no alarm."""
    found = held([*moved(3, 0.6), *empty(6)])
    assert any(each.alarmed for each in found[:3])
    assert all(each.standing for each in found[3:])
    assert all(math.isnan(each.p) and each.reason == "no rows on this day" for each in found[3:])


def test_evidence_goes_on_over_a_day_that_was_missed() -> None:
    """A day on which nothing could be compared leaves the evidence as it was."""
    found = held([*moved(1, 0.15), *empty(1), *moved(1, 0.15, seed=3)])
    assert found[1].evidence == found[0].evidence > 1
    assert found[2].evidence == pytest.approx(found[0].evidence * found[2].e)
    assert found[2].since == LATER


def test_evidence_starts_anew_after_an_alarm() -> None:
    """What raised an alarm is not counted again; while it stands, evidence is of the day alone."""
    found = held(moved(4, 0.5))
    first = next(n for n, each in enumerate(found) if each.alarmed)
    assert found[first].evidence >= POLICY.false_alarm_days
    assert found[first + 1].evidence == found[first + 1].e


def test_trivia_raise_no_alarm() -> None:
    """However much evidence there is, a shift below the floor is none, and costs others nothing."""
    coarse = POLICY.model_copy(update={"rank_floor": 0.3, "share_floor": 0.9})
    found = held(moved(6, 0.5), coarse)
    assert found[-1].evidence > 1e6
    assert not any(each.alarmed or each.standing for each in found)


def test_a_budget_is_shared_by_weight() -> None:
    """Weights are shares of one budget: half in even parts, half by what the model uses."""
    columns = normal_days(28, 200, seed=3, columns=3)
    recent = {LATER: normal_days(1, 200, seed=4, columns=3)[0]}
    streams = {f"feature c{n}": f"c{n}" for n in range(3)}
    beside = {Reference.TRAINING: dated(columns), Reference.PREVIOUS: dated(columns)}
    weights = {"feature c0": 3.0, "feature c1": 0.0, "feature c2": math.nan}
    found = judged([Watched(streams, recent, beside)], weights)
    shares = {each.stream: each.weight for each in found}
    assert math.fsum(each.weight for each in found) == pytest.approx(1)
    assert shares["feature c0"] > shares["feature c2"] > shares["feature c1"] >= 0.5 / 6
    assert len({each.weight for each in judged([Watched(streams, recent, beside)])}) == 1


def test_all_that_is_watched_shares_the_budget() -> None:
    """Labels of an earlier day are judged in the same call and with a share of the same budget."""
    inputs = watch(dated(moved(1, 0.0), LATER))
    labels = Watched(
        {"label": "c0"},
        dated(moved(1, 0.0), START + timedelta(days=40)),
        {Reference.PREVIOUS: USUAL},
    )
    found = judged([inputs, labels])
    assert [each.day for each in found] == [LATER, START + timedelta(days=40)]
    assert [each.weight for each in found] == [0.5, 0.5]


def test_a_reference_that_is_too_short_takes_no_budget() -> None:
    """Against too few days everything is undefined, with a reason, and without a share."""
    short = {day: USUAL[day] for day in [*USUAL][:3]}
    recent = dated(moved(1, 2.0), LATER)
    both = {Reference.TRAINING: USUAL, Reference.PREVIOUS: short}
    training, previous = judged([watch(recent, both)])
    assert training.weight == 1
    assert (previous.weight, previous.alarmed) == (0, False)
    assert math.isnan(previous.effect)
    assert previous.reason == "3 of at least 8 days to compare with"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "not among the columns of this day"),
        ({"c0": CategoricalProfile.of({"a": 5})}, "0 of at least 8 days to compare with"),
    ],
)
def test_a_column_that_is_another_is_undefined(
    columns: dict[str, CategoricalProfile], reason: str
) -> None:
    """A column that is gone, or text where numbers were, is never told to be as usual."""
    found = judged([watch({LATER: Profile(5, columns)})])[0]
    assert math.isnan(found.p)
    assert math.isnan(found.effect)
    assert found.reason == reason
    assert not quiet(found)


def test_nothing_to_watch() -> None:
    """Without streams or references there are no signals."""
    assert judged([]) == ()
    assert judged([watch(dated(moved(1, 0.0), LATER), {})]) == ()


def test_a_night_that_is_held_again_finds_the_same() -> None:
    """Signals of the day itself or of later ones are no past, and their order does not matter."""
    days = dated(moved(4, 0.3), LATER)
    past = [signals[0] for signals in nights(days, USUAL, POLICY)]
    last = max(days)
    again = judged([watch(days)], past=[replace(past[-1], evidence=1e9), *past[-2::-1]])
    assert again[0].day == last
    assert again[0] == past[-1]


def test_the_effect_is_of_the_days_that_evidence_grew_on() -> None:
    """What was usual before does not water down how far away the latest days are."""
    found = held([*moved(5, 0.0, seed=11), *moved(1, 0.4)])
    alone = held(moved(1, 0.4))
    assert found[-1].since == LATER + timedelta(days=5)
    assert found[-1].effect == pytest.approx(alone[0].effect)
