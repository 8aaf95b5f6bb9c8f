"""The flights of 2013 through the clocks themselves: a champion every four weeks, read each night.

The lake holds what had been delivered by the night: the outcomes of a day come after its end, some
files days late (`infra.airline`). Every night the latest answers of the champion are read as the
product does, and scored in the end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from math import isnan, nan
from pathlib import Path

import pandas as pd
import pyarrow as pa

from benchmarks.guesses import (
    ESTIMATED,
    FROZEN,
    METRICS,
    NAIVE,
    SO_FAR,
    WEIGHTED,
    Guess,
    Task,
    known,
)
from config.load import Definition, definition
from config.schema import Table
from config.settings import Settings
from config.values import Metric
from infra.airline import LATE_DAYS
from infra.flights import Flights
from tasks.data.lake import Lake
from tasks.drift.clocks.clockwork import Clockwork, readings, truth
from tasks.evaluation.metrics import measure
from tasks.features.query import Days, Tables, features, labels
from tasks.models.estimators import fitted
from tasks.predictions.log import PredictionLog, prediction_ids
from tasks.records import Interval, Promise
from tasks.signs import Clock, Reading

NAME = "flights"
CANDIDATE = "boosting"
FIRST, LAST = date(2013, 1, 1), date(2013, 12, 31)
BEGINS = date(2013, 3, 1)
REIGN = 28
HOLDOUT = 10
WEIGHTED_EVERY = 7  # nights: PAPE fits classifiers
METHODS = {Clock.SO_FAR: SO_FAR, Clock.ESTIMATED: ESTIMATED}
_DAY = timedelta(days=1)
_DELIVERY = "d" * 64


@dataclass(frozen=True)
class Reign:
    """A champion: the days that it answers, and what it reached on those held out before."""

    promise: Promise
    first: date
    last: date
    promised: Mapping[Metric, float]


class Year:
    """A lake and a log under `root`, filled as the nights go by."""

    def __init__(self, root: Path, last: date = LAST) -> None:
        self.definition = definition(Settings.from_environment({}).pipelines / NAME)
        self.lake, self.log = Lake(root / "lake"), PredictionLog(Lake(root / "log"))
        self.last = last
        self.said: dict[int, pd.DataFrame] = {}
        """By version: `day`, `p`, `y`, and the night from which the label was there."""

    @cached_property
    def tables(self) -> Tables:
        flights = Flights()
        return {
            name: _typed(getattr(flights, name), table)
            for name, table in self.definition.pipeline.tables.items()
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every question of the year with its inputs, its label and the night that had it."""
        key = list(self.definition.pipeline.question.key)
        asked = features(self.definition, self.tables, Days(FIRST, self.last))
        told = labels(self.definition, self.tables)
        landed = self.tables["outcomes"].select([*key, "landed_date"]).to_pandas()
        landed["there"] = [_arrives(day).isoformat() for day in landed.pop("landed_date")]
        return asked.merge(told.merge(landed, on=key), on=key, how="left", validate="1:1")

    def nights(self) -> Iterator[tuple[Reign, datetime]]:
        """Each night with who serves; all its answers are logged, files come night by night."""
        questions = self._by_day(self.definition.pipeline.question.table)
        outcomes = self._by_day(self.definition.pipeline.label.table)
        for day in _days(FIRST, self.last):
            self._put(self.definition.pipeline.question.table, day, questions)
        due = sorted((_arrives(day), day) for day in outcomes)
        for reign in self._reigns():
            for day in _days(reign.first + _DAY, reign.last + _DAY):
                while due and due[0][0] <= day:
                    self._put(self.definition.pipeline.label.table, due.pop(0)[1], outcomes)
                yield reign, self.definition.pipeline.schedule.night_of(day)
        for _, day in due:
            self._put(self.definition.pipeline.label.table, day, outcomes)

    def _reigns(self) -> Iterator[Reign]:
        first, version = BEGINS, 1
        while first < self.last:
            last = min(first + timedelta(days=REIGN - 1), self.last - _DAY)
            yield self._crowned(version, first, last)
            first, version = last + _DAY, version + 1

    def _crowned(self, version: int, first: date, last: date) -> Reign:
        """The champion of some days, trained on all that was complete; its answers are logged."""
        pipeline, frame = self.definition.pipeline, self.frame
        inputs, label = list(pipeline.features.columns), pipeline.label.name
        holds = first - timedelta(days=HOLDOUT + 1)
        told = frame[frame[label].notna() & (frame["day"] < (first - _DAY).isoformat())]
        learned, held = (told[(told["day"] >= holds.isoformat()) == late] for late in (False, True))
        y = learned[label].to_numpy("int8")
        candidate = pipeline.candidates[CANDIDATE]
        model = fitted(candidate, pipeline.features, learned[inputs], y)
        promised = model.predict_proba(held[inputs])[:, 1]
        rows = frame[frame["day"].between(first.isoformat(), last.isoformat())]
        rows = rows.assign(version=version, probability=model.predict_proba(rows[inputs])[:, 1])
        rows["prediction_id"] = prediction_ids(NAME, version, rows[list(pipeline.question.key)])
        self.said[version] = rows[["day", "probability", label, "there"]]
        for day, answers in rows.drop(columns=[label, "there"]).groupby("day"):
            self.log.append(date.fromisoformat(str(day)), answers, pipeline.question.key)
        promises = {metric: measure(metric, held[label], promised) for metric in METRICS}
        since = pipeline.schedule.night_of(first)
        return Reign(Promise(version, since, promises[pipeline.metric]), first, last, promises)

    def _put(self, name: str, day: date, rows: Mapping[date, pa.Table]) -> None:
        if day in rows:
            self.lake.table(name).replace_partition(day.isoformat(), rows[day], _DELIVERY)

    def _by_day(self, name: str) -> Mapping[date, pa.Table]:
        column, table = self.definition.pipeline.tables[name].partition, self.tables[name]
        return {
            day: pa.Table.from_pandas(rows, table.schema, preserve_index=False)
            for day, rows in table.to_pandas().groupby(column)
        }


