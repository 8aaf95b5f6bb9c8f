"""Days to fit on and later days to judge on; no row is ever both."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import NotEnoughData
from tasks.features.cohort import Cohort, complete_days, digest


@dataclass(frozen=True)
class Split:
    """Training rows, and the gate's rows, all of them later; with a digest of each."""

    training: pd.DataFrame
    holdout: pd.DataFrame
    training_digest: str
    holdout_digest: str

    @property
    def trained_through(self) -> date:
        """The last day that a model fitted on this split has seen."""
        return date.fromisoformat(self.training["day"].max())


def training_days(definition: Definition, lake: Lake, as_of: datetime) -> list[date]:
    """Complete days that a training as of then works with: as many as the windows allow.

    Raises `NotEnoughData` when fewer than `min_train_days` are left beside the holdout.
    """
    windows = definition.pipeline.windows
    days = complete_days(definition, lake, as_of)
    if len(days) < windows.needed_days:
        raise NotEnoughData(
            f"{len(days)} complete days as of {as_of:%Y-%m-%d %H:%M}; {windows.needed_days} "
            f"needed: {windows.min_train_days} to train on and {windows.holdout_days} to judge "
            "on. Wait, ingest more, or lower windows.min_train_days"
        )
    if windows.max_train_days is None:
        return days
    return days[-(windows.max_train_days + windows.holdout_days) :]


def split(built: Cohort, champion_through: date | None) -> Split:
    """Set the latest days aside for the gate: rows that neither model has seen.

    The holdout starts after the champion's last training day; `NotEnoughData` when that
    leaves none, or when fewer than `min_train_days` come before it.
    """
    days = sorted(built.frame["day"].unique())
    windows = built.definition.pipeline.windows
    held_out = [
        day
        for day in days[-windows.holdout_days :]
        if champion_through is None or day > champion_through.isoformat()
    ]
    if not held_out:
        raise NotEnoughData(
            f"0 complete days after {champion_through}, the champion's last training day; "
            "wait until labels of later days are complete"
        )
    before = len(days) - len(held_out)
    if before < windows.min_train_days:
        raise NotEnoughData(
            f"{before} days with labels before the holdout of {held_out[0]} to {held_out[-1]}; "
            f"{windows.min_train_days} needed to train on. Wait, ingest more, or lower "
            "windows.min_train_days"
        )
    frame = built.frame
    training = frame[frame["day"] < held_out[0]].reset_index(drop=True)
    holdout = frame[frame["day"] >= held_out[0]].reset_index(drop=True)
    return Split(training, holdout, digest(training), digest(holdout))
