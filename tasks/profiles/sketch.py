"""How a column's numbers are distributed, in bins that are the same for every column ever seen.

Bins are runs of the bits of a float, whose order is that of the numbers: so many bins an octave, as
in an HDR histogram, and half as many with every bit that is dropped. Dropping bits until few
enough bins are occupied is the uniform collapse of UDDSketch (Epicoco, Melle, Cafaro, Pulimeno
and Morleo, IEEE Access 8, 2020). Where a bin begins depends on no data, so any two sketches merge
without an error of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BINS = 1024
"""Occupied bins at most: 16 kB a sketch."""

_TOGETHER = 1 << 17  # values: they and their keys stay in the processor's cache
_DENSE = 1 << 18  # bins that may lie between the lowest and the highest where bins are counted
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)  # every bit of a float but its sign
_HIGHEST = np.float64(np.finfo(np.float64).max).view(np.int64)


@dataclass(frozen=True, eq=False)
class Sketch:
    """Occupied bins of a grid: bin `keys[i]` holds `counts[i]` values, in the order of values.

    `shift` is the number of bits dropped: with 0 every bin is one number, with s a bin is
    2^(s - 52) as wide as the power of two below it. It is the least that leaves at most `BINS`
    bins occupied, which makes a sketch a function of the values alone, in whatever order and
    parts they came.
    """

    shift: int
    keys: Integers
    counts: Integers

    @classmethod
    def of(cls, values: Floats) -> "Sketch":
        """Of finite values (n,) in any order.

        >>> Sketch.of(np.array([3.0, 1.0, 3.0])).quantile(0.5)
        3.0
        """
        found = EMPTY
        for part in _parts(values):
            found = pooled([found, _counted(part, found.shift)])
        return found

    @property
    def total(self) -> int:
        """How many values it was made of."""
        return int(self.counts.sum())

    @property
    def middles(self) -> Floats:
        """The middle of every bin (bins,), ascending; the number itself where `shift` is 0."""
        return _numbers(self.keys, self.shift)

    def merged(self, other: "Sketch") -> "Sketch":
        """The sketch of all values of both, exactly as if it had been made of them."""
        return pooled([self, other])

    def coarsened(self, shift: int) -> "Sketch":
        """The same values on the grid of `shift`, which must be no finer than this one."""
        if shift < self.shift:
            raise ValueError(f"bins of shift {self.shift} cannot be told apart at {shift}")
        if shift == self.shift:
            return self
        return Sketch(shift, *_summed(self.keys >> (shift - self.shift), self.counts))

    def quantile(self, q: float) -> float:
        """The middle of the bin that holds the q-quantile, nan of no values.

        Off by at most half a bin from the smallest value that a share `q` does not exceed.
        """
        return float(self.quantiles((q,))[0])

    def quantiles(self, qs: Sequence[float]) -> Floats:
        """Several of them (quantiles,)."""
        if not len(self.keys):
            return np.full(len(qs), np.nan)
        reached = np.cumsum(self.counts)
        ranks = np.maximum(1.0, np.ceil(np.asarray(qs) * reached[-1]))
        places = np.minimum(np.searchsorted(reached, ranks), len(self.keys) - 1)
        return _numbers(self.keys[places], self.shift)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Sketch)
            and self.shift == other.shift
            and np.array_equal(self.keys, other.keys)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays have none


EMPTY = Sketch(0, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


class Aligned(NamedTuple):
    """Sketches side by side: the middles of their common bins (bins,), ascending, and how many
    values each has in them (sketches, bins)."""

    middles: Floats
    counts: Integers


def pooled(sketches: Sequence[Sketch]) -> Sketch:
    """The sketch of all their values together."""
    shift = max((each.shift for each in sketches), default=0)
    same = [each.coarsened(shift) for each in sketches if len(each.keys)]
    if not same:
        return Sketch(shift, EMPTY.keys, EMPTY.counts)
    keys = np.concatenate([each.keys for each in same])
    counts = np.concatenate([each.counts for each in same])
    order = np.argsort(keys, kind="stable")
    found = Sketch(shift, *_summed(keys[order], counts[order]))
    return found.coarsened(shift + _surplus(found.keys))


def aligned(sketches: Sequence[Sketch]) -> Aligned:
    """Several sketches on the finest grid on which all together occupy at most `BINS` bins.

    >>> middles, counts = aligned([Sketch.of(np.array([1.0, 2.0])), Sketch.of(np.array([2.0]))])
    >>> middles.tolist(), counts.tolist()
    ([1.0, 2.0], [[1, 1], [0, 1]])
    """
    together = pooled(sketches)
    counts = np.zeros((len(sketches), len(together.keys)), dtype=np.int64)
    for row, each in zip(counts, sketches, strict=True):
        same = each.coarsened(together.shift)
        row[np.searchsorted(together.keys, same.keys)] = same.counts
    return Aligned(together.middles, counts)


def _parts(values: Floats) -> Iterator[Floats]:
    return (values[start : start + _TOGETHER] for start in range(0, len(values), _TOGETHER))


def _counted(values: Floats, shift: int) -> Sketch:
    """A sketch of shift `shift` or coarser: as coarse as the parts before it had to become.

    Few enough bins between lowest and highest are counted in one pass. Else the values are
    sorted, as where a stray -9999 lies as far from the others as they are close together.
    """
    keys = _keys(values) >> shift
    lowest, highest = int(keys.min()), int(keys.max())
    if shift and highest - lowest < _DENSE:
        counts = np.bincount(keys - lowest)
        occupied = np.flatnonzero(counts)
        return Sketch(shift, occupied + lowest, counts[occupied])
    keys.sort()
    more = _surplus(keys)
    return Sketch(shift + more, *_summed(keys >> more, None))


def _surplus(keys: Integers) -> int:
    """How many more bits of sorted keys (n,) to drop until at most `BINS` of them differ.

    Neighbours stay apart after dropping s bits when they differ in a bit from s up; so the
    `BINS`-th largest of these differences has to vanish.
    """
    differ = (keys[1:] ^ keys[:-1]).view(np.uint64)
    differ = differ[differ != 0]
    if len(differ) < BINS:
        return 0
    return int(np.partition(differ, len(differ) - BINS)[len(differ) - BINS]).bit_length()


def _summed(keys: Integers, counts: Integers | None) -> tuple[Integers, Integers]:
    """Each of the sorted keys (n,) once, with the sum of its counts, one each where None."""
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)])
    if counts is None:
        return keys[first], np.diff(first, append=len(keys))
    return keys[first], np.add.reduceat(counts, first) if len(first) else counts


def _keys(values: Floats) -> Integers:
    """Integers (n,) in the order of the values: a negative float's bits run the other way."""
    bits = (values + 0.0).view(np.int64)  # -0.0 becomes 0.0
    return bits ^ ((bits >> 63) & _MAGNITUDE)


def _numbers(keys: Integers, shift: int) -> Floats:
    """The number in the middle of every bin, by its bits."""
    half = (1 << shift) >> 1
    whole = np.clip((keys << shift) + half, ~_HIGHEST, _HIGHEST)
    numbers: Floats = (whole ^ ((whole >> 63) & _MAGNITUDE)).view(np.float64)
    return numbers
