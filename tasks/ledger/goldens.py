"""What was pinned: appended, each version's digest taken over the one before."""

import json
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.errors import Conflict, Corrupt
from tasks.features.pinning import Pinning
from tasks.ledger.database import Database
from tasks.ledger.tables import GOLDENS
from tasks.ledger.text import canonical, digest, stamp

FIRST_DIGEST = "0" * 64
"""What the first version of a pipeline names as the digest before it."""


def append(database: Database, pinning: Pinning) -> Pinning:
    """The version as recorded; `Conflict` when its number does not follow the last one's."""
    try:
        with database.writing() as connection:
            known = _rows(connection, pinning.pipeline)
            if pinning.number != len(known) + 1:
                raise _lost(pinning)
            row = _row(pinning, known[-1]["digest"] if known else FIRST_DIGEST)
            connection.execute(insert(GOLDENS).values(row))
    except IntegrityError as error:
        raise _lost(pinning) from error
    return _pinning(row)


def history(database: Database, pipeline: str) -> list[Pinning]:
    """Every version, oldest first; `Corrupt` when one was edited, removed or put in between."""
    broken = problems(database, pipeline)
    if broken:
        raise Corrupt(f"golden rows of {pipeline!r}: {'; '.join(broken)}")
    with database.reading() as connection:
        return [_pinning(row) for row in _rows(connection, pipeline)]


def problems(database: Database, pipeline: str) -> list[str]:
    """What was changed behind the ledger's back; empty when nothing was.

    A last version that was removed is found where its rows are read: they are still there.
    """
    found, previous = [], FIRST_DIGEST
    with database.reading() as connection:
        rows = _rows(connection, pipeline)
    for expected, row in enumerate(rows, start=1):
        if row["number"] != expected:
            found.append(f"golden v{row['number']}: v{expected} should stand here")
        if row["previous_digest"] != previous:
            found.append(f"golden v{row['number']}: does not follow from the version before it")
        if row["digest"] != digest({name: row[name] for name in row if name != "digest"}):
            found.append(f"golden v{row['number']}: its record is not what was recorded")
        previous = row["digest"]
    return found


def _row(pinning: Pinning, previous: str) -> dict[str, object]:
    row: dict[str, object] = {
        "pipeline": pinning.pipeline,
        "number": pinning.number,
        "content": pinning.content,
        "columns": canonical(pinning.columns),
        "rows": pinning.rows,
        "first_day": pinning.first_day.isoformat(),
        "last_day": pinning.last_day.isoformat(),
        "by_whom": pinning.by,
        "reason": pinning.reason,
        "as_of": stamp(pinning.as_of),
        "recorded_at": stamp(pinning.recorded_at),
        "previous_digest": previous,
    }
    return {**row, "digest": digest(row)}


def _rows(connection: Connection, pipeline: str) -> list[RowMapping]:
    query = select(GOLDENS).where(GOLDENS.c.pipeline == pipeline).order_by(GOLDENS.c.number)
    return list(connection.execute(query).mappings())


def _pinning(row: "RowMapping | dict[str, object]") -> Pinning:
    values = dict(row)
    return Pinning(
        pipeline=str(values["pipeline"]),
        number=int(str(values["number"])),
        content=str(values["content"]),
        columns=tuple(json.loads(str(values["columns"]))),
        rows=int(str(values["rows"])),
        first_day=date.fromisoformat(str(values["first_day"])),
        last_day=date.fromisoformat(str(values["last_day"])),
        by=str(values["by_whom"]),
        reason=str(values["reason"]),
        as_of=datetime.fromisoformat(str(values["as_of"])),
        recorded_at=datetime.fromisoformat(str(values["recorded_at"])),
        previous_digest=str(values["previous_digest"]),
        digest=str(values["digest"]),
    )


def _lost(pinning: Pinning) -> Conflict:
    return Conflict(
        f"golden v{pinning.number} of {pinning.pipeline!r} was pinned by somebody else meanwhile: "
        "look at it, and pin again if it is still needed"
    )
