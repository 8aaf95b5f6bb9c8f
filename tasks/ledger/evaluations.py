"""Evaluations of the trigger policy: what was asked for, what was not done, and why."""

import json
from datetime import datetime, tzinfo

from sqlalchemy import RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from tasks.ledger.database import Database
from tasks.ledger.tables import EVALUATIONS
from tasks.ledger.text import canonical, stamp
from tasks.signs import Evaluation, Route, Why


def keep(database: Database, evaluation: Evaluation) -> bool:
    """False when this `as_of` has been evaluated: the first answer stands."""
    row = {
        "pipeline": evaluation.pipeline,
        "as_of": stamp(evaluation.as_of),
        "wanted": evaluation.wanted,
        "why": evaluation.why.value,
        "reason": evaluation.reason,
        "cause": evaluation.cause,
        "route": evaluation.route.value,
        "evidence": canonical(evaluation.evidence),
    }
    try:
        with database.writing() as connection:
            connection.execute(insert(EVALUATIONS).values(row))
    except IntegrityError:
        return False
    return True


def evaluations(database: Database, pipeline: str) -> list[Evaluation]:
    """Every evaluation of a pipeline, oldest first."""
    columns = EVALUATIONS.c
    query = select(EVALUATIONS).where(columns.pipeline == pipeline).order_by(columns.as_of)
    with database.reading() as connection:
        return [_evaluation(row) for row in connection.execute(query).mappings()]


def told(evaluation: Evaluation, zone: tzinfo) -> list[str]:
    """The evaluation in lines: the answer, each trigger, the route, and what was weighed."""
    asked = "retrain asked for" if evaluation.wanted else "no retrain"
    moment = f"{evaluation.as_of.astimezone(zone):%Y-%m-%d %H:%M}"
    evidence = evaluation.evidence
    triggers, routed = evidence.get("triggers"), evidence.get("routed")
    return [
        f"{moment}: {asked} ({evaluation.why}): {evaluation.reason}",
        *(
            f"  trigger {each['trigger']} ({each['why']}): {each['reason']}"
            for each in (triggers if isinstance(triggers, list) else ())
        ),
        *([f"  route ({evaluation.route}): {routed}"] if routed else []),
        *([f"  money: {evidence['inequality']}"] if evidence.get("inequality") else []),
    ]


def _evaluation(row: RowMapping) -> Evaluation:
    return Evaluation(
        pipeline=row["pipeline"],
        as_of=datetime.fromisoformat(row["as_of"]),
        wanted=row["wanted"],
        why=Why(row["why"]),
        reason=row["reason"],
        cause=row["cause"],
        route=Route(row["route"]),
        evidence=json.loads(row["evidence"]),
    )
