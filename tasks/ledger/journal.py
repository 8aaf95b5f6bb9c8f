"""The journal of admissions: which deliveries were judged, and what became of them."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import ADMISSIONS
from tasks.ledger.text import canonical, stamp, storable
from tasks.records import Admission, Delivery, Outcome


@dataclass(frozen=True)
class Judged:
    """An admission, the logical time it was judged at, and under which configuration."""

    pipeline: str
    admission: Admission
    as_of: datetime
    config_hash: str


def write(database: Database, judged: Judged) -> bool:
    """False when this delivery was already judged under this configuration: nothing changes."""
    try:
        with database.writing() as connection:
            connection.execute(insert(ADMISSIONS).values(_row(judged)))
    except IntegrityError:
        return False
    return True


def admissions(database: Database, pipeline: str) -> list[Admission]:
    """Every admission of a pipeline, in the order in which they were judged."""
    return [each.admission for each in judged(database, pipeline)]


def judged(database: Database, pipeline: str) -> list[Judged]:
    """The same, with the logical time that each was judged at."""
    query = select(ADMISSIONS).where(ADMISSIONS.c.pipeline == pipeline).order_by(ADMISSIONS.c.id)
    with database.reading() as connection:
        return [_judged(row) for row in connection.execute(query).mappings()]


def seen(database: Database, pipeline: str) -> set[tuple[str, str, str, str]]:
    """(table, partition, sha256, configuration) of what need not be judged again.

    The configuration is empty for an accepted delivery, which no later one re-opens; a refused
    delivery is settled only for the configuration that refused it.
    """
    columns = ADMISSIONS.c
    query = select(
        columns.table_name, columns.partition, columns.sha256, columns.config_hash, columns.outcome
    ).where(columns.pipeline == pipeline)
    with database.reading() as connection:
        return {
            (table, partition, sha256, "" if outcome == Outcome.ACCEPTED.value else config_hash)
            for table, partition, sha256, config_hash, outcome in connection.execute(query)
        }


def _row(judged: Judged) -> dict[str, object]:
    admission = judged.admission
    delivery = admission.delivery
    return {
        "pipeline": judged.pipeline,
        "as_of": stamp(judged.as_of),
        "config_hash": judged.config_hash,
        "table_name": delivery.table,
        "partition": storable(delivery.partition),
        "path": storable(delivery.path),
        "arrived_at": stamp(delivery.arrived_at),
        "sha256": delivery.sha256,
        "size_bytes": delivery.size_bytes,
        "outcome": admission.outcome.value,
        "rows": admission.rows,
        "held": admission.held,
        "code": admission.code,
        "message": storable(admission.message),
        "warnings": canonical(admission.warnings),
        "table_version": admission.table_version,
        "docs": storable(admission.docs),
    }


def _judged(row: RowMapping) -> Judged:
    as_of = datetime.fromisoformat(row["as_of"])
    return Judged(row["pipeline"], _admission(row), as_of, row["config_hash"])


def _admission(row: RowMapping) -> Admission:
    return Admission(
        delivery=Delivery(
            table=row["table_name"],
            partition=row["partition"],
            path=row["path"],
            arrived_at=datetime.fromisoformat(row["arrived_at"]),
            sha256=row["sha256"],
            size_bytes=row["size_bytes"],
        ),
        outcome=Outcome(row["outcome"]),
        rows=row["rows"],
        held=row["held"],
        code=row["code"],
        message=row["message"],
        warnings=tuple(json.loads(row["warnings"])),
        table_version=row["table_version"],
        docs=row["docs"],
    )
