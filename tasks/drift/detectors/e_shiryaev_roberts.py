"""The e-detector that starts anew every day and keeps all that it started."""

import math
import sys


def e_shiryaev_roberts(previous: float, e: float) -> float:
    """The evidence after a day that something changed on this day or on one before.

    M = (M before + 1) e. The sum of the products of the e-values since each day, where `e_cusum`
    takes the largest of them: never less than that, so never later, with the same promise of N
    days, on average, before a false M of N. It uses the promise up more nearly, and unlike the
    largest product, a sum names no day from which on things were different.

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
    >>> evidence = 0.0
    >>> for e in (0.5, 0.8, 0.5, 3.0, 4.0):
    ...     evidence = e_shiryaev_roberts(evidence, e)
    >>> round(evidence, 1)
    29.2

    References
    ----------
    Shin, Ramdas and Rinaldo, E-detectors: a nonparametric framework for sequential change
    detection, New England Journal of Statistics in Data Science 2 (2024).
    """
    if previous < 0 or e < 0:
        raise ValueError(f"an e-value of {e} after evidence of {previous}: both are 0 or more")
    if math.isnan(e):
        return previous
    before = 0.0 if math.isnan(previous) else min(previous, sys.float_info.max)
    return min((before + 1) * e, sys.float_info.max)
