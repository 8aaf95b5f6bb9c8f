"""Intents: what asks for a retrain, written down before anybody acts, and acted on once."""

import json
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.errors import Terminal
from tasks.ledger.database import Database
from tasks.ledger.tables import INTENTS
from tasks.ledger.text import canonical, stamp
from tasks.records import Intent

OPEN = "open"
CLAIMED = "claimed"
DONE = "done"
DECLINED = "declined"
UNANSWERED = (OPEN, CLAIMED)


def intend(database: Database, intent: Intent) -> bool:
    """False when the cause is already there: the first word stands."""
    row = {
        "pipeline": intent.pipeline,
        "cause": intent.cause,
        "as_of": stamp(intent.as_of),
        "evidence": canonical(intent.evidence),
        "state": intent.state,
        "outcome": intent.outcome,
        "claimed_by": "",
    }
    try:
        with database.writing() as connection:
            connection.execute(insert(INTENTS).values(row))
    except IntegrityError:
        return False
    return True


def intents(database: Database, pipeline: str) -> list[Intent]:
    """Every intent of a pipeline, oldest first."""
    query = (
        select(INTENTS)
        .where(INTENTS.c.pipeline == pipeline)
        .order_by(INTENTS.c.as_of, INTENTS.c.cause)
    )
    with database.reading() as connection:
        return [_intent(row) for row in connection.execute(query).mappings()]


def claim(database: Database, pipeline: str, cause: str, by: str, instead_of: str = "") -> bool:
    """True for exactly one caller; `by` names it for whoever has to resume its work.

    An intent that somebody has claimed goes only to who names that claimant in `instead_of`.
    """
    query = (
        update(INTENTS)
        .where(_is(pipeline, cause), INTENTS.c.state.in_(UNANSWERED))
        .where(INTENTS.c.claimed_by == instead_of)
        .values(state=CLAIMED, claimed_by=by)
    )
    with database.writing() as connection:
        return connection.execute(query).rowcount == 1


def claimant(database: Database, pipeline: str, cause: str) -> str | None:
    """Who claimed the intent; None when nobody has."""
    query = select(INTENTS.c.claimed_by).where(_is(pipeline, cause))
    with database.reading() as connection:
        return connection.execute(query).scalar() or None


def settle(database: Database, pipeline: str, cause: str, end: tuple[str, str]) -> None:
    """Writes (state, outcome) down; settling to the same state again is ignored.

    An unknown cause, or one that was settled to the other state, is `Terminal`.
    """
    state, outcome = end
    if state not in (DONE, DECLINED):
        raise Terminal(f"an intent is settled as {DONE!r} or {DECLINED!r}, not {state!r}")
    settling = (
        update(INTENTS)
        .where(_is(pipeline, cause), INTENTS.c.state.in_(UNANSWERED))
        .values(state=state, outcome=outcome)
    )
    with database.writing() as connection:
        if connection.execute(settling).rowcount == 1:
            return
        stands = connection.execute(select(INTENTS.c.state).where(_is(pipeline, cause))).scalar()
    if stands != state:
        raise Terminal(
            f"intent {cause!r} of {pipeline!r} cannot become {state!r}: "
            f"it is {stands or 'not on record'}"
        )


def _is(pipeline: str, cause: str) -> ColumnElement[bool]:
    return and_(INTENTS.c.pipeline == pipeline, INTENTS.c.cause == cause)


def _intent(row: RowMapping) -> Intent:
    return Intent(
        pipeline=row["pipeline"],
        cause=row["cause"],
        as_of=datetime.fromisoformat(row["as_of"]),
        evidence=json.loads(row["evidence"]),
        state=row["state"],
        outcome=row["outcome"],
    )
