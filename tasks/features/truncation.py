"""The truncation test: what was known later must not change what was known then."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow.compute as pc

from config.load import Definition
from tasks.errors import Leakage
from tasks.features.cohort import Cohort
from tasks.features.query import Days, Tables, features
from tasks.records import Check, Status


def truncation(built: Cohort, cuts: int = 3) -> Check:
    """Rebuild features at a few moments from only what was known by then; they must be equal.

    The moments are spread over the cohort's days, the last one included. Every question asked
    in the day before a moment is compared, bit by bit. Raises `Leakage` naming the features
    that saw the future.
    """
    compared = 0
    for moment in _moments(built.frame["asked_at"], cuts):
        compared += _compare(built, moment)
    return Check(
        code="truncation",
        title="Features do not see the future",
        status=Status.PASS,
        reason=f"{compared} rows rebuilt at {cuts} moments from what was known then: all equal",
        numbers={"rows": compared, "moments": cuts},
    )


def _moments(asked_at: "pd.Series[pd.Timestamp]", cuts: int) -> Sequence[datetime]:
    ordered = asked_at.sort_values(ignore_index=True)
    places = [round((len(ordered) - 1) * (n + 1) / cuts) for n in range(cuts)]
    return [ordered[place].to_pydatetime() for place in places]


def _compare(built: Cohort, moment: datetime) -> int:
    definition = built.definition
    day = moment.astimezone(definition.pipeline.schedule.zone).date()
    then = _known_by(definition, built.tables, moment, day)
    rebuilt = _asked_by(features(definition, then, Days(day, day)), moment)
    stored = _asked_by(built.frame[built.frame["day"] == day.isoformat()], moment)
    key = list(definition.pipeline.question.key)
    columns = list(definition.pipeline.features.columns)
    rebuilt = stored[key].merge(rebuilt, on=key, how="left", validate="1:1")[columns]
    stored = stored[columns].reset_index(drop=True)
    equal = (stored == rebuilt) | (stored.isna() & rebuilt.isna())
    if not equal.to_numpy().all():
        _refuse(definition, equal, stored, rebuilt)
    return len(stored)


def _known_by(definition: Definition, tables: Tables, moment: datetime, day: date) -> Tables:
    oldest = day - timedelta(days=definition.pipeline.features.lookback_days + 1)

    def kept(name: str) -> "pc.Expression":
        table = definition.pipeline.tables[name]
        known = pc.field(table.known_at) <= moment
        return known & (pc.field(table.partition) >= oldest) if table.partition else known

    return {name: table.filter(kept(name)) for name, table in tables.items()}


def _asked_by(frame: pd.DataFrame, moment: datetime) -> pd.DataFrame:
    return frame[frame["asked_at"] <= moment]


def _refuse(
    definition: Definition, equal: pd.DataFrame, stored: pd.DataFrame, rebuilt: pd.DataFrame
) -> None:
    wrong = [name for name in equal if not equal[name].all()]
    row = int((~equal[wrong[0]]).to_numpy().argmax())
    raise Leakage(
        f"{definition.pipeline.name}: {len(wrong)} of {equal.shape[1]} features changed when rows "
        f"known only after the question were taken away: {', '.join(map(str, wrong))}. First: "
        f"{wrong[0]} is {stored[wrong[0]][row]} with them and {rebuilt[wrong[0]][row]} without. "
        f"In {definition.pipeline.features.query}, join on known_at <= asked_at"
    )
