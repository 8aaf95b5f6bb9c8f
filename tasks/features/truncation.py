"""The truncation test: what was known later must not change what was known then."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from config.load import Definition
from tasks.errors import Leakage
from tasks.features.cohort import Cohort
from tasks.features.query import Days, Tables, features
from tasks.records import Check, Status


def truncation(built: Cohort, cuts: int = 3) -> Check:
    """Rebuild features at a few moments from only what was known by then; they must be equal.

    The moments are when a question was asked, spread over the cohort and the last one included.
    Every question of that question's day that was asked by then is compared: texts exactly,
    numbers to nine digits, as sums of the same numbers in another order differ in the last ones.
    Context is not compared: no model sees it, and who somebody is may be told later.
    Raises `Leakage` naming the features that saw the future.
    """
    compared = sum(
        _compare(built, asked.day, asked.asked_at.to_pydatetime())
        for asked in _moments(built, cuts)
    )
    return Check(
        code="truncation",
        title="Features do not see the future",
        status=Status.PASS,
        reason=f"{compared} rows rebuilt at {cuts} moments from what was known then: all equal",
        numbers={"rows": compared, "moments": cuts},
    )


def _moments(built: Cohort, cuts: int) -> Iterable[Any]:
    """Questions, with the `day` that they are about and when they were asked."""
    ordered = built.frame[["day", "asked_at"]].sort_values("asked_at", ignore_index=True)
    places = [round((len(ordered) - 1) * (n + 1) / cuts) for n in range(cuts)]
    return ordered.iloc[places].itertuples(index=False)


def _compare(built: Cohort, asked_about: str, moment: datetime) -> int:
    definition, day = built.definition, date.fromisoformat(asked_about)
    asked = built.frame[(built.frame["day"] == asked_about) & (built.frame["asked_at"] <= moment)]
    oldest = day - timedelta(days=definition.pipeline.features.lookback_days + 1)
    rebuilt = _rebuilt(definition, _known_by(definition, built.tables, moment, oldest), asked, day)
    stored = asked[rebuilt.columns].reset_index(drop=True)
    equal = _alike(stored, rebuilt)
    if not equal.to_numpy().all():
        further = _rebuilt(definition, _known_by(definition, built.tables, moment), asked, day)
        is_old = bool(_alike(stored, further).to_numpy().all())
        _refuse(definition, equal, stored, rebuilt, is_old=is_old)
    return len(stored)


def _rebuilt(
    definition: Definition, tables: Tables, asked: pd.DataFrame, day: date
) -> pd.DataFrame:
    """The model inputs of some questions of a day, from these tables."""
    key, columns = definition.pipeline.question.key, definition.pipeline.features.columns
    answered = features(definition, tables, Days(day, day))
    return asked[list(key)].merge(answered, on=list(key), how="left", validate="1:1")[list(columns)]


def _alike(stored: pd.DataFrame, rebuilt: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: _equal(stored[name], rebuilt[name]) for name in stored})


def _equal(one: "pd.Series[Any]", other: "pd.Series[Any]") -> "pd.Series[bool]":
    same = (one == other) | (one.isna() & other.isna())
    if one.dtype == other.dtype == "float64":
        same |= np.isclose(one, other, rtol=1e-9, atol=1e-12)
    return same


def _known_by(
    definition: Definition, tables: Tables, moment: datetime, oldest: date = date.min
) -> Tables:
    def kept(name: str) -> "pc.Expression":
        table = definition.pipeline.tables[name]
        known = pc.field(table.known_at) <= moment
        return known & (pc.field(table.partition) >= oldest) if table.partition else known

    return {name: table.filter(kept(name)) for name, table in tables.items()}


def _refuse(
    definition: Definition,
    equal: pd.DataFrame,
    stored: pd.DataFrame,
    rebuilt: pd.DataFrame,
    is_old: bool,
) -> None:
    declared = definition.pipeline.features
    wrong = [name for name in equal if not equal[name].all()]
    row = int((~equal[wrong[0]]).to_numpy().argmax())
    taken, mend = "known only after the question", "join on known_at <= asked_at of every table"
    if is_old:
        taken = f"older than features.lookback_days: {declared.lookback_days}"
        mend = "leave out what is of days before that and came late, or look back further"
    raise Leakage(
        f"{definition.pipeline.name}: {len(wrong)} of {equal.shape[1]} features changed when rows "
        f"{taken} were taken away: {', '.join(map(str, wrong))}. First: {wrong[0]} is "
        f"{stored[wrong[0]][row]} with them and {rebuilt[wrong[0]][row]} without. "
        f"In {declared.query}, {mend}"
    )
