"""The models of all arms, and a sample of the questions that any of them can be asked again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.backtest.arms import Lived
from tasks.backtest.scores import Asked
from tasks.data.artifact import MODEL_FILE
from tasks.evaluation.metrics import Floats
from tasks.features.query import typed
from tasks.predictions.log import question_names
from tasks.predictions.scorer import Model
from tasks.stores import Stores

T = TypeVar("T")

_ROWS_A_DAY = 200


@dataclass(frozen=True)
class Reign:
    """A version of an arm, and since when it answered; `after` is who did before."""

    arm: str
    version: int
    since: datetime
    after: int | None


@dataclass(frozen=True)
class Archive:
    """Sampled questions with their inputs, in the order of days, and how to get at models.

    `places` (rows,) are those of the sample among the questions asked, `days` (rows,) ordinals.
    `model` and `digest` are asked with an arm's name and a version's number; versions of the same
    digest are equal to the byte.
    """

    asked: Asked
    places: npt.NDArray[np.intp]
    days: npt.NDArray[np.intp]
    inputs: pd.DataFrame
    model: Callable[[str, int], Model]
    digest: Callable[[str, int], str]

    @property
    def y(self) -> npt.NDArray[np.bool_]:
        """The sample's labels."""
        return self.asked.y[self.places]

    def between(self, first: date, last: date) -> slice:
        """The sample's rows of some days, both included."""
        start, end = np.searchsorted(self.days, [first.toordinal(), last.toordinal() + 1])
        return slice(int(start), int(end))

    def answers(self, arm: str, version: int, rows: slice) -> Floats:
        """What a version says to some rows of the sample."""
        said = self.model(arm, version).predict_proba(self.inputs[rows])
        return np.asarray(said[:, 1], dtype=np.float64)


def archive(asked: Asked, stores: Mapping[str, Stores], whose: str) -> Archive:
    """A sample of at most 200 questions a day, the same for all; inputs as an arm logged them."""
    places, logger = _sampled(asked), stores[whose]
    log = logger.log.read(asked.dates[0], asked.dates[-1])
    logged = log.set_index(question_names(log[list(logger.definition.pipeline.question.key)]))
    columns = list(logger.definition.pipeline.features.columns)
    inputs = typed(logger.definition, logged.loc[asked.names[places], columns])
    ordinals = np.array([day.toordinal() for day in asked.dates], dtype=np.intp)
    return Archive(
        asked,
        places,
        ordinals[asked.days[places]],
        inputs,
        model=lambda arm, version: stores[arm].model(version),
        digest=lambda arm, version: _digest(stores[arm], version),
    )


def reigns(lived: Lived) -> list[Reign]:
    """Who answered in an arm, one after the other."""
    found: list[Reign] = []
    for decision in lived.decisions:
        before = found[-1].version if found else None
        if decision.champion is not None and decision.champion != before:
            found.append(Reign(lived.arm.name, decision.champion, decision.as_of, before))
    return found


def spread(each: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly spread, the first and the last among them."""
    if len(each) <= most:
        return list(each)
    return [each[int(place)] for place in np.linspace(0, len(each) - 1, most).round()]


def _digest(stores: Stores, version: int) -> str:
    return stores.ledger.version(stores.name, version).manifest[MODEL_FILE]


def _sampled(asked: Asked) -> npt.NDArray[np.intp]:
    """Places of the sample in the order of days; the same questions whoever asks."""
    drawn = np.random.default_rng(0).random(asked.rows)
    order = np.lexsort((drawn, asked.days))
    starts = np.searchsorted(asked.days[order], asked.days[order], side="left")
    kept = order[np.arange(len(order)) - starts < _ROWS_A_DAY]
    return np.asarray(kept, dtype=np.intp)
