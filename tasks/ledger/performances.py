"""Realised performance of the champion, one measurement for each logical time."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import PERFORMANCES
from tasks.ledger.text import defined, interval, stamp
from tasks.records import Performance


def write(database: Database, performance: Performance) -> bool:
    """False when this `as_of` has been measured: the first measurement stands."""
    try:
        with database.writing() as connection:
            connection.execute(insert(PERFORMANCES).values(row(performance)))
    except IntegrityError:
        return False
    return True


def performances(database: Database, pipeline: str) -> list[Performance]:
    """Every measurement of a pipeline, oldest first."""
    columns = PERFORMANCES.c
    query = select(PERFORMANCES).where(columns.pipeline == pipeline).order_by(columns.as_of)
    with database.reading() as connection:
        return [performance(each) for each in connection.execute(query).mappings()]


def row(performance: Performance) -> dict[str, object]:
    """A measurement as its row has it."""
    measured = performance.measured
    return {
        "pipeline": performance.pipeline,
        "as_of": stamp(performance.as_of),
        "version": performance.version,
        "first_day": performance.first_day.isoformat(),
        "last_day": performance.last_day.isoformat(),
        "labels": performance.labels,
        "metric": performance.metric,
        "measured": defined(measured.value),
        "measured_low": defined(measured.low),
        "measured_high": defined(measured.high),
        "reference": defined(performance.reference),
        "dropped": performance.dropped,
        "reason": performance.reason,
    }


def performance(row: RowMapping | Mapping[str, Any]) -> Performance:
    """The measurement that a row keeps."""
    return Performance(
        pipeline=row["pipeline"],
        as_of=datetime.fromisoformat(row["as_of"]),
        version=row["version"],
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        labels=row["labels"],
        metric=row["metric"],
        measured=interval(row["measured"], row["measured_low"], row["measured_high"]),
        reference=math.nan if row["reference"] is None else row["reference"],
        dropped=row["dropped"],
        reason=row["reason"],
    )
