"""Attempts that were only rehearsed: judged as of a past night, and nobody serves by them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.evaluation.hearing import Hearing
from tasks.ledger.database import Database
from tasks.ledger.tables import REHEARSALS
from tasks.ledger.text import canonical, defined, interval, stamp
from tasks.records import Choice, Interval


@dataclass(frozen=True)
class Rehearsal:
    """What a retrain of a past night would have come to, against who served then.

    `key` names the attempt as a decision's does; `reference` is the champion's value of the
    metric on the same rows, nan without one; `snapshot` is the digest of the rows.
    """

    pipeline: str
    as_of: datetime
    key: str
    champion: int | None
    candidate: str
    choice: Choice
    reason: str
    metric: str
    measured: Interval
    reference: float
    snapshot: str
    evidence: Mapping[str, object]

    @property
    def told(self) -> str:
        """The verdict in a line."""
        against = "nobody" if self.champion is None else f"v{self.champion}"
        return f"{self.candidate} against {against}: {self.choice}, {self.reason}"


def rehearsed(hearing: Hearing, key: str) -> Rehearsal:
    """What a judged challenger comes to, when it is not to serve."""
    pipeline, snapshot = hearing.definition.pipeline, hearing.cohort.snapshot
    champion = hearing.measured.get("champion", {}).get(pipeline.metric)
    return Rehearsal(
        pipeline=pipeline.name,
        as_of=snapshot.as_of,
        key=key,
        champion=hearing.trial.champion_version,
        candidate=hearing.challenger.candidate,
        choice=hearing.verdict.choice,
        reason=hearing.verdict.reason,
        metric=pipeline.metric,
        measured=hearing.reference,
        reference=champion.value if champion else math.nan,
        snapshot=snapshot.digest,
        evidence=hearing.evidence(),
    )


def keep(database: Database, rehearsal: Rehearsal) -> bool:
    """False when this attempt was rehearsed before: the first verdict stands."""
    try:
        with database.writing() as connection:
            connection.execute(insert(REHEARSALS).values(_row(rehearsal)))
    except IntegrityError:
        return False
    return True


def rehearsals(database: Database, pipeline: str) -> list[Rehearsal]:
    """Every rehearsal of a pipeline, by the moment that it was made as of."""
    columns = REHEARSALS.c
    query = (
        select(REHEARSALS).where(columns.pipeline == pipeline).order_by(columns.as_of, columns.key)
    )
    with database.reading() as connection:
        return [_rehearsal(row) for row in connection.execute(query).mappings()]


def _row(rehearsal: Rehearsal) -> dict[str, object]:
    measured = rehearsal.measured
    return {
        "pipeline": rehearsal.pipeline,
        "as_of": stamp(rehearsal.as_of),
        "key": rehearsal.key,
        "champion": rehearsal.champion,
        "candidate": rehearsal.candidate,
        "choice": rehearsal.choice.value,
        "reason": rehearsal.reason,
        "metric": rehearsal.metric,
        "measured": defined(measured.value),
        "measured_low": defined(measured.low),
        "measured_high": defined(measured.high),
        "reference": defined(rehearsal.reference),
        "snapshot": rehearsal.snapshot,
        "evidence": canonical(rehearsal.evidence),
    }


def _rehearsal(row: RowMapping) -> Rehearsal:
    return Rehearsal(
        pipeline=row["pipeline"],
        as_of=datetime.fromisoformat(row["as_of"]),
        key=row["key"],
        champion=row["champion"],
        candidate=row["candidate"],
        choice=Choice(row["choice"]),
        reason=row["reason"],
        metric=row["metric"],
        measured=interval(row["measured"], row["measured_low"], row["measured_high"]),
        reference=math.nan if row["reference"] is None else row["reference"],
        snapshot=row["snapshot"],
        evidence=json.loads(row["evidence"]),
    )
