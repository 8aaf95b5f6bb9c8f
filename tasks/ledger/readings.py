"""Readings of the clocks, one for each logical time, and what turned out on the same rows."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import READINGS
from tasks.ledger.text import defined, interval, stamp
from tasks.signs import Clock, Reading, Scored, Track

LATEST = 60
"""Scored readings that a clock is trusted by: one that held for a year may have failed since."""

_COLUMNS = READINGS.c


def keep(database: Database, readings: Sequence[Reading]) -> int:
    """How many were written: the first reading of a clock, metric and `as_of` stands."""
    return sum(_kept(database, each) for each in readings)


def readings(database: Database, pipeline: str, as_of: datetime | None = None) -> list[Reading]:
    """Readings of a pipeline made by then, oldest first; by clock and metric within a moment."""
    query = _COLUMNS.pipeline == pipeline
    if as_of is not None:
        query = and_(query, _COLUMNS.as_of <= stamp(as_of))
    return [reading(each) for each in _rows(database, query)]


def unscored(database: Database, pipeline: str) -> list[Reading]:
    """Defined readings of what was not known yet, and whose truth is not on record: oldest first.

    A realised reading is the truth.
    """
    query = and_(
        _COLUMNS.pipeline == pipeline,
        _COLUMNS.clock != Clock.REALISED.value,
        _COLUMNS.measured.is_not(None),
        _COLUMNS.truth.is_(None),
    )
    return [reading(each) for each in _rows(database, query)]


def score(database: Database, reading: Reading, truth: float, as_of: datetime) -> bool:
    """Writes down what turned out, known as of then; False when it was there or is undefined."""
    if not math.isfinite(truth):
        return False
    query = (
        update(READINGS)
        .where(
            _COLUMNS.pipeline == reading.pipeline,
            _COLUMNS.as_of == stamp(reading.as_of),
            _COLUMNS.clock == reading.clock.value,
            _COLUMNS.metric == reading.metric,
            _COLUMNS.truth.is_(None),
        )
        .values(truth=truth, scored_at=stamp(as_of))
    )
    with database.writing() as connection:
        return connection.execute(query).rowcount == 1


def scored(database: Database, pipeline: str, as_of: datetime) -> list[Scored]:
    """Readings beside what had turned out by then, oldest first."""
    query = and_(
        _COLUMNS.pipeline == pipeline,
        _COLUMNS.truth.is_not(None),
        _COLUMNS.scored_at <= stamp(as_of),
    )
    return [Scored(reading(each), each["truth"]) for each in _rows(database, query)]


def tracks(past: Sequence[Scored]) -> list[Track]:
    """How the `LATEST` readings of each clock and metric came out; `past` is oldest first.

    Only those of the method that is in use: one estimator does not vouch for another. A reading
    without limits has not held.
    """
    kinds: defaultdict[tuple[Clock, str], list[Scored]] = defaultdict(list)
    for each in past:
        kinds[each.reading.clock, each.reading.metric].append(each)
    made = []
    for (clock, metric), of_kind in kinds.items():
        method = of_kind[-1].reading.method
        latest = [each for each in of_kind if each.reading.method == method][-LATEST:]
        errors = [abs(each.reading.measured.value - each.truth) for each in latest]
        held = sum(each.held for each in latest)
        made.append(Track(clock, metric, len(latest), held, sum(errors) / len(errors)))
    return made


def _kept(database: Database, reading: Reading) -> bool:
    try:
        with database.writing() as connection:
            connection.execute(insert(READINGS).values(row(reading)))
    except IntegrityError:
        return False
    return True


def _rows(database: Database, where: ColumnElement[bool]) -> list[RowMapping]:
    query = select(READINGS).where(where).order_by(_COLUMNS.as_of, _COLUMNS.clock, _COLUMNS.metric)
    with database.reading() as connection:
        return list(connection.execute(query).mappings())


def row(reading: Reading) -> dict[str, object]:
    """A reading as its row has it, before anything turned out."""
    measured = reading.measured
    return {
        "pipeline": reading.pipeline,
        "as_of": stamp(reading.as_of),
        "clock": reading.clock.value,
        "metric": reading.metric,
        "version": reading.version,
        "first_day": reading.first_day.isoformat(),
        "last_day": reading.last_day.isoformat(),
        "rows": reading.rows,
        "labels": reading.labels,
        "measured": defined(measured.value),
        "measured_low": defined(measured.low),
        "measured_high": defined(measured.high),
        "baseline": defined(reading.baseline),
        "method": reading.method,
        "reason": reading.reason,
        "truth": None,
        "scored_at": "",
    }


def reading(row: RowMapping | Mapping[str, Any]) -> Reading:
    """The reading that a row keeps."""
    return Reading(
        pipeline=row["pipeline"],
        clock=Clock(row["clock"]),
        as_of=datetime.fromisoformat(row["as_of"]),
        version=row["version"],
        metric=row["metric"],
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        rows=row["rows"],
        labels=row["labels"],
        measured=interval(row["measured"], row["measured_low"], row["measured_high"]),
        baseline=math.nan if row["baseline"] is None else row["baseline"],
        method=row["method"],
        reason=row["reason"],
    )
