"""Answers to the questions of a day, each from the champion of the moment it was asked."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.load import Definition
from tasks.data.arrivals import Judged
from tasks.data.lake import Lake
from tasks.features import known
from tasks.features.query import Days, typed
from tasks.predictions.log import PredictionLog, prediction_ids, question_names
from tasks.predictions.probabilities import Said, require_differing, require_probabilities

_TOGETHER = 7  # days: bounds the memory that catching up after a long absence takes


class Model(Protocol):
    """What scoring needs of a model."""

    def predict_proba(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]: ...


@dataclass(frozen=True)
class Reign:
    """A version and the moment from which it answers."""

    since: datetime
    version: int


def corrected(judged: Collection[Judged], table: str) -> frozenset[date]:
    """The days of a table that more than one delivery was accepted for."""
    accepted = Counter(
        partition for name, partition, _, refused_by in judged if name == table and not refused_by
    )
    return frozenset(date.fromisoformat(day) for day, count in accepted.items() if count > 1)


@dataclass(frozen=True)
class Scored:
    """What one scoring did: days looked at, rows that were new in the log, versions used."""

    days: tuple[date, ...]
    rows: int
    versions: tuple[int, ...]


@dataclass(frozen=True)
class Scorer:
    """Scores one pipeline; `load` gives a verified model by its version number.

    `sample` gives rows that a version was trained on; they are read only when all its answers of
    a day are the same. `corrected` are days whose questions were delivered more than once.
    """

    definition: Definition
    lake: Lake
    log: PredictionLog
    reigns: Sequence[Reign]
    load: Callable[[int], Model]
    sample: Callable[[int], pd.DataFrame] | None = None
    corrected: Collection[date] = ()

    def due(self, as_of: datetime) -> list[date]:
        """Days with a question that was asked by `as_of` of a champion and has no answer yet.

        However late its schedule was, and however many nights were missed. Days whose numbers of
        questions and answers are equal are not looked into, unless they were corrected: other
        questions may have taken the place of those that were answered.
        """
        if not self.reigns:
            return []
        since = min(reign.since for reign in self.reigns)
        opened = since.astimezone(self.definition.pipeline.schedule.zone).date()
        answered = self.log.counts()
        return [
            day
            for day, questions in sorted(self._counts().items())
            if day >= opened - timedelta(days=1)
            and (questions != answered.get(day, 0) or day in self.corrected)
            and self._unanswered(day, since, as_of)
        ]

    def score(self, days: Sequence[date], as_of: datetime) -> Scored:
        """Answer what was asked by `as_of` on each of `days`; rows already answered stay as is.

        Raises `Terminal` for answers that are no probabilities and for one answer to everything:
        of that day nothing is logged.
        """
        key = self.definition.pipeline.question.key
        rows, versions = 0, set[int]()
        for day, answers in self.said(days, as_of):
            rows += self.log.append(day, answers, key, self.lake.versions)
            versions |= set(answers["version"])
        return Scored(tuple(days), rows, tuple(sorted(versions)))

    def said(
        self, days: Sequence[date], as_of: datetime, only: pd.DataFrame | None = None
    ) -> Iterator[tuple[date, pd.DataFrame]]:
        """Answers to what was asked by `as_of`, of each day that has some; nothing is logged.

        `only` has the keys of the questions to answer; None: all. Raises as `score` does.
        """
        key = list(self.definition.pipeline.question.key)
        for together in _weeks(days):
            asked = self._asked(Days(together[0], together[-1]), as_of)
            if only is not None:
                asked = asked[question_names(asked[key]).isin(question_names(only[key]))]
            for day in together:
                answers = self._answers(asked[asked["day"] == day.isoformat()])
                if len(answers):
                    yield day, answers

    def answers(self, day: date, as_of: datetime) -> pd.DataFrame:
        """Predictions for `day`: id, key, times, version, probability and the model's inputs."""
        return self._answers(self._asked(Days(day, day), as_of))

    def _asked(self, window: Days, as_of: datetime) -> pd.DataFrame:
        """Questions of the window asked by `as_of`, with the model's inputs."""
        asked = known.asked(self.definition, self.lake, window, as_of)
        return asked[asked["asked_at"] <= as_of]

    def _answers(self, asked: pd.DataFrame) -> pd.DataFrame:
        versions = self._versions(asked["asked_at"])
        parts = [
            self._answered(int(version), asked[versions == version])
            for version in np.unique(versions[versions > 0])
        ]
        return pd.concat(parts, ignore_index=True) if parts else asked.head(0)

    def _counts(self) -> dict[date, int]:
        table = self.lake.table(self.definition.pipeline.question.table)
        return {date.fromisoformat(day): rows for day, rows in table.counts().items()}

    def _unanswered(self, day: date, since: datetime, as_of: datetime) -> bool:
        asked = known.open_questions(self.definition, self.lake, Days(day, day), as_of)
        asked = asked[(asked["asked_at"] >= since) & (asked["asked_at"] <= as_of)]
        return bool((~self.log.answered(day, asked, self.definition.pipeline.question.key)).any())

    def _versions(self, asked_at: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.int64]:
        ordered = sorted(self.reigns, key=lambda reign: reign.since)
        since = np.array([pd.Timestamp(reign.since).value for reign in ordered], dtype=np.int64)
        number = np.array([0, *(reign.version for reign in ordered)], dtype=np.int64)
        moments = asked_at.astype("datetime64[ns, UTC]").astype("int64").to_numpy()
        return number[np.searchsorted(since, moments, side="right")]

    def _answered(self, version: int, rows: pd.DataFrame) -> pd.DataFrame:
        pipeline = self.definition.pipeline
        inputs = rows[list(pipeline.features.columns)]
        probability = self.load(version).predict_proba(inputs)[:, 1]
        said = Said(f"{pipeline.name} version {version}", inputs, probability)
        require_probabilities(said)
        require_differing(said, lambda: self._usual(version))
        ids = prediction_ids(pipeline.name, version, rows[list(pipeline.question.key)])
        front = rows.drop(columns=list(pipeline.features.answered))
        return pd.concat(
            [
                pd.Series(ids, index=rows.index, name="prediction_id", dtype="str"),
                front.assign(version=version, probability=probability),
                inputs,
            ],
            axis=1,
        )

    def _usual(self, version: int) -> npt.NDArray[np.float64]:
        """What a version answers to a sample of its own training rows; empty without one."""
        if self.sample is None:
            return np.empty(0)
        return self.load(version).predict_proba(typed(self.definition, self.sample(version)))[:, 1]


def _weeks(days: Sequence[date]) -> Iterator[Sequence[date]]:
    """Days to be read together: most of the work is the look-back, the same for neighbours."""
    left = sorted(days)
    while left:
        end = left[0] + timedelta(days=_TOGETHER)
        yield [day for day in left if day < end]
        left = [day for day in left if day >= end]
