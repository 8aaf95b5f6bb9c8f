"""A logged answer, given again: by the same model, and from the lake as it is today."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.data.revisions import Revision
from tasks.features import cells
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
class Together:
    """A logged answer in its `place` among those that were given together, in that order.

    `written` is the state of its day that it came into the log with.
    """

    prediction_id: str
    key: dict[str, str]
    asked_at: pd.Timestamp
    day: date
    written: Revision
    version: int
    probability: float
    inputs: pd.DataFrame
    place: int

    @property
    def logged(self) -> Logged:
        """Where it is in the log."""
        return Logged(self.prediction_id, self.version, self.day)

    @property
    def own(self) -> pd.DataFrame:
        """Its own inputs: one row."""
        return self.inputs.iloc[[self.place]].reset_index(drop=True)

    def again(self, model: Model) -> float:
        """What a model answers to the logged inputs.

        Together, as they were scored: a product of matrices may round a row by its place.
        """
        return float(model.predict_proba(self.inputs)[self.place, 1])

    def instead(self, model: Model, now: pd.DataFrame) -> float:
        """What it answers to another row, among the same neighbours; nan without one."""
        if now.empty:
            return math.nan
        before, after = self.inputs.iloc[: self.place], self.inputs.iloc[self.place + 1 :]
        neighbours = pd.concat([before, now, after], ignore_index=True)
        return float(model.predict_proba(neighbours)[self.place, 1])


@dataclass(frozen=True)
class Replayer:
    """Gives logged answers of a pipeline again; `load` gives a verified model by its version."""

    definition: Definition
    lake: Lake
    log: PredictionLog
    load: Callable[[int], Model]

    def replay(self, logged: Logged, columns: list[str]) -> Replay:
        """The prediction given again; `columns` are the inputs of the version that answered."""
        asked = self.together(logged, columns)
        return self.compared(asked, asked.again(self.load(logged.version)), self.rebuilt(asked))

    def together(self, logged: Logged, columns: list[str], *, new: bool = False) -> Together:
        """The answer among those that the same version gave of its day when it was given.

        Whoever answers what is due answers the whole day so far; who plays past nights again, only
        what was `new`.
        """
        state = self.log.written(logged)
        question = self.definition.pipeline.question
        rows = self.log.read(logged.day, logged.day, state.version)
        rows = rows[rows["version"] == logged.version]
        if new:
            there = self.log.before(logged.day, state) - {logged.prediction_id}
            rows = rows[~rows["prediction_id"].isin(there)]
        rows = rows.sort_values([question.event_time, *question.key], ignore_index=True)
        place = int(np.flatnonzero(rows["prediction_id"] == logged.prediction_id)[0])
        row = rows.iloc[place]
        return Together(
            prediction_id=logged.prediction_id,
            key={name: str(row[name]) for name in question.key},
            asked_at=pd.Timestamp(row["asked_at"]),
            day=logged.day,
            written=state,
            version=logged.version,
            probability=float(row["probability"]),
            inputs=typed(self.definition, rows)[columns],
            place=place,
        )

    def compared(self, asked: Together, again: float, now: pd.DataFrame) -> Replay:
        """Beside `again`, what is answered to `now`, inputs as `rebuilt` gives them."""
        same = len(now) == 1 and bool(cells.same(asked.own, now).all(axis=None))
        return Replay(
            prediction_id=asked.prediction_id,
            key=asked.key,
            asked_at=asked.asked_at,
            version=asked.version,
            logged=asked.probability,
            again=again,
            rebuilt=again if same else asked.instead(self.load(asked.version), now),
            changed=_changed(asked.own, now),
            inputs=asked.own,
        )

    def rebuilt(self, asked: Together) -> pd.DataFrame:
        """Its inputs by rows of the lake that were known when it was asked; none if it is gone."""
        window = Days(asked.day, asked.day)
        known = known_tables(self.lake, self.definition, window, asked.asked_at.to_pydatetime())
        found = features(self.definition, known, window)
        for name, text in asked.key.items():
            found = found[found[name].astype(str) == text]
        return found.reset_index(drop=True).reindex(columns=asked.inputs.columns)


def same_bits(one: float, other: float) -> bool:
    """Whether two answers are the same 64 bits, not within a rounding."""
    return np.float64(one).tobytes() == np.float64(other).tobytes()


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
