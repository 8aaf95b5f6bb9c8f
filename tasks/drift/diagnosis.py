"""The symptoms of a champion, gathered from where each is kept, and the cause that they show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from config.watch import Costs
from tasks.drift.clocks.density import Density, density_ratio
from tasks.drift.expectation import Expectation, expected
from tasks.drift.faults import faults
from tasks.drift.labelling import label_days
from tasks.drift.maturity import LabelMove, moved
from tasks.drift.money import Outcomes, Worth, worth
from tasks.drift.patrol import Patrol
from tasks.drift.performance import labelled
from tasks.drift.routing import Limits, density_needed, routed
from tasks.drift.symptoms import Symptoms
from tasks.evaluation.intervals import Resampling
from tasks.features.cohort import complete_days
from tasks.features.known import once
from tasks.records import Admission, Performance
from tasks.signs import Reading, Routed


@dataclass(frozen=True)
class Case:
    """What was measured by a moment, and whether a trigger calls it a drop.

    `realised` is read in the pipeline's metric, as is `latest`, the newest estimate: None where
    that clock has not proved itself. `admissions` are all there ever were.
    """

    performance: Performance
    dropped: bool
    realised: Reading
    latest: Reading | None
    admissions: Sequence[Admission]
    usual_cost: float = math.nan
    """What an answer cost when the champion was judged, where that is on record."""

    @property
    def as_of(self) -> datetime:
        return self.performance.as_of


def diagnosed(patrol: Patrol, case: Case) -> Routed:
    """The route of what was seen; what is dear to know is looked up only where it decides."""
    symptoms, limits = _symptoms(patrol, case), _limits(patrol)
    if case.dropped:
        found = _expected(patrol, case, shifted=bool(symptoms.alarmed_inputs))
        symptoms = replace(symptoms, expected=found.reading, density=found.density)
    if density_needed(symptoms, limits):
        symptoms = replace(symptoms, density=_density(patrol, case))
    return routed(symptoms, limits)


def weighed(patrol: Patrol, costs: Costs, case: Case, since: date) -> Worth:
    """What the drop costs beside a retrain, on the complete days of a champion's reign."""
    pipeline = patrol.definition.pipeline
    days = complete_days(patrol.definition, patrol.lake, case.as_of)
    known = _answered(patrol, since, case)
    known = known[known["day"].isin({day.isoformat() for day in days})] if len(known) else known
    if known.empty:
        nothing = np.empty(0)
        return worth(costs, Outcomes(nothing, nothing, nothing), _plan(patrol))
    known = known[known["version"] == case.performance.version]
    outcomes = Outcomes(known[pipeline.label.name], known["probability"], known["day"])
    return worth(costs, outcomes, _plan(patrol), usual=case.usual_cost)


def _limits(patrol: Patrol) -> Limits:
    """As the definition has it: one false word about labels as seldom as one about drift."""
    pipeline = patrol.definition.pipeline
    return Limits(
        label_nights=pipeline.watch.drift.false_alarm_days,
        train_days=pipeline.windows.min_train_days,
    )


def _symptoms(patrol: Patrol, case: Case) -> Symptoms:
    pipeline, first = patrol.definition.pipeline, _window(patrol, case)
    last = case.as_of.date()
    before = first - timedelta(days=pipeline.watch.drift.reference_days)
    return Symptoms(
        metric=pipeline.metric,
        dropped=case.dropped,
        bar=case.performance.reference,
        allowed=pipeline.watch.max_drop,
        realised=case.realised,
        latest=case.latest,
        admissions=[each for each in case.admissions if _is_recent(each, first, case.as_of)],
        signals=patrol.sightings.of(first, last),
        faults=faults(
            patrol.asked.days(first, last), patrol.asked.days(before, first - timedelta(days=1))
        ),
        labels=_labels(patrol, case),
    )


def _window(patrol: Patrol, case: Case) -> date:
    """The first of the days that a drop would be about: the newest ones, and those measured."""
    newest = case.as_of.date() - timedelta(days=patrol.definition.pipeline.watch.window_days)
    return min(newest, case.performance.first_day)


def _is_recent(admission: Admission, first: date, as_of: datetime) -> bool:
    arrived = admission.delivery.arrived_at
    return arrived <= as_of and arrived.date() >= first


def _expected(patrol: Patrol, case: Case, *, shifted: bool) -> Expectation:
    before = timedelta(days=2 * patrol.definition.pipeline.watch.drift.reference_days)
    answered = _answered(patrol, case.realised.first_day - before, case)
    if len(answered):
        answered = patrol.completed(answered)
    return expected(patrol.definition.pipeline, answered, case.realised, shifted)


def _labels(patrol: Patrol, case: Case) -> LabelMove:
    definition = patrol.definition
    watch = definition.pipeline.watch
    wait = definition.pipeline.label.complete_after_days
    span = timedelta(days=watch.window_days + watch.drift.reference_days + wait + 1)
    first, last = case.as_of.date() - span, case.as_of.date()

    def found() -> LabelMove:
        asked = patrol.log.read(first, last)
        days = label_days(definition, patrol.lake, asked, case.admissions, case.as_of)
        return moved(days, watch.window_days, watch.drift.reference_days)

    counts = tuple((day, n) for day, n in patrol.log.counts().items() if first <= day <= last)
    window = watch.window_days, watch.drift.reference_days
    return once(
        patrol.lake, ("labels", definition.pipeline.label, window, case.as_of, counts), found
    )


def _density(patrol: Patrol, case: Case) -> Density:
    features, watch = patrol.definition.pipeline.features, patrol.definition.pipeline.watch
    first = _window(patrol, case)
    start = first - timedelta(days=watch.drift.reference_days)
    rows = patrol.completed(patrol.log.read(start, case.as_of.date()))
    is_new = rows["day"] >= first.isoformat()
    return density_ratio(rows[~is_new], rows[is_new], features.numeric, features.categorical)


def _answered(patrol: Patrol, first: date, case: Case) -> pd.DataFrame:
    """Answers from a day on whose label is known."""
    rows = patrol.log.read(first, case.performance.last_day)
    if rows.empty:
        return rows
    return labelled(patrol.definition, patrol.lake, rows, case.as_of)


def _plan(patrol: Patrol) -> Resampling:
    gate = patrol.definition.pipeline.gate
    return Resampling(gate.resamples, gate.confidence, seed=0)
