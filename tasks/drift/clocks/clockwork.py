"""The two clocks that do not wait for every label: what they say now, and what turned out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from math import isnan, nan
from typing import cast, get_args

import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.data.lake import Lake
from tasks.drift.clocks.arrived import arrived, waiting
from tasks.drift.clocks.cbpe import Answers, Estimate, cbpe
from tasks.drift.clocks.density import Density, density_ratio
from tasks.drift.clocks.pape import pape
from tasks.drift.clocks.so_far import so_far
from tasks.drift.performance import labelled
from tasks.evaluation.intervals import UNDEFINED, Resampling, Sample
from tasks.evaluation.metrics import measure
from tasks.features.cohort import complete_days
from tasks.predictions.log import PredictionLog
from tasks.records import Promise
from tasks.signs import Clock, Reading

_Clocks = dict[Clock, Callable[[Metric], "_Told"]]


@dataclass(frozen=True)
class Clockwork:
    """Whose answers are read, where they and their labels are, and in which metrics."""

    definition: Definition
    lake: Lake
    log: PredictionLog
    promise: Promise | None
    metrics: Sequence[Metric]


@dataclass(frozen=True)
class _Seen:
    """The champion's answers of the window, and the rows with labels that each clock learns of."""

    window: pd.DataFrame
    horizon: float
    delays: pd.DataFrame
    meanings: pd.DataFrame

    @property
    def days(self) -> int:
        return int(self.window["day"].nunique())


@dataclass(frozen=True)
class _Told:
    """An estimate on so many labels, and how it was made; with a reason where undefined."""

    estimate: Estimate
    labels: int
    method: str
    reason: str = ""


def readings(clockwork: Clockwork, as_of: datetime) -> tuple[Reading, ...]:
    """What the so-far and the estimated clock say of the champion's latest answers, each metric.

    On the last `watch.window_days` days with an answer of the champion by `as_of`. Labels that
    tell what its probabilities mean are those of its own answers on complete days before the
    window, at most `watch.drift.reference_days`: none of the window's own, so that where the
    estimate and what turns out part, the concept has moved. How late labels are is learned from
    answers of any version on as many complete days. A reading's `labels` are those it stands on:
    the arrived ones of the window, or those the probabilities were calibrated on. Undefined, with
    a reason, below `watch.min_labels` rows or labels or `watch.min_days` days of either.
    """
    promise = clockwork.promise
    seen = _seen(clockwork, promise.version, as_of) if promise else None
    if seen is None or seen.window.empty:
        told = _nothing("no answer of the champion to read" if promise else "no champion to watch")
        of_clocks: _Clocks = dict.fromkeys((Clock.SO_FAR, Clock.ESTIMATED), lambda _: told)
    else:
        of_clocks = {
            Clock.SO_FAR: partial(_so_far, clockwork.definition, seen),
            Clock.ESTIMATED: partial(
                _estimated, clockwork.definition, seen, _density(clockwork.definition, seen)
            ),
        }
    window = seen.window if seen else pd.DataFrame()
    return tuple(
        _reading(clockwork, as_of, window, (clock, metric), of_clock(metric))
        for metric in clockwork.metrics
        for clock, of_clock in of_clocks.items()
    )


def truth(
    definition: Definition, lake: Lake, log: PredictionLog, reading: Reading, as_of: datetime
) -> float:
    """What the reading's metric turned out to be on its version's answers of its days.

    nan until each of the days that has such an answer is complete.
    """
    complete = set(complete_days(definition, lake, as_of))
    if reading.version is None or reading.last_day not in complete:
        return nan
    rows = log.read(reading.first_day, reading.last_day)
    rows = rows[rows["version"] == reading.version] if len(rows) else rows
    if rows.empty or not set(rows["day"]) <= {day.isoformat() for day in complete}:
        return nan
    known = labelled(definition, lake, rows, as_of)
    if reading.metric not in get_args(Metric):
        raise ValueError(f"{reading.metric!r} is none of the metrics {get_args(Metric)}")
    metric = cast(Metric, reading.metric)
    return measure(metric, known[definition.pipeline.label.name], known["probability"])


