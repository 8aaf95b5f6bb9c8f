"""Answers given again: by the version that gave them, from inputs that were corrected since."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import Terminal
from tasks.features.cells import ASKED_AT, differing
from tasks.features.query import Days, features, known_tables, typed
from tasks.predictions.log import PredictionLog, question_names
from tasks.predictions.probabilities import Said, require_differing, require_probabilities
from tasks.predictions.scorer import Model


@dataclass(frozen=True)
class Rescorer:
    """Gives outdated answers of one pipeline again.

    `load` gives a verified model by its version, `sample` rows that it was trained on.
    """

    definition: Definition
    lake: Lake
    log: PredictionLog
    load: Callable[[int], Model]
    sample: Callable[[int], pd.DataFrame]

    def outdated(self, keys: pd.DataFrame, known_by: datetime) -> pd.DataFrame:
        """The logged answers to the questions `keys` (with their `day`) from inputs now denied.

        A question that is gone from the lake keeps the answer that it was given.
        """
        if keys.empty:
            return pd.DataFrame()
        first, last = (date.fromisoformat(each) for each in (keys["day"].min(), keys["day"].max()))
        return self._read(Days(first, last), keys, known_by).outdated

    def score(self, day: date, keys: pd.DataFrame, known_by: datetime) -> int:
        """Answer those of `day` again, each by its version; how many were.

        The day's partition is replaced whole. Its other answers stay to the bit, and those that
        were replaced in the history of the log. Raises `Terminal` when a version's inputs are not
        to be had any more, or when what it says are no probabilities: then nothing is written.
        """
        seen = self.log.table.version()
        found = self._read(Days(day, day), keys, known_by)
        if found.outdated.empty or seen is None:
            return 0
        versions = found.outdated["version"]
        again = pd.concat(
            self._answered(int(version), found, found.outdated[versions == version])
            for version in np.unique(versions.to_numpy(dtype=np.int64))
        )
        rows = found.logged.copy()
        for name in again:
            rows.loc[again.index, name] = again[name]
        self.log.replace(day, rows, seen)
        return len(again)

    def _read(self, window: Days, keys: pd.DataFrame, known_by: datetime) -> "_Read":
        logged = self.log.read(window.first, window.last)
        if logged.empty:
            return _Read(logged, logged, logged.reindex(columns=["day", "version"]))
        names = question_names(logged[self._key])
        wanted = logged[names.isin(question_names(keys[self._key]))]
        now = self._now(window, known_by)
        wanted = wanted[names[wanted.index].isin(now.index)]
        now = now.loc[names[wanted.index].tolist()].set_axis(wanted.index)
        compared = [name for name in (ASKED_AT, *self._inputs) if name in logged]
        differs = differing(typed(self.definition, wanted)[compared], now[compared])
        other = differs.any(axis=1).to_numpy(dtype=bool)
        return _Read(logged, now[other], wanted[other])

    def _now(self, window: Days, known_by: datetime) -> pd.DataFrame:
        """What is asked in the window, by the question's name."""
        known = known_tables(self.lake, self.definition, window, known_by)
        frame = features(self.definition, known, window)
        return frame.set_index(question_names(frame[self._key]))

    def _answered(self, version: int, found: "_Read", rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of a version with the inputs of now and what it says to them.

        Together with its other answers of the day, as they were given: a product of matrices may
        round a row by its place.
        """
        own = typed(self.definition, found.logged[found.logged["version"] == version])
        fresh = found.now.loc[rows.index]
        names = [name for name in fresh if name in own]
        own.loc[rows.index, names] = fresh[names]
        own = own.sort_values([self.definition.pipeline.question.event_time, *self._key])
        said = pd.Series(self._said(version, own), own.index)
        return fresh[names].assign(probability=said[rows.index])

    def _said(self, version: int, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        sample, model = self.sample(version), self.load(version)
        columns = list(sample.columns)
        missing = [name for name in columns if name not in self._inputs or name not in rows]
        if missing:
            raise Terminal(
                f"version {version} answers from {len(columns)} inputs, {len(missing)} of which "
                f"the query does not give any more: {', '.join(missing)}; its answers stay"
            )
        inputs = rows[columns]
        probability = model.predict_proba(inputs)[:, 1]
        said = Said(f"{self.definition.pipeline.name} version {version}", inputs, probability)
        require_probabilities(said)
        usual = typed(self.definition, sample)
        require_differing(said, lambda: model.predict_proba(usual)[:, 1])
        return probability

    @property
    def _key(self) -> list[str]:
        return list(self.definition.pipeline.question.key)

    @property
    def _inputs(self) -> tuple[str, ...]:
        return self.definition.pipeline.features.columns


@dataclass(frozen=True)
class _Read:
    """Days of the log; of their outdated answers what is asked `now`, and how they were logged."""

    logged: pd.DataFrame
    now: pd.DataFrame
    outdated: pd.DataFrame
