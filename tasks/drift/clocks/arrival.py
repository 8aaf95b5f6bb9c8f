"""How long labels take to arrive, by what they turn out to be."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.evaluation.metrics import Floats

SCORE_BINS = 5
_FEWEST = 50  # labels of a class in a score bin, to have a curve of its own


@dataclass(frozen=True)
class Curve:
    """The share that has arrived by an age: `shares` (k,) from each of `ages` (k,) on."""

    ages: Floats
    shares: Floats

    def at(self, ages: Floats) -> Floats:
        """The share at each age (n,); 0 before the first arrival."""
        place = np.searchsorted(self.ages, ages, side="right")
        return np.asarray(np.concatenate([[0.0], self.shares])[place])


def kaplan_meier(ages: npt.ArrayLike, arrived: npt.ArrayLike) -> Curve:
    """The share of labels that arrives by an age, where some have only been waited for.

    `ages` (n,) at which a label arrived, or up to which it was waited for in vain; `arrived` (n,)
    says which. The product-limit estimate (Kaplan and Meier, JASA 53, 1958), less what is left.

    >>> curve = kaplan_meier([1, 2, 2, 5], [True, True, False, True])
    >>> curve.at(np.array([0.5, 1.0, 3.0, 5.0])).tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    waited, events = np.asarray(ages, dtype=np.float64), np.asarray(arrived, dtype=bool)
    moments = np.unique(waited[events])
    ordered = np.sort(waited)
    at_risk = len(ordered) - np.searchsorted(ordered, moments, side="left")
    died = np.diff(
        np.searchsorted(np.sort(waited[events]), moments, side="left"), append=events.sum()
    )
    return Curve(moments, np.asarray(1 - np.cumprod(1 - died / at_risk)))


@dataclass(frozen=True)
class Arrivals:
    """The curve of each class in each score bin: `curves[label][bin]`, bins between `edges`."""

    edges: Floats
    curves: tuple[tuple[Curve, ...], tuple[Curve, ...]]

    @property
    def longest(self) -> float:
        """The age by which every label has arrived."""
        return max(float(curve.ages[-1]) for curves in self.curves for curve in curves)

    def share(self, label: int, p: Floats, ages: Floats) -> Floats:
        """The chance of a label of that class to have arrived, by score (n,) and age (n,)."""
        bins = np.searchsorted(self.edges, p, side="right")
        shares = np.empty(len(p))
        for place, curve in enumerate(self.curves[label]):
            inside = bins == place
            shares[inside] = curve.at(ages[inside])
        return shares


def arrivals(y: npt.ArrayLike, p: npt.ArrayLike, delays: npt.ArrayLike) -> Arrivals | None:
    """The curves of labels `y` (n,), scores `p` (n,) and delays (n,) of days that are complete.

    Each row's label is known, so its delay is too: rows that never get one are none of those
    that it is asked about. Score bins hold about equally many; a class with few labels in a bin
    has its curve over all scores there. None where a class has no label.
    """
    label, score = np.asarray(y).astype(bool), np.asarray(p, dtype=np.float64)
    waited = np.asarray(delays, dtype=np.float64)
    if not label.any() or label.all():
        return None
    edges = np.unique(np.quantile(score, np.linspace(0, 1, SCORE_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, score, side="right")

    def curves(of: npt.NDArray[np.bool_]) -> tuple[Curve, ...]:
        cells = (of & (bins == place) for place in range(len(edges) + 1))
        return tuple(_curve(waited[cell if cell.sum() >= _FEWEST else of]) for cell in cells)

    return Arrivals(edges, (curves(~label), curves(label)))


def _curve(delays: Floats) -> Curve:
    return kaplan_meier(delays, np.ones(len(delays), dtype=bool))
