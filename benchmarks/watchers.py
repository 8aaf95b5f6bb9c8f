"""Who looks at a day's rows and says which columns have drifted: Ratchet's peers."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2_contingency, ks_2samp

from benchmarks.columns import CATEGORICAL, NUMERIC, TRAINING_DAYS, World, day_of
from tasks.profiles.columns import Profile
from tasks.profiles.frames import profiled

SAMPLE = 100_000
"""Rows of the training window, at most, that peers without chunks compare with."""


@dataclass(frozen=True)
class Training:
    """The training window: profiles by day for us, rows for the peers."""

    rows_a_day: int
    profiles: Mapping[date, Profile]
    rows: pd.DataFrame

    @classmethod
    def of(cls, world: World) -> "Training":
        """Days are made one at a time: as they land."""
        profiles, parts = {}, []
        for number in range(TRAINING_DAYS):
            frame = world.day(number)
            profiles[day_of(number)] = profiled(frame, NUMERIC, CATEGORICAL)
            parts.append(frame)
        return cls(world.rows, profiles, pd.concat(parts, ignore_index=True))

    @property
    def sample(self) -> pd.DataFrame:
        """As many rows of every day, `SAMPLE` at most."""
        step = -(-len(self.rows) // SAMPLE)
        return self.rows.iloc[::step].reset_index(drop=True)


@dataclass(frozen=True)
class Verdict:
    """The columns that are told to have drifted, and whether the whole of them are."""

    columns: frozenset[str] = frozenset()
    dataset: bool = False


class Watcher(Protocol):
    """Looks at one day after another."""

    def look(self, day: date, rows: pd.DataFrame) -> tuple["Watcher", Verdict]:
        """The verdict, and who looks at the next day."""
        ...


@dataclass(frozen=True)
class Columnwise:
    """Kolmogorov and Smirnov's test of every numeric column at 0.05, chi-square of the others."""

    reference: pd.DataFrame
    level: float = 0.05

    def look(self, day: date, rows: pd.DataFrame) -> tuple["Columnwise", Verdict]:
        found = {name for name in NUMERIC if self._moved(name, rows) < self.level}
        found |= {name for name in CATEGORICAL if self._mixed(name, rows) < self.level}
        return self, Verdict(frozenset(found))

    def _moved(self, name: str, rows: pd.DataFrame) -> float:
        now = rows[name].dropna().to_numpy()
        return float(ks_2samp(self._numbers[name], now, method="asymp").pvalue)

    def _mixed(self, name: str, rows: pd.DataFrame) -> float:
        both = pd.concat([self._counts[name], rows[name].value_counts()], axis=1).fillna(0)
        return float(chi2_contingency(both.to_numpy().T).pvalue)

    @cached_property
    def _numbers(self) -> Mapping[str, npt.NDArray[np.float64]]:
        return {name: np.sort(self.reference[name].dropna().to_numpy()) for name in NUMERIC}

    @cached_property
    def _counts(self) -> Mapping[str, "pd.Series[int]"]:
        return {name: self.reference[name].value_counts() for name in CATEGORICAL}


@dataclass(frozen=True)
class Evidently:
    """Its drift preset as it comes; the dataset has drifted when half of the columns have."""

    reference: pd.DataFrame

    def look(self, day: date, rows: pd.DataFrame) -> tuple["Evidently", Verdict]:
        found = self._metrics(rows)
        columns = frozenset(
            each["config"]["column"]
            for each in found
            if "column" in each["config"] and _crossed(each)
        )
        counted = next(each for each in found if "drift_share" in each["config"])
        share, limit = counted["value"]["share"], counted["config"]["drift_share"]
        return self, Verdict(columns, dataset=share >= limit)

    def _metrics(self, rows: pd.DataFrame) -> list[dict[str, Any]]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from evidently import DataDefinition, Dataset, Report
            from evidently.presets import DataDriftPreset

            definition = DataDefinition(
                numerical_columns=list(NUMERIC), categorical_columns=list(CATEGORICAL)
            )
            now, then = (
                Dataset.from_pandas(each, data_definition=definition)
                for each in (rows, self.reference)
            )
            metrics: list[dict[str, Any]] = (
                Report([DataDriftPreset()]).run(now, then).dict()["metrics"]
            )
        return metrics


def _crossed(metric: Mapping[str, Any]) -> bool:
    """Distances alarm from their threshold up, p-values below it."""
    value, limit = float(metric["value"]), float(metric["config"]["threshold"])
    is_distance = "distance" in metric["config"]["method"]
    return value >= limit if is_distance else value < limit
