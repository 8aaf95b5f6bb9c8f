"""Profiles of a column side by side, and what is measured on each: every measure is a share of
rows or a mean of bounded scores, so that a window's is had from its days' sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from tasks.profiles.columns import CategoricalProfile, ColumnProfile, NumericProfile
from tasks.profiles.sketch import BINS, Sketch, aligned, pooled

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

TENTHS = 10
"""Cells of equal share of the reference that the shape of a column of numbers is told by."""

NAMED = 50
"""Categories that are compared one by one, the reference's most frequent."""

MISSING, RANK, SPREAD, UNSEEN, REST = "missing", "rank", "spread", "unseen", "rest"

_SOME = 8  # sketches that tell how coarse a grid they need: days of a column are much alike
_MANY = 4 * BINS  # bins together from which some days were not like the others after all
_WIDE = 1 << 20  # bins from the lowest to the highest up to which they are numbered by a table


@dataclass(frozen=True, eq=False)
class Table:
    """Profiles of one column: `rows` and `absent` (profiles,), `counts` (profiles, cells).

    Cells are bins in ascending order, or the categories in `names`, whose last is all that no
    profile counts by name. Infinite numbers are among the absent.
    """

    rows: Floats
    absent: Floats
    counts: Floats
    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Measures:
    """For each profile and measure the rows asked, and the sum of their scores and its squares.

    `rows`, `sums` and `squares` are (profiles, measures). Scores of a share are 0 or 1; those of
    `ranked` measures lie in [-1/2, 1/2], and `skewness` is their third standardised moment in the
    reference. `weights` sum to 1: what part of the doubt each measure may spend.
    """

    names: tuple[str, ...]
    ranked: npt.NDArray[np.bool_]
    weights: Floats
    skewness: Floats
    rows: Floats
    sums: Floats
    squares: Floats


def table(profiles: Sequence[ColumnProfile]) -> Table | None:
    """All of them over common cells; None where not all are of numbers or all of categories."""
    if not profiles:
        return None
    numeric = [each for each in profiles if isinstance(each, NumericProfile)]
    categorical = [each for each in profiles if isinstance(each, CategoricalProfile)]
    rows = np.array([each.rows for each in profiles], dtype=np.float64)
    if len(numeric) == len(profiles):
        absent = np.array([each.missing + each.infinite for each in numeric], dtype=np.float64)
        return Table(rows, absent, _binned([each.sketch for each in numeric]), None)
    if len(categorical) == len(profiles):
        absent = np.array([each.missing for each in categorical], dtype=np.float64)
        return Table(rows, absent, *_counted(categorical))
    return None


def measures(counted: Table, reference: Places, days: Places) -> Measures:
    """What is measured on the profiles at `reference` (usual,), then on those at `days` (days,),
    when the former are what is usual."""
    places = np.concatenate([reference, days])
    rows, absent = counted.rows[places], counted.absent[places]
    chosen = Table(rows, absent, counted.counts[places], counted.names)
    if counted.names is None:
        return _of_numbers(chosen, len(reference))
    return _of_categories(chosen, counted.names, len(reference))


