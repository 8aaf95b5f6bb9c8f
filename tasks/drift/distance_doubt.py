"""How doubtful it is that a day is unlike those of a reference.

Rows of one day share their weather, and a reference is short and stays the same for months. So a
day counts as unusual only where it is so twice over: among rows that were drawn independently,
and among the reference's own days. What a short reference can get wrong, its level and how much
its days differ, is taken for worse than it was found.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, chdtri, ndtr, stdtr

from tasks.drift.distance_tables import Floats, Measures

REFERENCE_ERROR = 4.0
"""How often the error variance of the reference's level is counted. Evidence of 1/2 p^(-1/2) a
day stays at an expectation of at most 1 beside a reference that is off by z of its own standard
errors when that variance counts z^2 times (for normal tails and many days): here up to z = 2."""

SCATTER_DOUBT = 0.1
"""How probable it is that days scatter still more than is reckoned with, were they normal."""

TAIL_DF = 5.0
"""Degrees of freedom at most of how days differ: storms and holidays make for heavy tails."""

TOO_SKEWED = 0.1
"""Skewness of a day's mean score from which its tail is bounded and not taken for normal."""

_NO_VARIANCE = 1e-24  # of what differs in its last digits alone


@dataclass(frozen=True, eq=False)
class Sums:
    """Days taken together: (measures,) their rows, and the sums of scores and of squares."""

    days: int
    rows: Floats
    sums: Floats
    squares: Floats

    @classmethod
    def of(cls, found: Measures, which: slice) -> "Sums":
        """Of some of the profiles."""
        parts = [part[which] for part in (found.rows, found.sums, found.squares)]
        return cls(len(parts[0]), *(part.sum(axis=0) for part in parts))

    @property
    def mean(self) -> Floats:
        """nan without rows."""
        return _ratio(self.sums, self.rows)

    @property
    def variance(self) -> Floats:
        """Of a row's score, between and within days."""
        return np.maximum(_ratio(self.squares, self.rows) - self.mean**2, 0)


@dataclass(frozen=True, eq=False)
class Usual:
    """A reference: its rows `together`, and each day's rows and mean score (days, measures).

    `days` (measures,) have rows. `between` (measures,) is the variance of days beyond that of
    their rows, by the method of moments (DerSimonian and Laird, Controlled Clinical Trials 7,
    1986) from the upper confidence limit of their scatter: an estimate would be too low for one
    reference in two, and its alarms false for months. In simulated years of 20 streams beside
    one fixed reference of 8-28 days, normal or of t tails with 4 degrees of freedom, 0-3.4 days
    had a false alarm where 4.1 may.
    """

    together: Sums
    rows: Floats
    means: Floats
    days: Floats
    between: Floats

    @classmethod
    def of(cls, found: Measures, first: int) -> "Usual":
        """What the first `first` of the profiles are like."""
        together, rows = Sums.of(found, slice(first)), found.rows[:first]
        means = _ratio(found.sums[:first], rows)
        days = (rows > 0).sum(axis=0).astype(np.float64)
        scatter = np.nansum(rows * (means - together.mean) ** 2, axis=0)
        high = np.maximum(days - 1, 1) / chdtri(np.maximum(days - 1, 1), 1 - SCATTER_DOUBT)
        spare = together.rows - _ratio((rows**2).sum(axis=0), together.rows)
        between = _ratio(scatter * high - (days - 1) * together.variance, spare)
        return cls(together, rows, means, days, np.fmax(between, 0))


def doubt(day: Sums, usual: Usual, found: Measures) -> Floats:
    """p-values (measures,) of `day` being like the reference; nan where either has no rows.

    Two-sided, and the larger of the one among rows and the one among days.
    """
    both = Sums(
        0,
        day.rows + usual.together.rows,
        day.sums + usual.together.sums,
        day.squares + usual.together.squares,
    )
    rows = _of_rows(day, usual, both, found)
    days = _of_days(day, usual, both.variance)
    return np.maximum(rows, days)  # unlike fmax, keeps nan


def _of_rows(day: Sums, usual: Usual, both: Sums, found: Measures) -> Floats:
    """As if every row were drawn alone: against the level of day and reference together.

    A day is then a sample without replacement of both, no farther from their level than one with
    replacement (Hoeffding, JASA 58, 1963, section 6), which counts the reference's error twice;
    fewer rows count it as often as `REFERENCE_ERROR`.
    """
    surplus = (REFERENCE_ERROR - 2) * _ratio(day.rows, usual.together.rows)
    trials = day.rows / (1 + surplus)
    return np.where(
        found.ranked,
        _of_scores(np.abs(day.mean - both.mean), trials, both.variance, found.skewness),
        _of_shares(day.mean, trials, both.mean),
    )


def _of_days(day: Sums, usual: Usual, variance: Floats) -> Floats:
    """As one more of the reference's days: a t prediction.

    Its degrees of freedom are those of the part of the variance that had to be estimated
    (Satterthwaite, Biometrics Bulletin 2, 1946): rows alone leave a normal one.
    """
    spread = usual.between + _ratio(variance, usual.rows)
    spread = np.where(usual.rows > 0, np.maximum(spread, _NO_VARIANCE), np.inf)
    error = _ratio(np.ones_like(usual.days), (1 / spread).sum(axis=0))
    centre = np.nansum(usual.means / spread, axis=0) * error
    days = usual.between / day.days + REFERENCE_ERROR * error
    total = np.maximum(days + _ratio(variance, day.rows), _NO_VARIANCE)
    estimated = usual.between * (1 / day.days + REFERENCE_ERROR / np.maximum(usual.days, 1))
    fewest = np.minimum(TAIL_DF, np.maximum(usual.days - 1, 1))
    df = fewest * np.minimum(total / np.maximum(estimated, _NO_VARIANCE), 1e3) ** 2
    found: Floats = 2 * stdtr(np.maximum(df, fewest), -np.abs(day.mean - centre) / np.sqrt(total))
    return found


def _of_shares(share: Floats, trials: Floats, level: Floats) -> Floats:
    """Binomial, for any number of trials: exact for whole ones, rare as the rows may be."""
    won = np.clip(share * trials, 0, trials)
    lost = trials - won
    above = np.where(won > 0, betainc(won, lost + 1, level), 1.0)
    below = np.where(lost > 0, betainc(lost, won + 1, 1 - level), 1.0)
    return np.where(np.isnan(share), np.nan, np.minimum(2 * np.minimum(above, below), 1.0))


def _of_scores(away: Floats, trials: Floats, variance: Floats, skewness: Floats) -> Floats:
    """Normal; where ties make scores skewed, the inequality of Bennett (JASA 57, 1962), which
    holds for any scores that lie within 1 of their mean."""
    usable = np.maximum(variance, _NO_VARIANCE)
    normal = 2 * ndtr(-away * np.sqrt(trials / usable))
    ratio = away / usable
    reached = usable * ((1 + ratio) * np.log1p(ratio) - ratio)
    bounded = np.minimum(2 * np.exp(-trials * reached), 1.0)
    found: Floats = np.where(np.abs(skewness) > TOO_SKEWED * np.sqrt(trials), bounded, normal)
    return found


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """nan where there is nothing to divide by."""
    parts: Floats = np.divide(top, np.where(bottom > 0, bottom, np.nan))
    return parts
