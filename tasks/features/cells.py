"""Inputs of the same questions at two times, cell by cell."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]

ASKED_AT = "asked_at"
"""Compared beside the inputs: a question that is asked at another moment has other inputs."""

_ROUNDING = 1e-9  # of a number: as many digits as the truncation test compares


def same(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Which cells are equal to the bit, or null in both; rows by their order, columns by name."""
    return pd.DataFrame({name: _same(old[name], new[name]) for name in old})


def differing(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Which cells are not the same, but for numbers that differ by rounding at most."""
    close = pd.DataFrame({name: _close(old[name], new[name]) for name in old})
    return ~(same(old, new) | close)


def _same(old: "pd.Series[Any]", new: "pd.Series[Any]") -> Bools:
    one, other = old.reset_index(drop=True), new.reset_index(drop=True)
    same: Bools = ((one == other) | (one.isna() & other.isna())).to_numpy(dtype=np.bool_)
    return same


def _close(old: "pd.Series[Any]", new: "pd.Series[Any]") -> Bools:
    if not old.dtype == new.dtype == "float64":
        return np.zeros(len(old), dtype=np.bool_)
    close: Bools = np.isclose(old.to_numpy(), new.to_numpy(), rtol=_ROUNDING, atol=0)
    return close
