"""Frames to be profiled."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

NUMERIC, CATEGORICAL = ("amount", "share", "hour"), ("store", "empty")
FIRST = date(2013, 1, 1)


def frame(days: int, rows: int, seed: int = 1) -> pd.DataFrame:
    """So many rows on each of so many days from `FIRST`, in no order."""
    rng, total = np.random.default_rng(seed), days * rows
    share = np.where(rng.random(total) < 0.1, np.nan, rng.random(total))
    share[::97] = np.inf
    stores = rng.choice(["north", "south"], total, p=[0.7, 0.3])
    made = pd.DataFrame(
        {
            "day": [(FIRST + timedelta(days=n % days)).isoformat() for n in range(total)],
            "amount": rng.normal(50, 20, total),
            "share": share,
            "hour": rng.integers(0, 24, total),
            "store": pd.Series(stores).where(rng.random(total) < 0.9),
            "empty": pd.Series([None] * total, dtype=object),
        }
    )
    return made.sample(frac=1, random_state=seed, ignore_index=True)
