"""Notices: what somebody was told of already, so that it is told once and not every minute."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import NOTICES
from tasks.ledger.text import stamp


def notice(database: Database, about: tuple[str, str], as_of: datetime) -> bool:
    """False when it is known of this (pipeline, what)."""
    pipeline, what = about
    row = {"pipeline": pipeline, "what": what, "as_of": stamp(as_of)}
    try:
        with database.writing() as connection:
            connection.execute(insert(NOTICES).values(row))
    except IntegrityError:
        return False
    return True


def notices(database: Database, pipeline: str) -> set[str]:
    """Everything that somebody was told of, of a pipeline."""
    query = select(NOTICES.c.what).where(NOTICES.c.pipeline == pipeline)
    with database.reading() as connection:
        return set(connection.execute(query).scalars())
