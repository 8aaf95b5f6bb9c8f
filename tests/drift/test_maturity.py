"""Labels that do not arrive as they used to are told of, falsely as seldom as promised."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from tasks.drift.maturity import LabelDay, moved

FIRST = date(2024, 1, 1)
WINDOW, REFERENCE = 7, 28
NIGHTS = 90
SHARES = (0.9, 0.97)


def days(
    number: int,
    rng: np.random.Generator,
    asked: int = 900,
    spread: float = 0.5,
    shares: Sequence[float] = SHARES,
) -> list[LabelDay]:
    """Days that differ by `spread` in the log odds of a label being missing after each night."""
    made = []
    for n in range(number):
        away = rng.normal(0, spread) if spread else 0.0
        odds = [math.log((1 - share) / share) + away for share in shares]
        missing = np.minimum.accumulate(
            [rng.binomial(asked, 1 / (1 + math.exp(-each))) for each in odds]
        )
        made.append(LabelDay(FIRST + timedelta(n), asked, tuple(asked - missing)))
    return made


def latest_losing(of: list[LabelDay], number: int, share: float) -> list[LabelDay]:
    """The same with a share of the labels of the latest days never there."""
    lost = [
        replace(each, arrived=tuple(int(count * (1 - share)) for count in each.arrived))
        for each in of[-number:]
    ]
    return of[:-number] + lost


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.2], ids=["alike", "unlike", "very unlike"])
@pytest.mark.parametrize("asked", [40, 900])
def test_as_many_false_alarms_as_promised(spread: float, asked: int) -> None:
    """Of many nights on which nothing has moved, a share of 1/90 is told at most."""
    rng = np.random.default_rng([int(10 * spread), asked])
    told = [
        moved(days(WINDOW + REFERENCE, rng, asked, spread), WINDOW, REFERENCE).p
        for _ in range(1000)
    ]
    share = float((np.array(told) <= 1 / NIGHTS).mean())
    assert share <= 1 / NIGHTS + 3 * math.sqrt(1 / NIGHTS / 1000)


def test_storms_are_no_move() -> None:
    """With one day in forty that loses half of its labels, it is told as seldom as promised."""
    rng = np.random.default_rng(4)
    told = []
    for _ in range(700):
        made = days(WINDOW + REFERENCE, rng)
        stormy = rng.random(len(made)) < 1 / 40
        made = [
            latest_losing([e], 1, 0.5)[0] if s else e for e, s in zip(made, stormy, strict=True)
        ]
        told.append(moved(made, WINDOW, REFERENCE).p)
    assert float((np.array(told) <= 1 / NIGHTS).mean()) <= 1 / NIGHTS + 0.012


@pytest.mark.parametrize(
    ("number", "share"), [(7, 0.12), (4, 0.3), (2, 1.0)], ids=["tenth", "third", "all of two"]
)
def test_lost_labels_are_told(number: int, share: float) -> None:
    """A tenth of a week's labels, a third of four days', two whole days': told nearly always."""
    rng = np.random.default_rng(5)
    found = [
        moved(latest_losing(days(35, rng), number, share), WINDOW, REFERENCE) for _ in range(100)
    ]
    assert np.mean([each.p <= 1 / NIGHTS for each in found]) > 0.95
    assert all(each.effect > 0 for each in found)


def test_late_labels_are_told_before_their_days_are_complete() -> None:
    """Labels that come a night later show after the first night, however many come in the end."""
    made = days(35, np.random.default_rng(6))
    late = [replace(each, arrived=(int(0.5 * each.asked), each.arrived[1])) for each in made[-3:]]
    told = moved(made[:-3] + late, WINDOW, REFERENCE)
    assert told.p <= 1 / NIGHTS
    assert (told.nights, told.first_day) == (1, made[-7].day)
    assert told.share < told.usual


def test_labels_that_come_too_soon_are_told() -> None:
    """Two-sided: placeholder labels that are all there at once are as odd as missing ones."""
    made = days(35, np.random.default_rng(7), shares=(0.5, 0.97))
    soon = [replace(each, arrived=(each.asked, each.asked)) for each in made[-7:]]
    told = moved(made[:-7] + soon, WINDOW, REFERENCE)
    assert told.p <= 1 / NIGHTS
    assert told.effect < 0


def test_long_waits_are_compared_after_few_of_their_nights() -> None:
    """Of 30 nights the 1st, 2nd, 4th, 8th, 16th and last are, each with its own latest days."""
    rng = np.random.default_rng(8)
    made = days(80, rng, shares=np.linspace(0.1, 0.97, 30).tolist())
    nights_had = [min(30, len(made) - n) for n in range(len(made))]
    young = [
        replace(each, arrived=each.arrived[:had])
        for each, had in zip(made, nights_had, strict=True)
    ]
    assert not moved(young, WINDOW, REFERENCE).p <= 1 / NIGHTS
    before = [each for each in young if len(each.arrived) == 30]
    lost = latest_losing(before, 7, 0.3) + [e for e in young if len(e.arrived) < 30]
    assert moved(lost, WINDOW, REFERENCE).p <= 1 / NIGHTS


def test_where_every_label_has_always_come() -> None:
    """Days without any spread: one missing label is nothing, many are told; nothing is infinite."""
    made = [LabelDay(FIRST + timedelta(n), 100, (100,)) for n in range(35)]
    one = [*made[:-1], replace(made[-1], arrived=(99,))]
    many = [*made[:-5], *(replace(each, arrived=(60,)) for each in made[-5:])]
    assert moved(made, WINDOW, REFERENCE).p == pytest.approx(1)
    assert moved(one, WINDOW, REFERENCE).p > 0.2
    assert moved(many, WINDOW, REFERENCE).p <= 1 / NIGHTS


def test_too_few_days_are_undefined() -> None:
    """Nothing to compare with is nan with a reason, and never a p-value."""
    few = days(WINDOW + 3, np.random.default_rng(9))
    told = moved(few, WINDOW, REFERENCE)
    assert math.isnan(told.p)
    assert "3 earlier days" in told.reason
    for nothing in ([], [LabelDay(FIRST, 0, ())], [LabelDay(FIRST, 5, ())]):
        told = moved(nothing, WINDOW, REFERENCE)
        assert math.isnan(told.p)
        assert told.reason


def test_hostile_counts() -> None:
    """More labels than predictions, days out of order and days without predictions are borne."""
    made = days(40, np.random.default_rng(10))
    odd = [replace(made[3], arrived=(10_000, 10_000)), LabelDay(FIRST, 0, (0, 0)), *made[4:]]
    rng = np.random.default_rng(11)
    shuffled = [odd[n] for n in rng.permutation(len(odd))]
    assert moved(shuffled, WINDOW, REFERENCE) == moved(odd, WINDOW, REFERENCE)
    assert 0 <= moved(odd, WINDOW, REFERENCE).p <= 1
