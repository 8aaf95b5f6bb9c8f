"""Money: what a drop costs until the next champion is out of date, beside what a retrain costs.

Regret is what the champion's answers cost more than usual, summed over days as in the cost
triggers of Modyn (Böther et al., SIGMOD 2025), which retrain once it exceeds the cost of training.
What was lost is lost, though: as in CARA (Mahadevan and Mathioudakis, "Cost-Aware Retraining for
Machine Learning", 2023) staying costs are compared with the cost of the retrain, and as in UPF
(Regol et al., "When to Retrain a Machine Learning Model", ICML 2025) those that are to come, over a
horizon. Theirs are learnt from many retrains; a pipeline has few, so the forecast here is the
plainest: every day to come costs what a day has cost since the drop began.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from config.watch import Costs
from tasks.evaluation.intervals import UNDEFINED, Resampling, mean
from tasks.evaluation.spending import spent
from tasks.records import Interval

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """A champion's answers that turned out: labels `y` (n,), probabilities `p` (n,), `days` (n,).

    Days are ISO dates: all complete ones of its reign, so that there is a before.
    """

    y: npt.ArrayLike
    p: npt.ArrayLike
    days: npt.ArrayLike


@dataclass(frozen=True)
class Worth:
    """Whether a retrain saves more than it costs; nan, with a reason, where that is undefined.

    `usual` is what an answer cost before, `a_day` the regret of a day since `since`, `so_far` its
    sum and `projected` that of the days to come. All in the currency of the costs.
    """

    price: float
    since: date | None = None
    days: int = 0
    usual: float = math.nan
    a_day: float = math.nan
    so_far: float = math.nan
    projected: Interval = UNDEFINED
    inequality: str = ""

    @property
    def too_dear(self) -> bool:
        """Whether it is known that a retrain costs at least what it saves: not to know is no."""
        return self.projected.value <= self.price

    @property
    def numbers(self) -> Mapping[str, float]:
        """What it was decided on, as plain values."""
        return {
            "days": float(self.days),
            "usual": self.usual,
            "regret_a_day": self.a_day,
            "regret_so_far": self.so_far,
            "regret_projected": self.projected.value,
            "regret_low": self.projected.low,
            "regret_high": self.projected.high,
            "price": self.price,
        }


def worth(
    costs: Costs, outcomes: Outcomes, plan: Resampling, least_days: int = 3, usual: float = math.nan
) -> Worth:
    """Regret since the drop began, over the days that a new champion lasts, beside its price.

    `usual` is what an answer cost on the rows that the champion was judged on; unknown, it is what
    answers cost before the drop. That began with the step up which explains most of the variance
    between days (the likelihood ratio of Hinkley, Biometrika 57, 1970, for a level that is known
    or not), at least `least_days` ago. The limits resample days, as `intervals.mean`, and take the
    beginning as known; in simulated worlds 95 % limits held what was to come in 90-95 %.

    A retrain is taken to be promoted and to win back all of the regret. Decided on the value: who
    pays for many drops pays their mean. As the largest step it looks larger than it is where it is
    small beside the noise, so that what is called too dear is. Undefined, which holds nothing
    back, on too few days, and where `usual` is unknown and answers never began to cost more.
    """
    cost = spent(costs, outcomes.y, outcomes.p)
    names, numbered = np.unique(np.asarray(outcomes.days, dtype=str), return_inverse=True)
    rows = np.asarray(np.bincount(numbered), dtype=np.float64)
    sums = np.asarray(np.bincount(numbered, weights=cost), dtype=np.float64)
    start = _start(sums, rows, least_days, usual)
    if start is None:
        told = f"whether answers cost more than usual is unknown on {len(names)} complete days"
        return Worth(costs.retrain + costs.promotion, inequality=told)
    then, latest = numbered < start, numbered >= start
    level = Interval(usual, usual, usual)
    if not math.isfinite(usual):
        level = mean(cost[then], numbered[then], plan)
    regret = _less(mean(cost[latest], numbered[latest], plan), level)
    drop = _drop(names.tolist(), start, int(rows[start:].sum()))
    return _weighed(costs, level.value, regret, drop)


def _less(one: Interval, other: Interval) -> Interval:
    """The difference, with limits from those of both (Zou and Donner, Statist. Med. 27, 2008)."""
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    return Interval(value, low, value + math.hypot(one.high - one.value, other.value - other.low))


def _start(sums: Floats, rows: Floats, least_days: int, usual: float) -> int | None:
    """The first day of the drop, by its place; None where there is no before to compare with.

    Of `sums` (days,) over `rows` (days,). Where what is usual is known, all days may be of the
    drop, and are where none cost more. Where it is not, costs that never rose say nothing: the
    champion may have been dear from the start.
    """
    is_known = math.isfinite(usual)
    starts = np.arange(0 if is_known else least_days, len(rows) - least_days + 1)
    if not len(starts):
        return None
    before, after = _before(rows)[starts], rows.sum() - _before(rows)[starts]
    level = np.full(len(starts), usual) if is_known else _before(sums)[starts] / before
    step = (sums.sum() - _before(sums)[starts]) / after - level
    weight = after if is_known else before * after / rows.sum()
    explained = np.where(step > 0, weight * step**2, 0.0)
    return int(starts[np.argmax(explained)]) if is_known or explained.any() else None


def _before(each: Floats) -> Floats:
    """Sums over the days before each day: (days,) to (days + 1,)."""
    return np.concatenate([[0.0], np.cumsum(each)])


@dataclass(frozen=True)
class _Drop:
    """When it began, and the rows since then, over so many days of the calendar."""

    since: date
    days: int
    rows: int


def _drop(names: Sequence[str], start: int, rows: int) -> _Drop:
    # A pipeline that rests on Sundays loses nothing on them, in the days to come neither.
    since, last = date.fromisoformat(names[start]), date.fromisoformat(names[-1])
    return _Drop(since, (last - since).days + 1, rows)


def _weighed(costs: Costs, level: float, regret: Interval, drop: _Drop) -> Worth:
    """The regret of an answer as that of a day, of the days so far, and of those to come."""
    a_day = drop.rows / drop.days
    to_come = a_day * costs.horizon_days
    projected = Interval(regret.value * to_come, regret.low * to_come, regret.high * to_come)
    worth = Worth(
        price=costs.retrain + costs.promotion,
        since=drop.since,
        days=drop.days,
        usual=level,
        a_day=regret.value * a_day,
        so_far=regret.value * drop.rows,
        projected=projected,
    )
    return replace(worth, inequality=_inequality(costs, worth))


def _inequality(costs: Costs, worth: Worth) -> str:
    unit = f" {costs.currency}" if costs.currency else ""
    found = worth.projected
    sure = f" [{found.low:,.2f}, {found.high:,.2f}]" if math.isfinite(found.low) else ""
    than = "no more than" if worth.too_dear else "more than"
    return (
        f"answers have cost {worth.a_day:,.2f}{unit} a day more than usual since {worth.since} "
        f"({worth.so_far:,.2f} in {worth.days} days): {found.value:,.2f}{sure} in "
        f"{costs.horizon_days} days, {than} the {worth.price:,.2f} of a retrain "
        f"({costs.retrain:,.2f}) and a promotion ({costs.promotion:,.2f})"
    )
