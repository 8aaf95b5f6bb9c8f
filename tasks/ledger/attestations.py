"""Attestations: versions that were made again, and how like themselves they came out."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import ATTESTATIONS
from tasks.ledger.text import defined, stamp


class Likeness(StrEnum):
    """How a version that was made again answers, beside the registered one."""

    IDENTICAL = "identical"
    CLOSE = "within 1e-9"
    DIFFERENT = "different"
    UNKNOWN = "cannot be made again"

    @property
    def holds(self) -> bool:
        """Whether the version reproduces."""
        return self in {Likeness.IDENTICAL, Likeness.CLOSE}


@dataclass(frozen=True)
class Attestation:
    """One version made again: what came of it, as of when.

    `diverged` is the first step that came to something else, empty without one; `largest` the
    largest difference of two answers, nan where none were given.
    """

    pipeline: str
    as_of: datetime
    version: int
    likeness: Likeness
    diverged: str
    largest: float
    seconds: float
    reason: str

    @property
    def told(self) -> str:
        """The outcome in a sentence."""
        return f"v{self.version} on {self.as_of:%Y-%m-%d}: {self.likeness.value}, {self.reason}"


def keep(database: Database, attestation: Attestation) -> bool:
    """False when this `as_of` has been attested: the first word stands."""
    row = {
        "pipeline": attestation.pipeline,
        "as_of": stamp(attestation.as_of),
        "version": attestation.version,
        "likeness": attestation.likeness.value,
        "diverged": attestation.diverged,
        "largest": defined(attestation.largest),
        "seconds": defined(attestation.seconds),
        "reason": attestation.reason,
    }
    try:
        with database.writing() as connection:
            connection.execute(insert(ATTESTATIONS).values(row))
    except IntegrityError:
        return False
    return True


def attestations(database: Database, pipeline: str) -> list[Attestation]:
    """Every attestation of a pipeline, oldest first."""
    columns = ATTESTATIONS.c
    query = select(ATTESTATIONS).where(columns.pipeline == pipeline).order_by(columns.as_of)
    with database.reading() as connection:
        return [_attestation(row) for row in connection.execute(query).mappings()]


def _attestation(row: RowMapping) -> Attestation:
    return Attestation(
        pipeline=row["pipeline"],
        as_of=datetime.fromisoformat(row["as_of"]),
        version=row["version"],
        likeness=Likeness(row["likeness"]),
        diverged=row["diverged"],
        largest=_number(row["largest"]),
        seconds=_number(row["seconds"]),
        reason=row["reason"],
    )


def _number(kept: float | None) -> float:
    return math.nan if kept is None else kept
