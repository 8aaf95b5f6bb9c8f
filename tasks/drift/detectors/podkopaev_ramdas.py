"""Whether a model's risk has risen by more than one tolerates, after Podkopaev and Ramdas."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STAKES = 0.5 ** np.arange(1, 9)
"""Shares of the wealth that are bet on a loss above the bound: from a half to 1/256."""


def podkopaev_ramdas(
    reference: npt.ArrayLike, losses: npt.ArrayLike, tolerance: float = 0.0, alpha: float = 0.05
) -> Floats:
    """The evidence, after each loss, that the risk is above the reference's plus a tolerance.

    Half of alpha pays for an upper limit of the reference's risk, the other half for betting that
    losses are above that limit and the tolerance: a stake's wealth is multiplied by
    1 + stake (loss / bound - 1), and the evidence is the mean wealth of all stakes. While each
    loss is expected below the bound, it reaches 1 / alpha in at most alpha of all histories,
    however long. Inputs may do what they like: a shift that does no harm is no alarm.

    The paper's bets follow the losses' mean and variance. Spread over fixed stakes they promise
    the same (the diversified bets of Waudby-Smith and Ramdas).

    Parameters
    ----------
    reference
        (n,) losses in [0, 1] that are independent of each other. nan are left out.
    losses
        (m,) losses in [0, 1] as they became known; where the rows of a day share their weather,
        the means of days. nan changes nothing.
    tolerance
        How much the risk may rise, in units of the loss.
    alpha
        Share of histories that may end in a false alarm.

    Returns
    -------
    (m,) evidence; an alarm from 1 / alpha on. nan without a reference.

    Raises
    ------
    ValueError
        Where a loss is outside [0, 1], or alpha outside (0, 1).

    Examples
    --------
    >>> before, after = np.tile([0] * 9 + [1], 100), np.tile([0, 0, 1] * 3 + [0], 20)
    >>> evidence = podkopaev_ramdas(before, after, tolerance=0.02)
    >>> int(np.argmax(evidence >= 20)) + 1
    79
    >>> bool((podkopaev_ramdas(before, before) >= 20).any())
    False

    References
    ----------
    Podkopaev and Ramdas, Tracking the risk of a deployed model and detecting harmful distribution
    shifts, ICLR 2022.
    Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, Journal of
    the Royal Statistical Society B 86 (2024).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}, outside (0, 1)")
    known, seen = _losses(reference), _losses(losses)
    known = known[~np.isnan(known)]
    if not known.size:
        return np.full(len(seen), np.nan)
    bound = 1 - _lower_limit(1 - known, alpha / 2) + tolerance
    return np.asarray(_wealth(seen, bound) / 2)


def _losses(given: npt.ArrayLike) -> Floats:
    losses = np.asarray(given, dtype=np.float64)
    outside = int(((losses < 0) | (losses > 1)).sum())
    if outside:
        raise ValueError(f"{outside} of {losses.size} losses are outside [0, 1]")
    return losses


def _wealth(values: Floats, bound: float) -> Floats:
    """What betting that values (n,) exceed the bound has made of 1, after each of them."""
    if not bound > 0:
        raise ValueError(f"a bound of {bound} that no loss can stay below")
    gains = np.nan_to_num(values / bound - 1, nan=0.0)
    logs = np.log1p(np.outer(STAKES, gains)).cumsum(axis=1)
    return np.asarray(np.exp(np.minimum(np.logaddexp.reduce(logs) - np.log(len(STAKES)), 700.0)))


def _lower_limit(values: Floats, alpha: float) -> float:
    """The least mean that the values (n,) do not speak against: by bisection, to 1e-6."""
    low, high = 0.0, float(values.mean())
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if _wealth(values, middle)[-1] >= 1 / alpha else (low, middle)
    return low
