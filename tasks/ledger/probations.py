"""Probations: what a promotion had promised and what its first days delivered, once each."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import PROBATIONS
from tasks.ledger.text import defined, interval, stamp
from tasks.records import Interval


class Ending(StrEnum):
    """How a probation ended; what is not shown is neither good nor bad."""

    PASSED = "passed"
    NOT_SHOWN = "not shown"
    WORSE = "worse"
    ROLLED_BACK = "worse, rolled back"


@dataclass(frozen=True)
class Probation:
    """A promotion's first days. `sequence` is the promotion's; the lead is over `replaced`.

    `promised` is the lead that the gate saw, nan where it saw none; `delivered` the one on the
    `rows` of the days since, in units of the gate's metric, positive where `version` is better.
    """

    pipeline: str
    sequence: int
    version: int
    replaced: int
    as_of: datetime
    first_day: date
    last_day: date
    rows: int
    promised: Interval
    delivered: Interval
    ending: Ending
    reason: str

    @property
    def rolls_back(self) -> bool:
        """Whether the version that was replaced is to serve again, by policy."""
        return self.ending is Ending.ROLLED_BACK

    @property
    def told(self) -> str:
        """The probation in a sentence."""
        return f"{self.as_of:%Y-%m-%d}: probation of v{self.version} {self.ending}: {self.reason}"


def write(database: Database, probation: Probation) -> Probation:
    """The probation as recorded; the first word about a promotion stands."""
    try:
        with database.writing() as connection:
            connection.execute(insert(PROBATIONS).values(_row(probation)))
    except IntegrityError:
        known = probations(database, probation.pipeline)
        return next(each for each in known if each.sequence == probation.sequence)
    return probation


def probations(database: Database, pipeline: str) -> list[Probation]:
    """Every probation of a pipeline, oldest promotion first."""
    columns = PROBATIONS.c
    query = select(PROBATIONS).where(columns.pipeline == pipeline).order_by(columns.sequence)
    with database.reading() as connection:
        return [_probation(row) for row in connection.execute(query).mappings()]


def _row(probation: Probation) -> dict[str, object]:
    promised, delivered = probation.promised, probation.delivered
    return {
        "pipeline": probation.pipeline,
        "sequence": probation.sequence,
        "version": probation.version,
        "replaced": probation.replaced,
        "as_of": stamp(probation.as_of),
        "first_day": probation.first_day.isoformat(),
        "last_day": probation.last_day.isoformat(),
        "rows": probation.rows,
        "promised": defined(promised.value),
        "promised_low": defined(promised.low),
        "promised_high": defined(promised.high),
        "delivered": defined(delivered.value),
        "delivered_low": defined(delivered.low),
        "delivered_high": defined(delivered.high),
        "ending": probation.ending.value,
        "reason": probation.reason,
    }


def _probation(row: RowMapping) -> Probation:
    return Probation(
        pipeline=row["pipeline"],
        sequence=row["sequence"],
        version=row["version"],
        replaced=row["replaced"],
        as_of=datetime.fromisoformat(row["as_of"]),
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        rows=row["rows"],
        promised=interval(row["promised"], row["promised_low"], row["promised_high"]),
        delivered=interval(row["delivered"], row["delivered_low"], row["delivered_high"]),
        ending=Ending(row["ending"]),
        reason=row["reason"],
    )
