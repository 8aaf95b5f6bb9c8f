"""The e-detector that starts again whenever its evidence is worth less than a new start."""

import math
import sys


def e_cusum(previous: float, e: float) -> float:
    """The evidence after a day that something changed on this day or on one before.

    M = max(M before, 1) e: the product of the e-values since the day from which it is largest. An
    alarm when M first reaches N comes, on average, after at least N days without a change. Days
    may depend on each other: a day's number need only be an e-value given the days before.

    Parameters
    ----------
    previous
        The evidence of the day before; 0 on the first day, and after an alarm. nan counts as 0.
    e
        The e-value of the day, 0 or more. nan where nothing could be compared: such a day is not
        counted, and the evidence stays what it was.

    Returns
    -------
    0 or more, and finite: what is beyond the largest float counts as that.

    Raises
    ------
    ValueError
        Where either is negative.

    Examples
    --------
    Three quiet days leave nothing behind; then the evidence multiplies.

    >>> evidence = 0.0
    >>> for e in (0.5, 0.8, 0.5, 3.0, 4.0):
    ...     evidence = e_cusum(evidence, e)
    >>> evidence
    12.0

    References
    ----------
    Shin, Ramdas and Rinaldo, E-detectors: a nonparametric framework for sequential change
    detection, New England Journal of Statistics in Data Science 2 (2024).
    """
    if previous < 0 or e < 0:
        raise ValueError(f"an e-value of {e} after evidence of {previous}: both are 0 or more")
    if math.isnan(e):
        return previous
    before = 1.0 if math.isnan(previous) else max(previous, 1.0)
    return min(min(before, sys.float_info.max) * e, sys.float_info.max)
