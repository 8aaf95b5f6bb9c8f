"""Many questions asked at once, without calling chance a finding."""

from collections.abc import Sequence

import numpy as np

from tasks.evaluation.metrics import Floats


def holm(doubts: Sequence[float]) -> Floats:
    """p-values adjusted for how many there are: one at or below a is a finding at level a.

    Whatever depends on whatever, the chance of any false finding is at most a (Holm, Scandinavian
    Journal of Statistics 6, 1979). nan stays nan and counts as no question.

    >>> holm([0.01, float("nan"), 0.04, 0.03]).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    given = np.asarray(doubts, dtype=np.float64)
    adjusted = np.full(len(given), np.nan)
    order = [place for place in np.argsort(given) if not np.isnan(given[place])]
    weighted = given[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(weighted), 1.0)
    return adjusted
