"""Bets of a champion's reign: one a day, placed once, whatever is found out later."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import Connection, RowMapping, insert, select

from tasks.ledger.database import Database
from tasks.ledger.tables import BETS
from tasks.ledger.text import defined, plain, stamp
from tasks.records import Bet, Decision

EVIDENCE = "bets"
"""Where a decision's evidence keeps the bets that it was taken on."""


def place(
    database: Database, pipeline: str, reign: int, bets: Sequence[Bet], as_of: datetime
) -> int:
    """Write down what was not there; how many that were. The first bet on a day stands.

    `reign` is the sequence of the decision that made the champion.
    """
    with database.writing() as connection:
        known = {row["day"] for row in _rows(connection, pipeline, reign)}
        new = [_row(bet) for bet in bets if bet.day.isoformat() not in known]
        for row in new:
            place = {"pipeline": pipeline, "reign": reign, "as_of": stamp(as_of)}
            connection.execute(insert(BETS).values({**row, **place}))
    return len(new)


def placed(
    database: Database, pipeline: str, reign: int, as_of: datetime | None = None
) -> list[Bet]:
    """Every bet of a reign, of those placed by `as_of` when given; oldest day first."""
    with database.reading() as connection:
        rows = _rows(connection, pipeline, reign)
    return [_bet(row) for row in rows if as_of is None or row["as_of"] <= stamp(as_of)]


def problems(database: Database, pipeline: str, decisions: Sequence[Decision]) -> Iterator[str]:
    """Bets that decisions were taken on and that are not on record as they were then."""
    with database.reading() as connection:
        rows = connection.execute(select(BETS).where(BETS.c.pipeline == pipeline)).mappings()
        known = {(row["reign"], row["day"]): plain(_bet(row)) for row in rows}
    for decision in decisions:
        evidence = decision.evidence.get(EVIDENCE)
        if not isinstance(evidence, dict):
            continue
        changed = [
            bet["day"]
            for bet in evidence["placed"]
            if known.get((evidence["reign"], bet["day"])) != bet
        ]
        if changed:
            yield (
                f"decision {decision.sequence} ({decision.kind.value}): {len(changed)} of its "
                f"{len(evidence['placed'])} bets are not on record as they were then, the first "
                f"of {changed[0]}"
            )


def _rows(connection: Connection, pipeline: str, reign: int) -> list[RowMapping]:
    query = (
        select(BETS).where(BETS.c.pipeline == pipeline, BETS.c.reign == reign).order_by(BETS.c.day)
    )
    return list(connection.execute(query).mappings())


def _row(bet: Bet) -> dict[str, object]:
    return {
        "day": bet.day.isoformat(),
        "challenger": bet.challenger,
        "rows": bet.rows,
        "lead": defined(bet.lead),
        "scale": defined(bet.scale),
    }


def _bet(row: RowMapping) -> Bet:
    return Bet(
        day=date.fromisoformat(row["day"]),
        challenger=row["challenger"],
        rows=row["rows"],
        lead=math.nan if row["lead"] is None else row["lead"],
        scale=math.nan if row["scale"] is None else row["scale"],
    )
