"""The flights of 2013 with labels that are reported late: soon for one class, late for the other.

The delay is in `known_at`, where the feature query and the pipeline look: features, labels and
what is complete all follow from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from benchmarks.flight_year import CANDIDATE, FIRST, Year
from config.load import Definition
from tasks.drift.clocks.arrival import Curve, kaplan_meier
from tasks.evaluation.metrics import Floats
from tasks.features.query import Days, features, labels
from tasks.models.estimators import MODEL_STEP, build, usable

MEAN_DAYS = {False: 2.0, True: 15.0}
"""Until the report of a flight that was on time, and of one that was late; the latter come to 14
days, as what would take longer than `WAIT` is drawn again."""

WAIT = 45
"""Days after which every label has come: `complete_after_days` of this world."""

LEAST_SHARE = 0.05
"""Rows of which fewer had arrived by their age are left out: they would weigh more than 20."""

_SHAPE = 2.0  # of the gamma distribution that delays are drawn from


@dataclass(frozen=True)
class World:
    """Every question with its inputs, `y`, its day's ordinal and when its label was `there`.

    `there` counts in days as `ordinal` does, with hours as fractions.
    """

    rows: pd.DataFrame
    year: Year

    def model(self, rows: pd.DataFrame, weights: Floats | None = None) -> Any:
        """The pipeline's boosting fitted on some rows."""
        pipeline = self.year.definition.pipeline
        inputs = rows[list(pipeline.features.columns)]
        fitted = build(pipeline.candidates[CANDIDATE], usable(pipeline.features, inputs))
        chosen = {} if weights is None else {f"{MODEL_STEP}__sample_weight": weights}
        return fitted.fit(inputs, rows["y"].to_numpy("int8"), **chosen)

    def said(self, model: Any, rows: pd.DataFrame) -> Floats:
        """What a model answers to some rows."""
        inputs = rows[list(self.year.definition.pipeline.features.columns)]
        return np.asarray(model.predict_proba(inputs)[:, 1], dtype=np.float64)


def world(root: Path, last: date) -> World:
    """The flights until `last`, with planted delays."""
    year = Year(root, last)
    definition, key = year.definition, list(year.definition.pipeline.question.key)
    tables = {**year.tables, "outcomes": planted(year.tables["outcomes"])}
    asked = features(newsworthy(definition), tables, Days(FIRST, last))
    told = labels(definition, tables).rename(columns={definition.pipeline.label.name: "y"})
    known = tables["outcomes"].select([*key, "known_at"]).to_pandas()
    rows = asked.merge(told.merge(known, on=key), on=key, how="inner", validate="1:1")
    return World(dated(rows, definition.pipeline.schedule.zone), year)


def newsworthy(definition: Definition) -> Definition:
    """The features of a world in which reports take weeks: they are news for as long.

    As shipped what was held back for 3 days is none, which here would be most late flights.
    """
    shipped = definition.features_sql
    waiting = shipped.replace("INTERVAL 3 DAY", f"INTERVAL {WAIT} DAY")
    if waiting == shipped:
        raise ValueError("the flights' features do not say any more for how long a row is news")
    return replace(definition, features_sql=waiting)


def planted(outcomes: pa.Table) -> pa.Table:
    """Outcomes whose rows become known days later, by what they turned out to be."""
    late = outcomes["arrival_delay_minutes"].to_numpy() >= 15
    delays = drawn(late, np.random.default_rng(2013))
    known = pd.Series(outcomes["known_at"].to_pandas()) + pd.to_timedelta(delays, unit="D")
    place = outcomes.column_names.index("known_at")
    column = pa.Array.from_pandas(known).cast(outcomes.schema.field("known_at").type, safe=False)
    return outcomes.set_column(place, "known_at", column)


def drawn(late: npt.NDArray[np.bool_], random: np.random.Generator) -> Floats:
    """Delays in days (n,), gamma distributed with the mean of their class, below `WAIT` - 1."""
    means = np.where(late, MEAN_DAYS[True], MEAN_DAYS[False])
    found = np.full(len(late), np.inf)
    while (over := found >= WAIT - 1).any():
        found[over] = random.gamma(_SHAPE, means[over] / _SHAPE)
    return found


def dated(rows: pd.DataFrame, zone: Any) -> pd.DataFrame:
    """The rows with `ordinal`, the day asked about, and `there`, when the label was known."""
    ordinal = [date.fromisoformat(day).toordinal() for day in rows["day"]]
    local = rows["known_at"].dt.tz_convert(zone).dt.tz_localize(None)
    there = FIRST.toordinal() + (local - pd.Timestamp(FIRST)) / pd.Timedelta(days=1)
    return rows.drop(columns="known_at").assign(ordinal=ordinal, there=there)


def naive(rows: pd.DataFrame, night: int, window: int | None) -> pd.DataFrame:
    """Every label seen by a night, of the last `window` days."""
    first = -np.inf if window is None else night - window
    asked = (rows["ordinal"] < night) & (rows["ordinal"] >= first)
    return rows[asked & (rows["there"] <= night)]


def complete(rows: pd.DataFrame, night: int, window: int | None) -> pd.DataFrame:
    """Labels of the last `window` days that are complete, as the pipeline says."""
    last = night - WAIT - 1
    first = -np.inf if window is None else last - window
    return rows[(rows["ordinal"] <= last) & (rows["ordinal"] > first)]


def weighted(rows: pd.DataFrame, night: int, window: int | None) -> tuple[pd.DataFrame, Floats]:
    """What `naive` takes, and one over the chance of its label to have arrived by its age.

    The chance of each class is learned on days that are complete.
    """
    curves = arrival(complete(rows, night, None))
    seen = naive(rows, night, window)
    late, ages = seen["y"].to_numpy() == 1, night - seen["ordinal"].to_numpy(dtype=np.float64)
    shares = np.where(late, curves[True].at(ages), curves[False].at(ages))
    enough = shares >= LEAST_SHARE
    return seen[enough], 1 / shares[enough]


def arrival(rows: pd.DataFrame) -> Mapping[bool, Curve]:
    """How long labels took, by class, on rows that all have one."""
    delays, late = (rows["there"] - rows["ordinal"]).to_numpy(), rows["y"].to_numpy() == 1
    return {
        each: kaplan_meier(delays[late == each], np.ones(int((late == each).sum()), dtype=bool))
        for each in (False, True)
    }
