"""Measurements taken again after their data was corrected: kept beside the first, never over it."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping, and_, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger import performances, readings
from tasks.ledger.database import Database
from tasks.ledger.tables import CORRECTIONS
from tasks.ledger.text import canonical, defined, stamp
from tasks.records import Performance
from tasks.signs import Reading, Scored

_PERFORMANCE = "performance"

Name = tuple[datetime, str, str]
"""A measurement of a pipeline: its moment, its clock (or `performance`), its metric."""


@dataclass(frozen=True)
class Correction:
    """A measurement of the same moment, version, days and metric as the first, from later data.

    `number` counts the corrections of a measurement from 1; `because` names the partitions that
    were delivered again; `truth` is what turned out, where the first reading had been scored.
    """

    again: Performance | Reading
    number: int
    taken_at: datetime
    because: str
    truth: float = math.nan

    @property
    def name(self) -> Name:
        """Which measurement it is of."""
        return named(self.again)


def named(measurement: Performance | Reading) -> Name:
    """What tells a measurement from all others of its pipeline."""
    clock = measurement.clock.value if isinstance(measurement, Reading) else _PERFORMANCE
    return measurement.as_of, clock, measurement.metric


def keep(database: Database, correction: Correction) -> bool:
    """False when a correction of that number is there: it stands."""
    try:
        with database.writing() as connection:
            connection.execute(insert(CORRECTIONS).values(_row(correction)))
    except IntegrityError:
        return False
    return True


def corrections(
    database: Database, pipeline: str, as_of: datetime | None = None
) -> list[Correction]:
    """Every correction that was taken by then, oldest first."""
    columns = CORRECTIONS.c
    query = columns.pipeline == pipeline
    if as_of is not None:
        query = and_(query, columns.taken_at <= stamp(as_of))
    order = columns.number, columns.as_of, columns.clock, columns.metric
    with database.reading() as connection:
        rows = connection.execute(select(CORRECTIONS).where(query).order_by(*order)).mappings()
        return [_correction(row) for row in rows]


def latest(taken: Iterable[Correction]) -> dict[Name, Correction]:
    """The last correction of each measurement; `taken` is oldest first."""
    return {each.name: each for each in taken}


def performances_now(
    first: Iterable[Performance], taken: Iterable[Correction]
) -> tuple[Performance, ...]:
    """Measurements as they were corrected, else as they were taken."""
    found = {n: each.again for n, each in latest(taken).items()}
    again = ((each, found.get(named(each))) for each in first)
    return tuple(new if isinstance(new, Performance) else old for old, new in again)


def readings_now(first: Iterable[Reading], taken: Iterable[Correction]) -> tuple[Reading, ...]:
    """Readings as they were corrected, else as they were made."""
    found = {n: each.again for n, each in latest(taken).items()}
    again = ((each, found.get(named(each))) for each in first)
    return tuple(new if isinstance(new, Reading) else old for old, new in again)


def scored_now(first: Iterable[Scored], taken: Iterable[Correction]) -> tuple[Scored, ...]:
    """Readings beside what turned out, both as they were corrected."""
    found = latest(taken)
    return tuple(_scored_now(each, found.get(named(each.reading))) for each in first)


def _scored_now(first: Scored, correction: Correction | None) -> Scored:
    if correction is None or not isinstance(correction.again, Reading):
        return first
    truth = first.truth if math.isnan(correction.truth) else correction.truth
    return replace(first, reading=correction.again, truth=truth)


def _row(correction: Correction) -> dict[str, object]:
    again = correction.again
    kept = readings.row(again) if isinstance(again, Reading) else performances.row(again)
    as_of, clock, metric = correction.name
    return {
        "pipeline": again.pipeline,
        "as_of": stamp(as_of),
        "clock": clock,
        "metric": metric,
        "number": correction.number,
        "taken_at": stamp(correction.taken_at),
        "because": correction.because,
        "again": canonical(kept),
        "truth": defined(correction.truth),
    }


def _correction(row: RowMapping) -> Correction:
    kept = json.loads(row["again"])
    is_performance = row["clock"] == _PERFORMANCE
    return Correction(
        again=performances.performance(kept) if is_performance else readings.reading(kept),
        number=row["number"],
        taken_at=datetime.fromisoformat(row["taken_at"]),
        because=row["because"],
        truth=math.nan if row["truth"] is None else row["truth"],
    )
