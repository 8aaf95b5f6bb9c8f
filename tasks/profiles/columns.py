"""What is kept of the columns of a partition, and of any union of partitions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce

import numpy as np
import numpy.typing as npt

from tasks.errors import Terminal
from tasks.profiles.moments import Moments
from tasks.profiles.sketch import Sketch, pooled

CATEGORIES = 200
"""Categories at most that are counted by name."""


@dataclass(frozen=True)
class NumericProfile:
    """A column of numbers: `rows` is all there were, `missing` and `infinite` are among them."""

    rows: int
    missing: int
    infinite: int
    moments: Moments
    sketch: Sketch

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> "NumericProfile":
        """Of values (n,), nan where missing."""
        finite = np.isfinite(values)
        if finite.all():
            return cls(len(values), 0, 0, Moments.of(values), Sketch.of(values))
        found = values[finite]
        missing = int(np.isnan(values).sum())
        infinite = len(values) - len(found) - missing
        return cls(len(values), missing, infinite, Moments.of(found), Sketch.of(found))

    @property
    def present(self) -> int:
        """How many are finite numbers: what moments and sketch are of."""
        return self.moments.count

    def merged(self, other: "NumericProfile") -> "NumericProfile":
        """Of the rows of both."""
        return NumericProfile(
            self.rows + other.rows,
            self.missing + other.missing,
            self.infinite + other.infinite,
            self.moments.merged(other.moments),
            self.sketch.merged(other.sketch),
        )


@dataclass(frozen=True)
class CategoricalProfile:
    """A column of categories: `counts` of the `CATEGORIES` most frequent, the most frequent first
    and of equals the first by name; `other` is how many rows have a category not among them.

    After a merge a count may be too low, where the category was among the others of a part: by
    at most `other`, which is 0 where no part had more categories than are kept.
    """

    rows: int = 0
    missing: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    other: int = 0

    @classmethod
    def of(
        cls, counts: Mapping[str, int], missing: int = 0, other: int = 0
    ) -> "CategoricalProfile":
        """Of as many rows of each category, of any number of categories.

        >>> CategoricalProfile.of({"books": 1, "shoes": 2}, missing=1)
        CategoricalProfile(rows=4, missing=1, counts={'shoes': 2, 'books': 1}, other=0)
        """
        ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        rest = other + sum(count for _, count in ordered[CATEGORIES:])
        rows = missing + other + sum(counts.values())
        return cls(rows, missing, dict(ordered[:CATEGORIES]), rest)

    @property
    def present(self) -> int:
        """How many have a category."""
        return self.rows - self.missing

    def merged(self, other: "CategoricalProfile") -> "CategoricalProfile":
        """Of the rows of both."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return self.of(counts, self.missing + other.missing, self.other + other.other)


ColumnProfile = NumericProfile | CategoricalProfile


@dataclass(frozen=True)
class Profile:
    """The columns of `rows` rows."""

    rows: int = 0
    columns: Mapping[str, ColumnProfile] = field(default_factory=dict)

    def merged(self, other: "Profile") -> "Profile":
        """Of the rows of both; `Terminal` when a column is numbers in one and text in the other.

        A column that only one of them has is as it is there: its own `rows` says of how many.
        """
        names = dict.fromkeys([*self.columns, *other.columns])
        columns = {name: _both(name, self.columns, other.columns) for name in names}
        return Profile(self.rows + other.rows, columns)


def merged(profiles: Iterable[Profile]) -> Profile:
    """Of all their rows, of none where there is no profile; holds one at a time."""
    return reduce(Profile.merged, profiles, Profile())


def levelled(days: Mapping[date, Profile]) -> dict[date, Profile]:
    """The same days, every sketch on the grid that the union of the days needs.

    Merging or comparing them all gives what it gave: for days that are only ever asked about
    together. Days of a thousand rows then take a third of the bins, and as file a twentieth of
    the bytes.
    """
    sketches = defaultdict[str, list[Sketch]](list)
    for each in days.values():
        for name, column in each.columns.items():
            if isinstance(column, NumericProfile):
                sketches[name].append(column.sketch)
    shifts = {name: pooled(found).shift for name, found in sketches.items()}
    return {day: replace(each, columns=_level(each, shifts)) for day, each in days.items()}


def _level(profile: Profile, shifts: Mapping[str, int]) -> dict[str, ColumnProfile]:
    return {
        name: replace(column, sketch=column.sketch.coarsened(shifts[name]))
        if isinstance(column, NumericProfile)
        else column
        for name, column in profile.columns.items()
    }


def _both(
    name: str, one: Mapping[str, ColumnProfile], two: Mapping[str, ColumnProfile]
) -> ColumnProfile:
    if name not in one or name not in two:
        return one[name] if name in one else two[name]
    here, there = one[name], two[name]
    if isinstance(here, NumericProfile) and isinstance(there, NumericProfile):
        return here.merged(there)
    if isinstance(here, CategoricalProfile) and isinstance(there, CategoricalProfile):
        return here.merged(there)
    raise Terminal(f"column {name!r} is profiled as numbers here and as categories there")
