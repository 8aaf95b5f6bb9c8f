"""What depended on what a partition held before it was delivered again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from tasks.drift.again import Measurement
from tasks.features.redelivery import GONE, LABEL, NEW, Redelivery, touched
from tasks.impact.answers import NO_INPUTS, Outdated, Questions, counted, has_inputs, outdated
from tasks.impact.versions import Affected, affected, is_tried
from tasks.ledger.corrections import Correction, latest, named
from tasks.signs import Reading
from tasks.stores import Stores


@dataclass(frozen=True)
class Touched:
    """A day, and how many of its questions have other inputs or another label than before.

    `gone` and `new` count questions that are there no more, or were not before; `columns` says
    how many questions have another value of which input.
    """

    day: date
    inputs: int
    labels: int
    gone: int
    new: int
    columns: Mapping[str, int]


@dataclass(frozen=True)
class Impact:
    """What came of a redelivery: answers, measurements and versions that stand on what was before.

    `corrected` counts measurements that were taken again since; `tried` says whether a challenger
    was judged on what the partition holds now.
    """

    redelivery: Redelivery
    days: tuple[Touched, ...] = ()
    scores: tuple[Outdated, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    corrected: int = 0
    versions: tuple[Affected, ...] = ()
    tried: bool = False

    @property
    def is_left(self) -> bool:
        """Whether answers or measurements are left that `ratchet backfill --affected` redoes."""
        return bool(self.scores or self.measurements)

    @property
    def asks_for_retrain(self) -> bool:
        """Whether the champion was trained on what was before, and none judged on what is now."""
        return not self.tried and any(each.serves for each in self.versions)


@dataclass(frozen=True)
class Found:
    """An impact, and the outdated answers in it: their key, `day` and `version`."""

    impact: Impact
    answers: pd.DataFrame

    @property
    def days(self) -> set[date]:
        """The days of which an answer or a label may be another one."""
        return {each.day for each in self.impact.days if each.inputs or each.labels}


def impact(
    stores: Stores, of: Redelivery, as_of: datetime, versions: Collection[int] | None = None
) -> Found:
    """What depended on the states that a partition had before, by rows known by `as_of`.

    Of `versions` alone, where they are given: to build a snapshot again takes its time.
    """
    if not of.earlier:
        return Found(Impact(of), pd.DataFrame({"day": pd.Series(dtype="str")}))
    lake, definition = stores.lake, stores.definition
    questions = {each: touched(definition, lake, of, each, as_of) for each in of.earlier}
    answers = outdated(stores, of, questions, as_of)
    corrections = stores.ledger.corrections(stores.name)
    found = Impact(
        redelivery=of,
        days=_days(pd.concat(questions.values())),
        scores=counted(answers),
        measurements=tuple(_measurements(stores, of, questions, latest(corrections))),
        corrected=sum(of.name in each.because.split(", ") for each in corrections),
        versions=tuple(affected(stores, of, versions)),
        tried=is_tried(stores, of),
    )
    return Found(found, answers)


def _days(questions: pd.DataFrame) -> tuple[Touched, ...]:
    return tuple(_touched(str(day), rows) for day, rows in questions.groupby("day"))


def _touched(day: str, rows: pd.DataFrame) -> Touched:
    columns = sorted({name for what in rows["what"] for name in what} - NO_INPUTS)
    return Touched(
        day=date.fromisoformat(day),
        inputs=int(has_inputs(rows).sum()),
        labels=_with(rows, LABEL),
        gone=_with(rows, GONE),
        new=_with(rows, NEW),
        columns={name: _with(rows, name) for name in columns},
    )


def _with(questions: pd.DataFrame, what: str) -> int:
    return sum(what in each for each in questions["what"])


def _measurements(
    stores: Stores,
    of: Redelivery,
    questions: Questions,
    corrected: Mapping[tuple[datetime, str, str], Correction],
) -> Iterable[Measurement]:
    """Measurements of days that were touched, taken while the partition was in another state."""
    answered = set(stores.log.counts())
    days = {state: _measured_days(rows, answered) for state, rows in questions.items()}
    for each in taken(stores):
        correction = corrected.get(named(each))
        state = of.held(correction.taken_at if correction else each.as_of)
        touches = days.get(state, set()) if state else set()
        if any(each.first_day <= day <= each.last_day for day in touches):
            yield each


def _measured_days(questions: pd.DataFrame, answered: set[date]) -> set[date]:
    """Days with another label, or with another input of an answer."""
    found = set[date]()
    for text, what in zip(questions["day"], questions["what"], strict=True):
        day = date.fromisoformat(text)
        if LABEL in what or (day in answered and set(what) - NO_INPUTS):
            found.add(day)
    return found


def taken(stores: Stores) -> list[Measurement]:
    """Every first measurement of what a version answered, oldest first."""
    found: list[Measurement] = [
        *stores.ledger.performances(stores.name),
        *stores.ledger.readings(stores.name),
    ]
    measured = (each for each in found if each.version is not None and _rows(each))
    return sorted(measured, key=lambda each: each.as_of)


def _rows(measurement: Measurement) -> int:
    """What it was measured on; without any its days are only a placeholder."""
    return measurement.rows if isinstance(measurement, Reading) else measurement.labels
