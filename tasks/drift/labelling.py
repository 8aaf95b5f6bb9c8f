"""On which night the label of each prediction was there, by what was known and what had come."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake
from tasks.data.parts import PARTITION
from tasks.drift.maturity import LabelDay
from tasks.features.known import label_rows, turned_out
from tasks.records import Admission, Outcome

_AT, _NIGHT = "_at", "_night"


def label_days(
    definition: Definition,
    lake: Lake,
    asked: pd.DataFrame,
    admissions: Sequence[Admission],
    as_of: datetime,
) -> tuple[LabelDay, ...]:
    """How the labels of `asked` (the question's key and `day`, ISO) have arrived by `as_of`.

    A label is there from the first night on which its row was known and a delivery of its
    partition had come: what is known late at the source and what is sent late both count. Where
    no admission tells when a partition came, it is when its rows were known.
    """
    if asked.empty:
        return ()
    key = list(definition.pipeline.question.key)
    there = _there(definition, lake, (asked["day"].min(), asked["day"].max()), as_of)
    sent = there[PARTITION].map(_sent(admissions, definition.pipeline.label.table))
    sent = pd.to_datetime(sent, utc=True).astype(there[_AT].dtype)
    there[_AT] = there[_AT].mask(sent > there[_AT], sent)
    rows = asked[[*key, "day"]].merge(there[[*key, _AT]], on=key, how="left", validate="m:1")
    nights = _nights(definition, rows["day"])
    passed = {day: int((each <= pd.Timestamp(as_of)).sum()) for day, each in nights.items()}
    return tuple(counted(rows.assign(**{_NIGHT: _numbered(rows, nights)}), passed))


def counted(rows: pd.DataFrame, passed: Mapping[str, int]) -> Iterator[LabelDay]:
    """Days, in order, from rows with `day` and `_night`, on which the label was there, or nan.

    `passed` tells how many nights each day has had.
    """
    for day, nights in rows.groupby("day")[_NIGHT]:
        arrived = (int((nights <= each).sum()) for each in range(1, passed[str(day)] + 1))
        yield LabelDay(date.fromisoformat(str(day)), len(nights), tuple(arrived))


def _there(
    definition: Definition, lake: Lake, days: tuple[str, str], as_of: datetime
) -> pd.DataFrame:
    """Key, partition and moment of every label known by `as_of`."""
    pipeline = definition.pipeline
    name, key = pipeline.label.table, list(pipeline.question.key)
    table = pipeline.tables[name]
    wait = timedelta(days=pipeline.label.complete_after_days + 1)
    partitions = days[0], (date.fromisoformat(days[1]) + wait).isoformat()
    read = label_rows(definition, partitions, as_of)
    rows = lake.table(name).read(replace(read, columns=(*table.columns, PARTITION)))
    told = turned_out(definition, lake, partitions, as_of)[key]
    moments = rows.select([*key, PARTITION, table.known_at]).to_pandas()
    moments = moments.rename(columns={table.known_at: _AT}).drop_duplicates(key)
    return told.merge(moments, on=key, how="left", validate="1:1")


def _sent(admissions: Sequence[Admission], table: str) -> dict[str, datetime]:
    """When each partition of the table first came and was accepted."""
    sent: dict[str, datetime] = {}
    for each in admissions:
        delivery = each.delivery
        if delivery.table == table and each.outcome is Outcome.ACCEPTED:
            earlier = sent.get(delivery.partition, delivery.arrived_at)
            sent[delivery.partition] = min(earlier, delivery.arrived_at)
    return sent


def _nights(definition: Definition, days: "pd.Series[str]") -> dict[str, pd.DatetimeIndex]:
    """The nights after each day, up to the one on which it is complete."""
    schedule, most = definition.pipeline.schedule, definition.pipeline.label.complete_after_days + 1

    def after(day: date) -> pd.DatetimeIndex:
        nights = [schedule.night_of(day + timedelta(days=n)) for n in range(1, most + 1)]
        return pd.DatetimeIndex(pd.to_datetime(nights, utc=True))

    return {day: after(date.fromisoformat(day)) for day in days.unique()}


def _numbered(rows: pd.DataFrame, nights: Mapping[str, pd.DatetimeIndex]) -> "pd.Series[float]":
    """The number of the first night on which each row's label was there, nan when on none."""
    found = pd.Series(np.nan, index=rows.index)
    for day, each in rows.groupby("day")[_AT]:
        come = each.dropna()
        place = np.asarray(nights[str(day)].searchsorted(pd.DatetimeIndex(come), side="left"))
        number = pd.Series(place + 1.0, index=come.index)
        found.loc[come.index] = number.mask(number > len(nights[str(day)]))
    return found
