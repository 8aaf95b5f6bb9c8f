"""What answers cost, where a definition says what its errors do."""

import numpy as np
import numpy.typing as npt

from config.watch import Costs
from tasks.evaluation.metrics import Floats

COST = "cost_per_answer"
"""Where a decision's evidence keeps what an answer of the challenger cost on the holdout."""


def spent(costs: Costs, y: npt.ArrayLike, p: npt.ArrayLike) -> Floats:
    """What each answer cost, (n,): acting for nothing, or not acting where it was called for.

    One acts from a probability of `costs.threshold` on.

    >>> costs = Costs(false_positive=2, false_negative=5)
    >>> spent(costs, [0, 1, 0, 1], [0.6, 0.5, 0.4, 0.4]).tolist()
    [2.0, 0.0, 0.0, 5.0]
    """
    happened = np.asarray(y).astype(bool)
    acted = np.asarray(p, dtype=np.float64) >= costs.threshold
    return np.where(
        acted, np.where(happened, 0.0, costs.false_positive), happened * costs.false_negative
    )
