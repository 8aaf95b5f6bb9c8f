"""Evidence over nights: what a bettor would own who doubts that challengers are any better.

Every day of a champion's reign is one bet, at odds that are fair when the champion is as good as
its challengers. By Ville's inequality nobody's wealth then ever reaches 1/alpha, whatever the
number of nights and whenever one looks, but with probability alpha: attempts are priced.
A prequential e-process (Choe and Ramdas, "Comparing sequential forecasters", Operations Research
72, 2024) of bets on bounded means (Waudby-Smith and Ramdas, JRSS B 86, 2024).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tasks.records import Bet

Floats = npt.NDArray[np.float64]

GRID = (0.1, 0.2, 0.4, 0.65, 0.9)
"""Shares of the capital that are staked side by side; which is best need not be known."""

GAIN_CAP = 1.25
"""Usual leads beyond which a gain counts no more: one lucky day proves little."""

LOSS_REACH = 0.5
"""Of the worst loss of the reign so far: a day is never played on a smaller scale than that."""

SHARED = 0.01
"""Of each night's capital, dealt out anew: a reign that began even can still be ended."""

_PLENTY = 1e12  # more evidence than anybody asks for; keeps products of thousands of bets finite


def score(leads: Floats, scales: Floats, worst: Floats) -> Floats:
    """How a day went for the bettor, at most 1: leads (worlds,) over what a usual lead comes to.

    Gains are capped at `GAIN_CAP` usual leads, losses are not; `worst` (worlds,) is the largest
    loss of the days before. 0 where lead or scale is undefined or the scale is not positive.
    """
    reach = np.maximum(GAIN_CAP * scales, LOSS_REACH * worst)
    played = np.isfinite(leads) & np.isfinite(scales) & (scales > 0)
    ratio = np.divide(leads, reach, out=np.zeros_like(leads), where=played)
    return np.minimum(ratio, 1.0)


def wealth(leads: Floats, scales: Floats) -> Floats:
    """Wealth after each bet, from a wealth of 1: (worlds, bets) to (worlds, bets).

    The capital is spread evenly over the bet sizes of `GRID` and a part that never bets. A day of
    score s multiplies the part that stakes l by max(0, 1 + l * s), and before each day `SHARED` of
    the capital is dealt out evenly again (fixed share, Herbster and Warmuth, Machine Learning 32,
    1998), which leaves its sum as it is.

    A supermartingale, exactly, when every day's lead has a mean of at most 0 given the days
    before, once clipped at the reach above and at 1/0.9 of it below; so for every lead that is
    symmetric around at most 0. For the plain mean it is so nearly: what a loss beyond that costs
    is not counted. This is the strong null, of every day. Challengers that are better in one
    spell and worse in the next may be found better, as they then are.
    """
    stakes = np.array([0.0, *GRID])
    worlds, days = leads.shape
    capital = np.full((worlds, len(stakes)), 1 / len(stakes))
    worst, after = np.zeros(worlds), np.ones((worlds, days))
    for day in range(days):
        dealt = (1 - SHARED) * capital + SHARED * capital.mean(axis=1, keepdims=True)
        won = score(leads[:, day], scales[:, day], worst)
        capital = np.minimum(dealt * np.maximum(0.0, 1 + won[:, None] * stakes), _PLENTY)
        worst = np.fmax(worst, -leads[:, day])  # unlike maximum, not undone by a nan
        after[:, day] = capital.sum(axis=1)
    return after


def curve(bets: Sequence[Bet]) -> tuple[float, ...]:
    """Wealth after each bet of a reign, in the order of their days.

    >>> from datetime import date
    >>> won = [Bet(date(2013, 3, day), 2, 900, 0.01, 0.01) for day in (1, 2)]
    >>> [round(each, 3) for each in curve(won)]
    [1.3, 1.753]
    """
    ordered = sorted(bets, key=lambda bet: bet.day)
    return tuple(wealth(*_columns(ordered))[0].tolist())


def nights_needed(bets: Sequence[Bet], goal: float) -> float:
    """About how many more nights like these until wealth reaches the goal; inf when never.

    At the rate of the bet size that did best so far, which flatters when bets are few; without
    bets, at the best rate there is.
    """
    now = curve(bets)[-1] if bets else 1.0
    if now >= goal:
        return 0.0
    leads, scales = _columns(bets) if bets else (np.ones((1, 1)), np.full((1, 1), 0.1))
    won = score(leads[0], scales[0], np.zeros(leads.shape[1]))
    best = max(float(np.log(np.maximum(1 + size * won, 1e-9)).mean()) for size in GRID)
    return float(np.log(goal / now) / best) if best > 0 else float("inf")


def _columns(bets: Sequence[Bet]) -> tuple[Floats, Floats]:
    leads = np.array([[bet.lead for bet in bets]], dtype=np.float64)
    return leads, np.array([[bet.scale for bet in bets]], dtype=np.float64)
