"""How far a day of a column is from the days of a reference, and with how much doubt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from config.watch import Drift
from tasks.drift.detectors.e_value import e_value
from tasks.drift.distance_doubt import Sums, Usual, doubt
from tasks.drift.distance_tables import Floats, Measures, Places, Table, measures, table
from tasks.profiles.columns import ColumnProfile

LEAST_DOUBT = 1e-10
"""p-value at least of any day: no tail is known farther out, and one day is one day's weather."""


@dataclass(frozen=True)
class Compared:
    """A day beside a reference: its p-value and e-value, and how far the latest days are.

    `effect` is the absolute difference in the measure that `measure` names, `floor` the least
    that matters; `unit` is "rank", of a place in or a distance from the middle of the reference's
    ranks, or "share", of the rows. nan, with a reason, where nothing could be compared.
    """

    p: float
    e: float
    effect: float
    floor: float
    unit: str
    measure: str
    reason: str = ""

    @property
    def matters(self) -> bool:
        """Whether the latest days are far enough away to be worth an alarm."""
        return self.effect >= self.floor


@dataclass(frozen=True)
class Column:
    """Profiles of one column side by side, so that each is laid out once for all references."""

    table: Table | None

    @classmethod
    def of(cls, profiles: Sequence[ColumnProfile]) -> "Column":
        """In any order; places in `beside` are places in this sequence."""
        return cls(table(profiles))

    def beside(self, days: Places, reference: Places, policy: Drift) -> Compared:
        """The last of `days` (at least one) for its doubt, and all of them for how far away."""
        if self.table is None:
            return undefined("numbers on some days and categories on others")
        if not self.table.rows[days[-1]]:
            return undefined("no rows on this day")
        both = np.append(reference, days[-1])
        if (self.table.absent[both] >= self.table.rows[both]).all():
            return undefined("no value on this day nor in the reference")
        found = measures(self.table, reference, days)
        usual = Usual.of(found, len(reference))
        enough = usual.days >= policy.least_days
        if not enough.any():
            known = int(usual.days.max(initial=0))
            return undefined(f"{known} of at least {policy.least_days} days to compare with")
        return _compared(found, usual, np.where(enough, 1.0, np.nan), policy)


def compared(
    day: ColumnProfile, reference: Sequence[ColumnProfile], policy: Drift | None = None
) -> Compared:
    """A day beside the days of a reference, which are at least `least_days`.

    Missing values, place, spread and shape of numbers, and frequent, other and unseen categories
    are measured side by side, and the stream's p-value is the smallest of theirs, each over its
    weight (Bonferroni; unlike a mean of e-values it costs little when one of many has moved).

    >>> from tasks.profiles.columns import CategoricalProfile
    >>> usual = [CategoricalProfile.of({"a": 50 + each, "b": 50 - each}) for each in range(8)]
    >>> found = compared(CategoricalProfile.of({"a": 48, "b": 47, "c": 5}), usual)
    >>> found.measure, found.effect, found.unit, found.p < 0.01
    ('unseen', 0.05, 'share', True)
    """
    last = len(reference)
    column = Column.of([*reference, day])
    return column.beside(np.array([last]), np.arange(last), policy or Drift())


def undefined(reason: str) -> Compared:
    """Nothing that could be said."""
    return Compared(math.nan, math.nan, math.nan, math.nan, "", "", reason)


def _compared(found: Measures, usual: Usual, known: Floats, policy: Drift) -> Compared:
    first_day = len(usual.rows)
    window = Sums.of(found, slice(first_day, None))
    each = known * doubt(Sums.of(found, slice(-1, None)), usual, found)
    apart = each if window.days == 1 else known * doubt(window, usual, found)
    effects = known * np.abs(window.mean - usual.together.mean)
    if np.isnan(each).all() or np.isnan(effects).all():
        return undefined("no value on this day")
    floors = np.where(found.ranked, policy.rank_floor, policy.share_floor)
    p = min(max(float(np.nanmin(each / found.weights)), LEAST_DOUBT), 1.0)
    first = _leading(apart / found.weights, effects, floors)
    return Compared(
        p=p,
        e=e_value(p),
        effect=float(effects[first]),
        floor=float(floors[first]),
        unit="rank" if found.ranked[first] else "share",
        measure=found.names[first],
    )


def _leading(doubts: Floats, effects: Floats, floors: Floats) -> int:
    """The measure with the least doubt, among those that matter if any does.

    Of equals the farthest, in floors: far out all tails are as thin.
    """
    matter = effects >= floors
    if matter.any():
        doubts = np.where(matter, doubts, np.inf)
    least = np.maximum(np.where(np.isnan(doubts), np.inf, doubts), LEAST_DOUBT)
    return int(np.lexsort((-np.nan_to_num(effects / np.maximum(floors, 1e-9)), least))[0])