def _seen(clockwork: Clockwork, version: int, as_of: datetime) -> _Seen:
    watch, features = clockwork.definition.pipeline.watch, clockwork.definition.pipeline.features
    columns = list(features.columns) if watch.estimator == "pape" else []
    found = arrived(clockwork.definition, clockwork.lake, clockwork.log, as_of, columns)
    if found.rows.empty:
        return _Seen(found.rows, found.horizon, found.rows, found.rows)
    own = found.rows[found.rows["version"] == version]
    window = own[own["day"].isin(_latest(own, watch.window_days))]
    matured = found.matured
    before = matured[(matured["version"] == version) & (matured["day"] < window["day"].min())]
    return _Seen(
        window=window,
        horizon=found.horizon,
        delays=matured[matured["day"].isin(_latest(matured, watch.drift.reference_days))],
        meanings=before[before["day"].isin(_latest(before, watch.drift.reference_days))],
    )


def _latest(rows: pd.DataFrame, days: int) -> list[str]:
    return sorted(rows["day"].unique())[-days:]


def _so_far(definition: Definition, seen: _Seen, metric: Metric) -> _Told:
    come = seen.window[seen.window["delay_hours"] <= seen.horizon - seen.window["asked_hours"]]
    for rows, what in ((seen.delays, "of complete days"), (come, "of the window so far")):
        if short := _too_few(definition, rows, f"labels {what}"):
            return _nothing(short, len(come))
    reference, current = waiting(seen.delays), waiting(seen.window)
    estimate = so_far(reference, current, seen.horizon, metric, _plan(definition))
    method = f"labels so far, weighted by delays of {len(seen.delays):,} labels"
    if isnan(estimate.measured.value):
        return _nothing(f"{metric} undefined on {len(come):,} labels so far", len(come))
    return _Told(estimate, len(come), method)


def _estimated(
    definition: Definition, seen: _Seen, density: Density | None, metric: Metric
) -> _Told:
    rows = seen.meanings
    short = _too_few(definition, rows, "labels of own answers before the window")
    if not short:
        short = _too_few(definition, seen.window, "answers in the window")
    if not short and density is not None and density.reason:
        short = f"no density ratio: {density.reason}"
    if short:
        return _nothing(short, len(rows))
    reference = Sample(rows["label"].to_numpy(), rows["probability"].to_numpy(), rows["day"])
    current, plan = Answers(seen.window["probability"].to_numpy(), seen.days), _plan(definition)
    if density is None:
        estimate, name = cbpe(reference, current, metric, plan), "CBPE"
    else:
        estimate, name = pape(reference, current, metric, plan, density), "PAPE"
    method = f"{name}, calibrated on {len(rows):,} labels of {rows['day'].nunique()} days"
    return _Told(estimate, len(rows), method)


def _density(definition: Definition, seen: _Seen) -> Density | None:
    """Of the window beside what probabilities are calibrated on; None where it is not asked for."""
    features, watch = definition.pipeline.features, definition.pipeline.watch
    if watch.estimator != "pape":
        return None
    return density_ratio(seen.meanings, seen.window, features.numeric, features.categorical)


def _too_few(definition: Definition, rows: pd.DataFrame, what: str) -> str:
    """Why the rows are too few, empty when they are not."""
    watch, days = definition.pipeline.watch, rows["day"].nunique()
    if len(rows) >= watch.min_labels and days >= watch.min_days:
        return ""
    return (
        f"{len(rows):,} {what} on {days} days, {watch.min_labels:,} on {watch.min_days} days needed"
    )


def _plan(definition: Definition) -> Resampling:
    gate = definition.pipeline.gate
    return Resampling(gate.resamples, gate.confidence, seed=0)


def _nothing(reason: str, labels: int = 0) -> _Told:
    return _Told(Estimate(UNDEFINED, nan), labels, "", reason)


def _reading(
    clockwork: Clockwork,
    as_of: datetime,
    window: pd.DataFrame,
    of: tuple[Clock, Metric],
    told: _Told,
) -> Reading:
    clock, metric = of
    days = (
        [date.fromisoformat(day) for day in window["day"].unique()]
        if len(window)
        else [as_of.date()]
    )
    return Reading(
        pipeline=clockwork.definition.pipeline.name,
        clock=clock,
        as_of=as_of,
        version=clockwork.promise.version if clockwork.promise else None,
        metric=metric,
        first_day=min(days),
        last_day=max(days),
        rows=len(window),
        labels=told.labels,
        measured=told.estimate.measured,
        baseline=told.estimate.baseline,
        method=told.method,
        reason=told.reason,
    )
