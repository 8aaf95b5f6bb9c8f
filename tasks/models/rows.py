"""Training rows as a candidate's process reads them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.errors import NotEnoughData
from tasks.models.job import Job

Positions = NDArray[np.intp]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Training rows: inputs (n, columns), labels 0 or 1 (n,), days as ordinals (n,).

    With a half-life (days) older rows count less.
    """

    inputs: pd.DataFrame
    labels: NDArray[np.int8]
    days: NDArray[np.int64]
    half_life: float | None = None

    def at(self, positions: Positions) -> "Rows":
        """Some of the rows."""
        inputs, labels = self.inputs.iloc[positions], self.labels[positions]
        return Rows(inputs, labels, self.days[positions], self.half_life)

    @property
    def weights(self) -> Weights | None:
        """What each row counts (n,), 1 for those of the newest day; None where all count alike."""
        if self.half_life is None:
            return None
        found: Weights = np.exp2((self.days - self.days.max()) / self.half_life)
        return found


def read(job: Job) -> Rows:
    """A job's rows in order of their days; `NotEnoughData` when some have no label."""
    columns = ["day", *job.features.columns, job.label]
    if job.frame_path.suffix == ".parquet":
        frame = pd.read_parquet(job.frame_path, columns=columns)
    else:
        frame = pd.read_feather(job.frame_path, columns=columns)
    unlabelled = int(frame[job.label].isna().sum())
    if unlabelled:
        raise NotEnoughData(f"{unlabelled} of {len(frame)} training rows have no label")
    days = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    order = np.argsort(days, kind="stable")
    return Rows(
        inputs=frame[list(job.features.columns)].iloc[order].reset_index(drop=True),
        labels=frame[job.label].to_numpy().astype(np.int8)[order],
        days=days[order],
        half_life=job.windows.half_life_days,
    )
