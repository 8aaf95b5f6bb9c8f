"""Whether three in ten of the rows that were given 0.3 turn out true."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.evaluation.metrics import usable

_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Rows of similar probability: their mean probability, and the share that was true."""

    rows: int
    predicted: float
    observed: float


def reliability(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = _BINS) -> tuple[Bin, ...]:
    """Labels `y` (n,) against probabilities `p` (n,) in bins of about equally many rows.

    Rows of one probability are never split, so there may be fewer bins. Empty for values that
    are no probabilities. Equal-mass bins as in Nguyen and O'Connor, EMNLP 2015.
    """
    truth, scores = np.asarray(y).astype(np.float64), np.asarray(p, dtype=np.float64)
    if not usable(scores):
        return ()
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, scores, side="left")
    return tuple(
        Bin(int(rows.sum()), float(scores[rows].mean()), float(truth[rows].mean()))
        for rows in (place == each for each in np.unique(place))
    )


def expected_calibration_error(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = _BINS) -> float:
    """Mean distance of observed share and probability over the bins, weighted by rows.

    Between 0 and 1, nan when undefined (Naeini, Cooper and Hauskrecht, AAAI 2015). It is never
    quite 0: noise alone adds about 0.8 * sqrt(p * (1 - p) * bins / n).
    """
    table = reliability(y, p, bins)
    if not table:
        return float("nan")
    rows = sum(each.rows for each in table)
    return sum(each.rows * abs(each.observed - each.predicted) for each in table) / rows
