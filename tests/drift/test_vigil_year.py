"""The promise of the whole: few false alarms in quiet days, and a real shift within days."""

from datetime import date, timedelta

import numpy as np
import pytest

from config.watch import Drift
from tasks.drift.vigil import Watched, vigil
from tasks.profiles.columns import CategoricalProfile, NumericProfile, Profile
from tasks.signs import Reference, Signal
from tests.drift.watched_days import START, WINDOW, dated, nights, normal_days, numbers

COLUMNS, ROWS, REFERENCE = 20, 1000, 28
POLICY = Drift(false_alarm_days=90)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_quiet_days_stay_quiet(spread: float) -> None:
    """In 60 quiet days of 20 columns, days alike or not, no more alarms than one in 30 days."""
    days = dated(normal_days(REFERENCE + 60, 300, seed=7, spread=spread, columns=COLUMNS))
    usual = {day: days[day] for day in [*days][:REFERENCE]}
    rest = {day: days[day] for day in [*days][REFERENCE:]}
    found = [*nights(rest, usual, POLICY.model_copy(update={"false_alarm_days": 30}))]
    assert sum(any(each.alarmed for each in signals) for signals in found) <= 2
    evidence = [each.e for signals in found for each in signals]
    assert np.mean(evidence) < 1


def shifted(profile: Profile, rng: np.random.Generator) -> Profile:
    """Its first column a quarter of a standard deviation higher."""
    return Profile(ROWS, {**profile.columns, "c0": numbers(rng.normal(size=ROWS) + 0.25)})


def days_until_found(days: dict[date, Profile], seed: int) -> int:
    """Of a shift in 1 of 20 columns, beside three references at once."""
    rng = np.random.default_rng(seed)
    ordered = list(days)
    usual = {day: days[day] for day in ordered[:REFERENCE]}
    streams = {f"feature {name}": name for name in days[ordered[0]].columns}
    past: tuple[Signal, ...] = ()
    recent: dict[date, Profile] = {}
    for number, day in enumerate(ordered[REFERENCE + seed :], 1):
        recent[day] = shifted(days[day], rng)
        watched = Watched(streams, recent, dict.fromkeys(Reference, usual))
        past = vigil([watched], {}, past, POLICY)
        if any(each.alarmed and each.stream == "feature c0" for each in past):
            return number
    return len(days)


def test_a_shift_is_found_within_three_days() -> None:
    """A quarter of a standard deviation in 1 of 20 columns, of 1,000 rows a day, beside 28 days.

    The median is at most 3 days, with one false alarm in 90 days over 60 streams.
    """
    days = dated(normal_days(REFERENCE + 16, ROWS, seed=8, columns=COLUMNS))
    assert np.median([days_until_found(days, seed) for seed in range(9)]) <= 3


def broken(kind: str, rng: np.random.Generator) -> dict[str, NumericProfile | CategoricalProfile]:
    values, counts = rng.normal(size=ROWS), {"a": 600, "b": 400}
    if kind == "unit":
        values = 1.8 * values + 32
    if kind == "nulls":
        values[:300] = np.nan
    if kind == "category":
        counts = {"a": 590, "b": 390, "new": 20}
    return {"number": numbers(values), "text": CategoricalProfile.of(counts)}


@pytest.mark.parametrize("kind", ["unit", "nulls", "category"])
def test_a_break_is_found_on_its_first_day(kind: str) -> None:
    """A unit that changes, nulls and a category that was never seen are an alarm the same night."""
    rng = np.random.default_rng(9)
    usual = []
    for _ in range(REFERENCE):
        a = int(rng.binomial(ROWS, 0.6))
        text = CategoricalProfile.of({"a": a, "b": ROWS - a})
        usual.append(Profile(ROWS, {"number": numbers(rng.normal(size=ROWS)), "text": text}))
    day = START + timedelta(days=REFERENCE + WINDOW)
    watched = Watched(
        {"feature number": "number", "feature text": "text"},
        {day: Profile(ROWS, broken(kind, rng))},
        {Reference.PREVIOUS: dated(usual)},
    )
    found = {each.stream: each.alarmed for each in vigil([watched], {}, (), POLICY)}
    assert found == {
        "feature number": kind in ("unit", "nulls"),
        "feature text": kind == "category",
    }
