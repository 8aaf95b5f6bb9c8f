"""Columns as numbers, for the small models that watching fits for itself."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tasks.evaluation.metrics import Floats

_CATEGORIES = 200


def coded(rows: pd.DataFrame, numeric: Sequence[str], categorical: Sequence[str]) -> Floats:
    """Rows as (n, columns): numbers as they are, categories as ranks of how frequent they are.

    nan for null and infinite; all but the 200 most frequent categories are one.
    """
    codes = np.full((len(rows), len(numeric) + len(categorical)), math.nan)
    for place, name in enumerate(numeric):
        values = rows[name].to_numpy(dtype=np.float64, na_value=math.nan)
        codes[:, place] = np.where(np.isfinite(values), values, math.nan)
    for place, name in enumerate(categorical, start=len(numeric)):
        codes[:, place] = _ranks(rows[name])
    return codes


def _ranks(column: "pd.Series[str]") -> Floats:
    texts = column.astype(object).where(column.notna())
    kept = texts.value_counts().index[:_CATEGORIES]
    ranks = pd.Categorical(texts, categories=kept).codes.astype(np.float64)
    ranks[(ranks < 0) & texts.notna().to_numpy()] = len(kept)  # a rare one is no null
    return np.where(ranks < 0, math.nan, ranks)
