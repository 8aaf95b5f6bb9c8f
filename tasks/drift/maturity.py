"""Whether labels arrive as they used to: how many of each day's are there after each night."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

_LEAST_DAYS = 8
_FEW = 3  # days below which none is left out


@dataclass(frozen=True)
class LabelDay:
    """A day's predictions, and how many of them had a label after 1, 2, ... nights.

    Nights that have not been yet are not in `arrived`; the last of all is the one on which the
    day counts as complete.
    """

    day: date
    asked: int
    arrived: tuple[int, ...]


@dataclass(frozen=True)
class LabelMove:
    """How the latest days' labels arrived beside the days before them.

    `p` is of all nights that were compared; `nights` is the one that differs most, on which
    `share` of the latest days' labels were there and `usual` of those before. nan, with a reason,
    where undefined.
    """

    p: float
    nights: int = 0
    share: float = math.nan
    usual: float = math.nan
    first_day: date | None = None
    reason: str = ""

    @property
    def effect(self) -> float:
        """Share of the labels that are missing more than usual; negative where more are there."""
        return self.usual - self.share


def moved(days: Sequence[LabelDay], latest: int, reference: int) -> LabelMove:
    """Compare the `latest` days that have had a night with the `reference` days before them.

    For the 1st, 2nd, 4th, 8th ... and last night after a day: the mean of the log odds that a
    label is missing (half a row added to either side) against that of the days before, by the t
    distribution of days - 1 degrees of freedom; a day counts as one, since what holds up one label
    holds up many, and of three or more the farthest is left out: a storm that cancels half of a
    day's flights is no move. Days differ by no less than rows drawn at random would. Two-sided:
    labels that are there too soon are as odd as labels that are not. The nights' p-values are
    combined by Bonferroni's inequality. Asked night after night with p <= a, at most a share a of
    the nights is told falsely where days are alike.
    """
    ordered = sorted((each for each in days if each.asked > 0), key=lambda each: each.day)
    last = max((len(each.arrived) for each in ordered), default=0)
    had = {night: [e for e in ordered if len(e.arrived) >= night] for night in _nights(last)}
    found = [_compared(each, night, (latest, reference)) for night, each in had.items()]
    defined = [each for each in found if not math.isnan(each.p)]
    if not defined:
        return found[0] if found else LabelMove(math.nan, reason="no day has had a night")
    least = min(defined, key=lambda each: each.p)
    return LabelMove(
        min(1.0, least.p * len(defined)),
        least.nights,
        least.share,
        least.usual,
        least.first_day,
    )


def _nights(last: int) -> Iterator[int]:
    """Powers of two, and the last: neighbouring nights of a long wait say the same."""
    night = 1
    while night < last:
        yield night
        night *= 2
    if last:
        yield last


def _compared(days: Sequence[LabelDay], night: int, window: tuple[int, int]) -> LabelMove:
    latest, reference = window
    now, then = days[-latest:], days[-latest - reference : -latest]
    if len(then) < _LEAST_DAYS:
        told = f"{len(then)} earlier days with labels {night} nights after, {_LEAST_DAYS} needed"
        return LabelMove(math.nan, night, reason=told)
    odds, noise = _log_odds(then, night)
    spread = max(float(odds.var(ddof=1)), float(noise.mean()))
    away = _without_farthest(_log_odds(now, night)[0] - odds.mean())
    t = float(away.mean()) / math.sqrt(spread * (1 / len(away) + 1 / len(then)))
    return LabelMove(
        p=2 * float(stdtr(len(then) - 1, -abs(t))),
        nights=night,
        share=_share(now, night),
        usual=_share(then, night),
        first_day=now[0].day,
    )


def _without_farthest(away: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Distances without the largest: one day by itself is a storm, or a file to be waited for."""
    if len(away) < _FEW:
        return away
    return np.delete(away, int(np.argmax(np.abs(away))))


def _log_odds(
    days: Sequence[LabelDay], night: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of a label being missing, a number a day, and how far chance moves each (its variance)."""
    asked = np.array([each.asked for each in days], dtype=np.float64)
    there = np.clip([each.arrived[night - 1] for each in days], 0, asked) + 0.5
    missing = asked + 1 - there
    return np.log(missing / there), 1 / missing + 1 / there


def _share(days: Sequence[LabelDay], night: int) -> float:
    return sum(each.arrived[night - 1] for each in days) / sum(each.asked for each in days)
