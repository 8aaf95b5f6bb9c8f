"""Versions: what every byte of a registered model must be, and what it was promoted with."""

import json
from datetime import date

from sqlalchemy import Connection, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.errors import Terminal
from tasks.ledger.database import Database
from tasks.ledger.tables import VERSIONS
from tasks.ledger.text import canonical, defined, digest, interval
from tasks.records import Interval, ModelVersion


def keep(database: Database, version: ModelVersion, reference: Interval) -> None:
    """Records a version once; recording it again with other contents is `Terminal`."""
    row = _row(version, reference)
    try:
        with database.writing() as connection:
            connection.execute(insert(VERSIONS).values(row))
    except IntegrityError:
        stored = dict(_find(database, version.pipeline, version.number))
        changed = [name for name, value in row.items() if stored[name] != value]
        if changed:
            raise Terminal(
                f"version {version.number} of {version.pipeline!r} is on record with another "
                f"{', '.join(changed)}: a version never changes, register a new one"
            ) from None


def kept(database: Database, pipeline: str, number: int) -> ModelVersion:
    """The version as recorded; `Terminal` naming the known ones when there is none."""
    return _version(_find(database, pipeline, number))


def reference(database: Database, pipeline: str, number: int) -> Interval:
    """The holdout performance that a version was recorded with, in units of the metric."""
    row = _find(database, pipeline, number)
    return interval(row["reference"], row["reference_low"], row["reference_high"])


def all_kept(database: Database, pipeline: str) -> list[ModelVersion]:
    """Every recorded version of a pipeline, oldest first."""
    with database.reading() as connection:
        return [_version(row) for row in _rows(connection, pipeline)]


def version_digest(connection: Connection, pipeline: str, number: int) -> str:
    """sha256 over the recorded version; empty when it is not on record (yet)."""
    row = _one(connection, pipeline, number)
    return "" if row is None else digest(dict(row))


def digests(database: Database, pipeline: str) -> dict[int, str]:
    """`version_digest` of every recorded version of a pipeline."""
    with database.reading() as connection:
        return {row["number"]: digest(dict(row)) for row in _rows(connection, pipeline)}


def _row(version: ModelVersion, reference: Interval) -> dict[str, object]:
    return {
        "pipeline": version.pipeline,
        "number": version.number,
        "run_id": version.run_id,
        "uri": version.uri,
        "manifest": canonical(version.manifest),
        "candidate": version.candidate,
        "trained_through": version.trained_through.isoformat(),
        "reference": defined(reference.value),
        "reference_low": defined(reference.low),
        "reference_high": defined(reference.high),
    }


def _version(row: RowMapping) -> ModelVersion:
    return ModelVersion(
        pipeline=row["pipeline"],
        number=row["number"],
        run_id=row["run_id"],
        uri=row["uri"],
        manifest=json.loads(row["manifest"]),
        candidate=row["candidate"],
        trained_through=date.fromisoformat(row["trained_through"]),
    )


def _find(database: Database, pipeline: str, number: int) -> RowMapping:
    with database.reading() as connection:
        row = _one(connection, pipeline, number)
        if row is not None:
            return row
        known = [str(other["number"]) for other in _rows(connection, pipeline)]
    raise Terminal(
        f"no version {number} of {pipeline!r} in the ledger; known: {', '.join(known) or 'none'}"
    )


def _one(connection: Connection, pipeline: str, number: int) -> RowMapping | None:
    query = select(VERSIONS).where(VERSIONS.c.pipeline == pipeline, VERSIONS.c.number == number)
    return connection.execute(query).mappings().one_or_none()


def _rows(connection: Connection, pipeline: str) -> list[RowMapping]:
    query = select(VERSIONS).where(VERSIONS.c.pipeline == pipeline).order_by(VERSIONS.c.number)
    return list(connection.execute(query).mappings())
