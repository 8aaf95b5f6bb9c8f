"""Wealth grows for the better and, whatever the number of nights, seldom for the equal."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tasks.evaluation.wealth import GAIN_CAP, GRID, curve, nights_needed, score, wealth
from tasks.records import Bet
from tests.evaluation.worlds import bets

Floats = npt.NDArray[np.float64]
YEARS, NIGHTS, ALPHA = 2000, 365, 0.05


def scales(leads: Floats, window: int = 10) -> Floats:
    """What a usual lead came to on the `window` days before each."""
    days = np.lib.stride_tricks.sliding_window_view(leads**2, window, axis=1)
    return np.asarray(np.sqrt(days.mean(axis=2)))[:, :-1]


def reached(leads: Floats) -> float:
    """The share of years in which wealth reached 1/alpha on any night."""
    after = wealth(leads[:, 10:], scales(leads))
    return float((after >= 1 / ALPHA).any(axis=1).mean())


def normal(seed: int, mean: float = 0.0) -> Floats:
    return np.random.default_rng(seed).normal(mean, 1, (YEARS, NIGHTS + 10))


def heavy(seed: int) -> Floats:
    """Three quiet days of four, and rough ones on which either model may win by far."""
    rng = np.random.default_rng(seed)
    rough = rng.random((YEARS, NIGHTS + 10)) < 0.25
    return normal(seed) * np.where(rough, 15.0, 1.0)


def changing(seed: int) -> Floats:
    """Days as rough as those before them."""
    return normal(seed) * np.exp(np.sin(np.arange(NIGHTS + 10) / 20) * 1.5)


@pytest.mark.parametrize("world", [normal, heavy, changing])
def test_equal_challengers_seldom_win_in_a_year(world: object) -> None:
    """Looked at on every night of a year, equal challengers win in at most alpha of the years."""
    assert callable(world)
    slack = 3.1 * math.sqrt(ALPHA * (1 - ALPHA) / YEARS)
    assert reached(world(1)) <= ALPHA + slack


def test_worse_challengers_do_not_win() -> None:
    """Half a standard deviation worse, no year of 365 nights ends in a promotion."""
    assert reached(normal(2, mean=-0.5)) == 0


def test_better_challengers_win_soon() -> None:
    """Better by one standard deviation of a day, half the years are decided within 14 nights."""
    leads = normal(3, mean=1.0)
    after = wealth(leads[:, 10:], scales(leads)) >= 1 / ALPHA
    assert after.any(axis=1).all()
    assert np.median(after.argmax(axis=1) + 1) <= 14


def test_a_reign_that_began_even_can_be_ended() -> None:
    """Challengers that become better after 100 nights are found in nearly every year."""
    leads = normal(4)
    leads[:, 110:] += 0.7
    assert reached(leads) > 0.95


def test_small_gains_and_rare_large_losses() -> None:
    """Where large losses are rarer than the window is long, the promise holds but nearly.

    A challenger that gains a third of a day's noise and loses it all on one day of ten wins in
    no more years than promised; of twenty, in up to one of eight: no bet bounded by what was
    seen before can count a loss that was never seen.
    """
    rng = np.random.default_rng(5)
    for rare, most in ((0.1, ALPHA), (0.05, 0.125)):
        lost = rng.random((YEARS, NIGHTS + 10)) < rare
        shift = np.where(lost, -0.3 * (1 - rare) / rare, 0.3)
        assert reached(normal(6) + shift) <= most + 0.016


def test_the_clipped_mean_decides_exactly() -> None:
    """With leads at the very limits of what counts, wealth keeps its expectation of 1."""
    leads = np.random.default_rng(7).choice([-GAIN_CAP, GAIN_CAP], (200_000, 5))
    after = wealth(leads, np.ones_like(leads))[:, -1]
    assert after.mean() == pytest.approx(1, abs=5 * after.std() / math.sqrt(len(after)))


def test_wealth_grows_with_every_lead() -> None:
    """More of a lead on any day never makes the whole reign worth less while scales stay."""
    rng = np.random.default_rng(8)
    leads, ones = np.abs(rng.normal(0, 0.5, (50, 20))), np.ones((50, 20))
    assert (wealth(leads + 0.1, ones) >= wealth(leads, ones)).all()
    assert (wealth(-leads, ones) <= 1).all()


def test_bets_count_in_the_order_of_their_days() -> None:
    """However the ledger lists them, a reign's bets are worth the same."""
    placed = bets([0.01, -0.02, 0.01, 0.03])
    assert curve(placed[::-1]) == curve(placed)
    assert len(curve(placed)) == 4
    assert curve(()) == ()


@pytest.mark.parametrize(
    "broken", [{"lead": math.nan}, {"lead": math.inf}, {"scale": math.nan}, {"scale": 0.0}]
)
def test_what_is_undefined_is_no_gain(broken: dict[str, float]) -> None:
    """A day without a lead or a scale changes nothing, before and after others."""
    placed = bets([0.01, 0.01, 0.01])
    fine, odd = curve(placed[:1]), replace(placed[0], **broken)  # type: ignore[arg-type]
    assert curve([odd]) == pytest.approx((1.0,))
    assert curve([placed[0], replace(odd, day=placed[1].day)])[-1] <= fine[-1]


def test_a_lucky_day_counts_as_a_good_one() -> None:
    """Gains are capped, losses are not, and a loss that was seen widens what comes after."""
    one, none = np.ones(1), np.zeros(1)
    assert score(1e9 * one, one, none)[0] == 1
    assert score(-1e9 * one, one, none)[0] == -1e9 / GAIN_CAP
    assert score(one, one, 100 * one)[0] < 0.05


def test_nothing_overflows_in_a_reign_of_years() -> None:
    """Thousands of won nights are a number, and one lost day still counts."""
    leads = np.ones((1, 5000))
    leads[0, -1] = -1e6
    after = wealth(leads, np.ones_like(leads))[0]
    assert np.isfinite(after).all()
    assert after[-1] < after[-2]


def test_nights_needed() -> None:
    """As many more nights as it takes at the rate so far; none when done, inf when losing."""
    won: tuple[Bet, ...] = bets([0.005] * 6)
    needed = math.ceil(nights_needed(won, 20))
    assert curve(bets([0.005] * (6 + 2 * needed)))[-1] >= 20
    assert nights_needed(bets([0.01] * 12), 20) == 0
    assert math.isinf(nights_needed(bets([-0.01] * 6), 20))
    assert nights_needed((), 20) == pytest.approx(
        math.log(20) / math.log1p(max(GRID) * 10 / 12.5), rel=0.5
    )
