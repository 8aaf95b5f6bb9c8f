"""From a p-value to an e-value, after Vovk and Wang."""

import math
import sys


def e_value(p: float) -> float:
    """What a bet of 1 against the null hypothesis is worth after a p-value.

    The calibrator 1/2 p^(-1/2), one of the family k p^(k - 1). A number whose expectation is at
    most 1 under the null hypothesis, whatever the test was: unlike p-values, such numbers may be
    averaged however they depend on each other, and multiplied from day to day. The price is power:
    p = 0.05 is an e-value of 2.2, and 0.5 is the least that a day can bring.

    Parameters
    ----------
    p
        A p-value in [0, 1]. nan, of a day on which nothing could be compared, stays nan. Zero
        counts as the smallest positive float: the test ran out of digits, not of doubt.

    Returns
    -------
    From 0.5, for p = 1, to 3e153.

    Raises
    ------
    ValueError
        Where p is outside [0, 1].

    Examples
    --------
    >>> e_value(1.0), e_value(0.25), e_value(0.0001)
    (0.5, 1.0, 50.0)
    >>> e_value(float("nan"))
    nan

    References
    ----------
    Vovk and Wang, E-values: calibration, combination and applications, Annals of Statistics 49
    (2021), section 2.
    """
    if math.isnan(p):
        return p
    if not 0 <= p <= 1:
        raise ValueError(f"a p-value of {p}, outside [0, 1]")
    return 0.5 / math.sqrt(max(p, sys.float_info.min))
