"""Logged answers with what is known of their labels, and since when."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake, Read
from tasks.drift.clocks.so_far import Waiting
from tasks.features.cohort import complete_days
from tasks.features.known import label_rows, once, turned_out
from tasks.predictions.log import PredictionLog

_HOUR = pd.Timedelta(hours=1)
_EPOCH = pd.Timestamp(0, tz=UTC)


@dataclass(frozen=True)
class Arrived:
    """Answers of some days, with `label` (nan) and `delay_hours` (inf) where one has come.

    Labels are known as far as `horizon`, in hours since 1970; `complete` are the ISO days whose
    labels have all had their time.
    """

    rows: pd.DataFrame
    horizon: float
    complete: frozenset[str]

    @property
    def matured(self) -> pd.DataFrame:
        """Answers of complete days that have a label."""
        return self.rows[self.rows["day"].isin(self.complete) & self.rows["label"].notna()]


def arrived(
    definition: Definition, lake: Lake, log: PredictionLog, as_of: datetime, columns: list[str]
) -> Arrived:
    """The latest logged days: a window, and as many before it as there are reference days.

    The log is read no further back, however long it is; of it the key, `day`, `asked_at`,
    `version`, `probability` and `columns`, of questions asked by `as_of`.
    """
    pipeline = definition.pipeline
    watch, wait = pipeline.watch, pipeline.label.complete_after_days
    today = as_of.astimezone(pipeline.schedule.zone).date()
    length = watch.window_days + watch.drift.reference_days + wait + 1
    days = sorted(day for day in log.counts() if day <= today)[-length:]
    if not days:
        return Arrived(pd.DataFrame(), math.nan, frozenset())
    names = [*pipeline.question.key, "day", "asked_at", "version", "probability", *columns]
    bounds = days[0].isoformat(), days[-1].isoformat()
    rows = log.table.read(Read(tuple(dict.fromkeys(names)), *bounds)).to_pandas()
    rows = rows[rows["asked_at"] <= pd.Timestamp(as_of)].reset_index(drop=True)
    held, horizon = _labels(definition, lake, days, as_of)
    rows = rows.merge(held, on=list(pipeline.question.key), how="left", validate="m:1")
    rows["asked_hours"] = _hours(rows["asked_at"])
    rows["delay_hours"] = (rows.pop("known_hours") - rows["asked_hours"]).fillna(math.inf)
    complete = {day.isoformat() for day in complete_days(definition, lake, as_of)}
    return Arrived(rows, horizon, frozenset(complete))


def waiting(rows: pd.DataFrame) -> Waiting:
    """The rows of `Arrived` as `so_far` takes them."""
    place, days = pd.factorize(rows["day"])
    return Waiting(
        p=rows["probability"].to_numpy(),
        y=rows["label"].to_numpy(),
        days=np.array([date.fromisoformat(day).toordinal() for day in days])[place],
        asked=rows["asked_hours"].to_numpy(),
        delays=rows["delay_hours"].to_numpy(),
    )


def _labels(
    definition: Definition, lake: Lake, days: list[date], as_of: datetime
) -> tuple[pd.DataFrame, float]:
    """Key, `label` and `known_hours` of the labels that are known, and how far they are."""
    pipeline = definition.pipeline
    name, key = pipeline.label.table, list(pipeline.question.key)
    table = pipeline.tables[name]
    last = days[-1] + timedelta(days=pipeline.label.complete_after_days + 1)
    partitions = days[0].isoformat(), last.isoformat()

    def come() -> pd.DataFrame:
        told = turned_out(definition, lake, partitions, as_of)
        told = told.rename(columns={pipeline.label.name: "label"})
        found = lake.table(name).read(label_rows(definition, partitions, as_of))
        known = found.select([*key, table.known_at]).to_pandas()
        known = known.assign(known_hours=_hours(known.pop(table.known_at)))
        known = known.groupby(key, as_index=False)["known_hours"].max()
        return told.merge(known, on=key, validate="1:1")

    held = once(lake, ("arrived", partitions, as_of, pipeline.label), come)
    horizon = min(held["known_hours"].max(), _first_gap(definition, lake, days))
    return held[held["known_hours"] <= horizon], float(horizon)


def _first_gap(definition: Definition, lake: Lake, days: list[date]) -> float:
    """When the first label file that is missing among later ones began, of incomplete days.

    What came after it is not used: in the file might be labels as old, of one class or the other.
    """
    pipeline = definition.pipeline
    if pipeline.tables[pipeline.label.table].partition is None:
        return math.inf
    there = set(lake.table(pipeline.label.table).partitions())
    window = days[-pipeline.watch.window_days :]
    for number in range((days[-1] - window[0]).days + 1):
        day = window[0] + timedelta(days=number)
        if day.isoformat() not in there and max(there, default="") > day.isoformat():
            start = datetime.combine(day, datetime.min.time(), pipeline.schedule.zone)
            return start.timestamp() / 3600
    return math.inf


def _hours(instants: "pd.Series[pd.Timestamp]") -> "pd.Series[float]":
    """Hours since 1970."""
    return (instants.astype("datetime64[us, UTC]") - _EPOCH) / _HOUR
