"""How good a trigger is, over many histories: false alarms, recall and delay, each with limits.

The measures of a detector of change are not those of a test: a false alarm has a rate in time, a
true one a delay. Every history says on which of its days the trigger alarmed and from which day on
there was something to find.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, binom, chi2

from tasks.records import Interval

YEAR = 365


@dataclass(frozen=True)
class History:
    """One history: `alarms` are day numbers from 0, `change` is the first day that differs.

    Without a change every alarm is false; with one, those before it are.
    """

    days: int
    alarms: tuple[int, ...] = ()
    change: int | None = None

    def __post_init__(self) -> None:
        outside = [day for day in self.alarms if not 0 <= day < self.days]
        if outside:
            raise ValueError(f"alarms on days {outside[:5]} of a history of {self.days}")
        if len(set(self.alarms)) < len(self.alarms):
            raise ValueError("a day has one alarm at most: streams are counted together")
        if self.change is not None and not 0 <= self.change < self.days:
            raise ValueError(f"a change on day {self.change} of a history of {self.days}")

    @property
    def quiet_days(self) -> int:
        """Days before there was anything to find."""
        return self.days if self.change is None else self.change

    @property
    def false_alarms(self) -> int:
        return sum(day < self.quiet_days for day in self.alarms)

    @property
    def delay_days(self) -> float:
        """Days until the first alarm from the change on, its own day being 1; inf when missed.

        nan where nothing changed.
        """
        if self.change is None:
            return float("nan")
        change = self.change
        return min((day - change + 1.0 for day in self.alarms if day >= change), default=np.inf)


@dataclass(frozen=True)
class Quickness:
    """What a trigger's histories come to; nan where no history speaks of it.

    `false_alarms` are in 365 quiet days, `recall` is the share of changes found within the days
    given, `delay_days` the median over all changes: inf where most were missed.
    """

    histories: int
    false_alarms: Interval
    recall: Interval
    delay_days: Interval

    def keeps(self, false_alarm_days: float) -> bool:
        """Whether no more false alarms are shown than one in so many days.

        False where nothing was measured: a promise that nobody looked at has not been kept.
        """
        return self.false_alarms.low <= YEAR / false_alarm_days


def quickness(
    histories: Sequence[History], within_days: float = np.inf, confidence: float = 0.95
) -> Quickness:
    """Delay, recall and false alarms over independent histories of one trigger.

    Without `within_days` a change counts as found if it was found at all.

    >>> quiet = [History(days=365, alarms=(17, 200)), History(days=365)]
    >>> found = [History(days=60, alarms=(31, 32), change=30), History(days=60, change=30)]
    >>> made = quickness(quiet + found, within_days=10)
    >>> round(made.false_alarms.value, 2), made.recall.value, made.delay_days.value
    (0.92, 0.5, inf)
    """
    delays = np.array([each.delay_days for each in histories if each.change is not None])
    caught = int((np.isfinite(delays) & (delays <= within_days)).sum())
    return Quickness(
        histories=len(histories),
        false_alarms=rate(
            [each.false_alarms for each in histories],
            [each.quiet_days for each in histories],
            confidence,
        ),
        recall=share(caught, len(delays), confidence),
        delay_days=median(delays, confidence),
    )


def rate(counts: Sequence[int], days: Sequence[int], confidence: float = 0.95) -> Interval:
    """False alarms in 365 days, from those of each history and its quiet days.

    The exact limits of a Poisson count (Garwood, Biometrika 28, 1936), wider by as much as the
    histories differ more than such counts would (McCullagh and Nelder, Generalized Linear Models,
    1989, section 6.2): alarms of one history share its reference. At most 365, as a day has one
    alarm at most; nan without days.
    """
    happened, exposed = np.asarray(counts, dtype=float), np.asarray(days, dtype=float)
    happened, exposed = happened[exposed > 0], exposed[exposed > 0]
    years = float(exposed.sum()) / YEAR
    if not years:
        return Interval(*[float("nan")] * 3)
    total, spread = float(happened.sum()), _dispersion(happened, exposed)
    tail, scale = (1 - confidence) / 2, spread / (2 * years)
    low = float(chi2.ppf(tail, 2 * total / spread)) * scale if total else 0.0
    high = float(chi2.ppf(1 - tail, 2 * total / spread + 2)) * scale
    return Interval(total / years, low, min(high, YEAR))


def _dispersion(counts: npt.NDArray[np.float64], days: npt.NDArray[np.float64]) -> float:
    """The counts' variance over a Poisson's of the same rate, 1 at least."""
    if len(counts) < 2 or not counts.sum():
        return 1.0
    expected = counts.sum() * days / days.sum()
    return max(1.0, float(((counts - expected) ** 2 / expected).sum()) / (len(counts) - 1))


def share(caught: int, of: int, confidence: float = 0.95) -> Interval:
    """A share with its exact limits (Clopper and Pearson, Biometrika 26, 1934); nan of nothing."""
    if not of:
        return Interval(*[float("nan")] * 3)
    tail, missed = (1 - confidence) / 2, of - caught
    low = float(beta.ppf(tail, caught, missed + 1)) if caught else 0.0
    high = float(beta.ppf(1 - tail, caught + 1, missed)) if missed else 1.0
    return Interval(caught / of, low, high)


def median(values: npt.ArrayLike, confidence: float = 0.95) -> Interval:
    """The median with limits that are two of the values; inf may be among them.

    They hold whatever the distribution (Thompson, Annals of Mathematical Statistics 7, 1936). Of
    few values no two are sure enough: with 5 and fewer, at 95 %, the limits are 0 and inf. nan of
    nothing.
    """
    ranked = np.sort(np.asarray(values, dtype=np.float64))
    if not ranked.size:
        return Interval(*[float("nan")] * 3)
    # The number of values below the median is binomial: the largest rank that is safe on one side.
    rank = int(binom.ppf((1 - confidence) / 2, ranked.size, 0.5))
    low, high = (ranked[rank - 1], ranked[-rank]) if rank else (0.0, np.inf)
    lower, upper = ranked[(ranked.size - 1) // 2], ranked[ranked.size // 2]
    middle = lower if lower == upper else (lower + upper) / 2  # of two inf as well
    return Interval(float(middle), float(low), float(high))
