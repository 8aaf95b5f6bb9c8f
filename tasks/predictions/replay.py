"""A logged answer, given again: by the same model, and from the lake as it is today."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.features.query import Days, features, known_tables, typed
from tasks.predictions.log import Logged, PredictionLog
from tasks.predictions.scorer import Model

_ROUNDING = 1e-12  # of a probability: the same sum in another order

Value = float | str | None


@dataclass(frozen=True)
class Changed:
    """An input that the lake gives another value for than the one that was answered from."""

    column: str
    logged: Value
    now: Value


@dataclass(frozen=True)
class Replay:
    """One prediction, and what the same question gives today.

    `again` is what the version answers to the logged inputs, `rebuilt` what it answers to those
    that the lake gives for the moment of the question; nan when the question is gone from there.
    """

    prediction_id: str
    key: dict[str, str]
    asked_at: pd.Timestamp
    version: int
    logged: float
    again: float
    rebuilt: float
    changed: tuple[Changed, ...]
    inputs: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether the version still gives the logged answer to the logged inputs."""
        return abs(self.again - self.logged) <= _ROUNDING

    @property
    def told(self) -> str:
        """What became of the answer when it was given again, in a line."""
        if not self.holds:
            return f"answers {self.again:.6g} to the same inputs now, not {self.logged:.6g}"
        same = "to the bit" if self.again == self.logged else "but for rounding"
        if math.isnan(self.rebuilt):
            return f"the same {same} from the logged inputs; the question is gone from the lake"
        if not self.changed:
            same = "to the bit" if self.again == self.logged == self.rebuilt else "but for rounding"
            return f"the same {same}, from inputs rebuilt as they were known when it was asked"
        names = ", ".join(each.column for each in self.changed[:5])
        return (
            f"the same {same} from the logged inputs; {len(self.changed)} of "
            f"{self.inputs.shape[1]} inputs differ from the lake's today ({names}), from which it "
            f"would be {self.rebuilt:.6g} ({self.rebuilt - self.logged:+.2g})"
        )


@dataclass(frozen=True)
class Replayer:
    """Gives logged answers of a pipeline again; `load` gives a verified model by its version."""

    definition: Definition
    lake: Lake
    log: PredictionLog
    load: Callable[[int], Model]

    def replay(self, logged: Logged, columns: list[str]) -> Replay:
        """The prediction given again; `columns` are the inputs of the version that answered."""
        model = self.load(logged.version)
        answered = self._answered(logged)
        place = int(np.flatnonzero(answered["prediction_id"] == logged.prediction_id)[0])
        row = answered.iloc[place]
        inputs = answered[columns]
        key = {name: str(row[name]) for name in self.definition.pipeline.question.key}
        asked_at = pd.Timestamp(row["asked_at"])
        now = self._rebuilt(key, logged.day, asked_at).reindex(columns=columns)
        return Replay(
            prediction_id=logged.prediction_id,
            key=key,
            asked_at=asked_at,
            version=logged.version,
            logged=float(row["probability"]),
            # Together, as they were scored: a product of matrices may round a row by its place.
            again=float(model.predict_proba(inputs)[place, 1]),
            rebuilt=_answer(model, inputs, now, place) if len(now) else math.nan,
            changed=_changed(inputs.iloc[[place]], now),
            inputs=inputs.iloc[[place]].reset_index(drop=True),
        )

    def _answered(self, logged: Logged) -> pd.DataFrame:
        """What the same version answered of the same day, in the order of scoring."""
        rows = self.log.read(logged.day, logged.day)
        question = self.definition.pipeline.question
        order = [question.event_time, *question.key]
        same = rows[rows["version"] == logged.version].sort_values(order, ignore_index=True)
        return typed(self.definition, same)

    def _rebuilt(self, key: dict[str, str], day: date, asked_at: pd.Timestamp) -> pd.DataFrame:
        """The question's features from rows of the lake known when it was asked; empty if gone."""
        window = Days(day, day)
        known = known_tables(self.lake, self.definition, window, asked_at.to_pydatetime())
        asked = features(self.definition, known, window)
        for name, text in key.items():
            asked = asked[asked[name].astype(str) == text]
        return asked.reset_index(drop=True)


def _answer(model: Model, inputs: pd.DataFrame, now: pd.DataFrame, place: int) -> float:
    """The answer to one row in the place of another, among the same neighbours."""
    neighbours = pd.concat([inputs.iloc[:place], now, inputs.iloc[place + 1 :]], ignore_index=True)
    return float(model.predict_proba(neighbours)[place, 1])


def value(cell: object) -> Value:
    """An input's value as it is told: a number, a text, or None for a null."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return None
    return float(cell) if isinstance(cell, int | float | np.number) else str(cell)


def _changed(logged: pd.DataFrame, now: pd.DataFrame) -> tuple[Changed, ...]:
    if now.empty:
        return ()
    pairs = [(name, value(logged[name].iloc[0]), value(now[name].iloc[0])) for name in logged]
    return tuple(Changed(str(name), old, new) for name, old, new in pairs if not _same(old, new))


def _same(old: Value, new: Value) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return math.isclose(old, new, rel_tol=1e-9)
    return old == new