def _binned(sketches: Sequence[Sketch]) -> Floats:
    """Counts (sketches, bins) on one grid, as coarse as some of the sketches need together.

    All of them in one pass: sorting the bins of a hundred days would take longer than all else.
    """
    some = pooled(sketches[:: max(1, len(sketches) // _SOME)])
    shift = max(some.shift + (some.shift > 0), *(each.shift for each in sketches))
    sizes = [len(each.keys) for each in sketches]
    drop = np.repeat([shift - each.shift for each in sketches], sizes)
    keys = np.concatenate([each.keys for each in sketches]) >> drop
    counts = np.concatenate([each.counts for each in sketches])
    bins, place = _numbered(keys)
    if bins > _MANY:
        return aligned(sketches).counts.astype(np.float64)
    flat = np.repeat(np.arange(len(sketches)) * bins, sizes) + place
    found = np.bincount(flat, weights=counts, minlength=len(sketches) * bins)
    return np.asarray(found.reshape(len(sketches), bins), dtype=np.float64)


def _numbered(keys: npt.NDArray[np.int64]) -> tuple[int, Places]:
    """How many different keys there are, and the rank of each key (n,) among them."""
    lowest = int(keys.min(initial=0))
    width = int(keys.max(initial=0)) - lowest + 1
    if width > _WIDE:
        found, place = np.unique(keys, return_inverse=True)
        return len(found), place
    occupied = np.zeros(width, dtype=np.intp)
    occupied[keys - lowest] = 1
    ranks = occupied.cumsum()
    return int(ranks[-1]), ranks[keys - lowest] - 1


def _counted(profiles: Sequence[CategoricalProfile]) -> tuple[Floats, tuple[str, ...]]:
    """Counts (profiles, categories + 1), the last of what is not counted by name."""
    names = dict.fromkeys(chain.from_iterable(each.counts for each in profiles))
    place = {name: number for number, name in enumerate(names)}
    sizes = [len(each.counts) for each in profiles]
    columns = np.fromiter(
        map(place.__getitem__, chain.from_iterable(each.counts for each in profiles)), np.intp
    )
    values = chain.from_iterable(each.counts.values() for each in profiles)
    counts = np.zeros((len(profiles), len(place) + 1))
    counts[np.repeat(np.arange(len(profiles)), sizes), columns] = np.fromiter(values, np.float64)
    counts[:, -1] = [each.other for each in profiles]
    return counts, (*place, "")


def _of_numbers(counted: Table, reference: int) -> Measures:
    """Place among the reference (Wilcoxon), distance from its middle (Ansari and Bradley, Annals
    of Mathematical Statistics 31, 1960), and the share of rows in each of its tenths.

    Ties share the middle of their ranks; a tenth that ties leave empty is no measure.
    """
    usual = counted.counts[:reference].sum(axis=0)
    total = max(float(usual.sum()), 1.0)
    ranks = (usual.cumsum() - usual / 2) / total
    tenths = np.minimum((ranks * TENTHS).astype(np.intp), TENTHS - 1)
    share = np.bincount(tenths, weights=usual, minlength=TENTHS)
    scores = np.column_stack([ranks - 0.5, 2 * np.abs(ranks - 0.5) - 0.5])
    moments = [usual @ scores**power / total for power in (1, 2, 3)]
    sums, squares = np.split(counted.counts @ np.hstack([scores, scores**2]), 2, axis=1)
    held = np.flatnonzero(share)
    first, last = (np.searchsorted(tenths, held, side) for side in ("left", "right"))
    below = np.hstack([np.zeros((len(counted.rows), 1)), counted.counts.cumsum(axis=1)])
    cells = below[:, last] - below[:, first]
    return _with_missing(
        counted,
        names=(RANK, SPREAD, *(f"tenth {each + 1}" for each in held)),
        weights=[1 / 2, 1 / 8, *_even(1 / 4, len(held))],
        skewness=_skewness(*moments),
        scored=(np.hstack([sums, cells]), np.hstack([squares, cells])),
    )


def _of_categories(counted: Table, names: tuple[str, ...], reference: int) -> Measures:
    """The share of each frequent category, of all others, and of those that were never seen.

    What was unseen on a day of the reference is what no other of its days had: that is what a
    usual day brings. A category that a day does not count by name is 0 there, on whatever day.
    """
    listed = counted.counts[:, :-1]
    usual, seen = listed[:reference].sum(axis=0), (listed[:reference] > 0).sum(axis=0)
    frequent = np.argsort(-usual, kind="stable")[:NAMED]
    frequent = frequent[usual[frequent] > 0]
    unseen = np.append(listed[:reference] @ (seen == 1.0), listed[reference:] @ (seen == 0.0))
    rest = counted.counts.sum(axis=1) - listed[:, frequent].sum(axis=1)
    sums = np.column_stack([unseen, rest, listed[:, frequent]])
    return _with_missing(
        counted,
        names=(UNSEEN, REST, *(names[each] for each in frequent)),
        weights=[1 / 4, 1 / 8, *_even(3 / 8, len(frequent))],
        skewness=np.empty(0),
        scored=(sums, sums),
    )


def _with_missing(
    counted: Table,
    names: tuple[str, ...],
    weights: list[float],
    skewness: Floats,
    scored: tuple[Floats, Floats],
) -> Measures:
    """The measures of values, and before them the share of rows without one."""
    present = np.repeat(counted.counts.sum(axis=1)[:, None], len(names), axis=1)
    absent = counted.absent[:, None]
    ranked = np.zeros(len(names) + 1, dtype=bool)
    ranked[1 : 1 + len(skewness)] = True
    skew = np.zeros(len(names) + 1)
    skew[1 : 1 + len(skewness)] = skewness
    return Measures(
        names=(MISSING, *names),
        ranked=ranked,
        weights=np.array([1 - sum(weights), *weights]),
        skewness=skew,
        rows=np.hstack([counted.rows[:, None], present]),
        sums=np.hstack([absent, scored[0]]),
        squares=np.hstack([absent, scored[1]]),
    )


def _even(share: float, among: int) -> list[float]:
    return [share / max(among, 1)] * among


def _skewness(first: Floats, second: Floats, third: Floats) -> Floats:
    """From raw moments; 0 where all scores are the same."""
    variance = second - first**2
    central = third - 3 * first * second + 2 * first**3
    same = variance < 1e-12  # scores are of the order of 1: that is rounding
    return np.where(same, 0.0, central / np.where(same, 1.0, variance) ** 1.5)