_Said = tuple[str, Reading]


def guesses(year: Year) -> tuple[list[Guess], list[Task]]:
    """What was said each night beside what turned out; the estimated windows for others."""
    said = list(_said(year))
    truths = _truths(year, said)
    estimated = [r for name, r in said if name == ESTIMATED and r.metric == "roc_auc"]
    tasks = [_task(year, each, truths[_window(each)]) for each in estimated if _defined(each)]
    return [Guess(NAME, name, r.metric, r.measured, truths[_window(r)]) for name, r in said], tasks


def _said(year: Year) -> Iterator[_Said]:
    for number, (reign, as_of) in enumerate(year.nights()):
        clockwork = Clockwork(year.definition, year.lake, year.log, reign.promise, METRICS)
        for each in readings(clockwork, as_of):
            yield METHODS[each.clock], each
            if _defined(each):
                yield _beside(year, reign, each)
        if number % WEIGHTED_EVERY == 0:
            adapted = replace(clockwork, definition=_with_pape(year.definition))
            read = (each for each in readings(adapted, as_of) if each.clock is Clock.ESTIMATED)
            yield from ((WEIGHTED, each) for each in read)


def _beside(year: Year, reign: Reign, reading: Reading) -> _Said:
    """What would have been said without a clock: the promise, or the labels as they have come."""
    metric = _metric(reading)
    if reading.clock is Clock.ESTIMATED:
        return FROZEN, replace(reading, measured=Interval(reign.promised[metric], nan, nan))
    rows = _answers(year, reading)
    night = reading.as_of.date().isoformat()
    come = rows[rows["there"].notna() & (rows["there"] <= night)]
    return NAIVE, replace(reading, measured=known(come["late"], come["probability"], metric))


def _answers(year: Year, reading: Reading) -> pd.DataFrame:
    assert reading.version is not None
    rows = year.said[reading.version]
    first, last = reading.first_day.isoformat(), reading.last_day.isoformat()
    return rows[rows["day"].between(first, last)]


def _task(year: Year, reading: Reading, truth: float) -> Task:
    """The window beside the same labels that it was calibrated on."""
    assert reading.version is not None
    rows = year.said[reading.version]
    before = rows[(rows["day"] < reading.first_day.isoformat()) & rows["late"].notna()]
    current = _answers(year, reading)["probability"].to_numpy()
    y, p = before["late"].to_numpy(float), before["probability"].to_numpy()
    return Task(NAME, "latest reference", y, p, current, truth)


def _window(reading: Reading) -> tuple[int | None, date, date, str]:
    return reading.version, reading.first_day, reading.last_day, reading.metric


def _truths(year: Year, said: list[_Said]) -> Mapping[tuple[int | None, date, date, str], float]:
    """What each window turned out to be."""
    stores = year.definition, year.lake, year.log
    end = year.definition.pipeline.schedule.night_of(year.last + timedelta(days=7))
    one = {_window(reading): reading for _, reading in said}
    return {window: truth(*stores, reading, end) for window, reading in one.items()}


def _defined(reading: Reading) -> bool:
    return not isnan(reading.measured.value)


def _metric(reading: Reading) -> Metric:
    return next(metric for metric in METRICS if metric == reading.metric)


def _with_pape(described: Definition) -> Definition:
    watch = described.pipeline.watch.model_copy(update={"estimator": "pape"})
    return replace(described, pipeline=described.pipeline.model_copy(update={"watch": watch}))


def _arrives(day: date) -> date:
    """The night that has the outcomes of a day."""
    return day + timedelta(days=1 + LATE_DAYS.get(("outcomes", day), 0))


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _typed(frame: pd.DataFrame, table: Table) -> pa.Table:
    """A table's rows in the types that the lake keeps."""
    columns = {}
    for name, column in table.columns.items():
        values = frame[name]
        if column.type == "timestamp":
            values = pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
        elif column.type == "date":
            values = pd.to_datetime(values).dt.date
        columns[name] = values
    rows = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    kinds = [pa.string() if pa.types.is_large_string(t) else t for t in rows.schema.types]
    return rows.cast(pa.schema(zip(rows.column_names, kinds, strict=True)))
