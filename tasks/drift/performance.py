"""Realised performance: what the champion said, against what turned out, on complete days."""

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.data.lake import Lake
from tasks.drift.triggers import facts, fallen, judged, metrics
from tasks.evaluation.intervals import Resampling, Sample, interval
from tasks.evaluation.skill import model_free
from tasks.features.cohort import complete_days
from tasks.features.known import turned_out
from tasks.predictions.log import PredictionLog
from tasks.records import Interval, Performance, Promise
from tasks.signs import Clock, Reading

_UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))
_NOBODY = "no champion to watch"


@dataclass(frozen=True)
class Recent:
    """The latest complete days: every prediction, and those with a label (`answered`)."""

    days: tuple[date, ...]
    met: pd.DataFrame
    answered: pd.DataFrame


def recent(definition: Definition, lake: Lake, log: PredictionLog, as_of: datetime) -> Recent:
    """Predictions of the last `watch.window_days` complete days, labels known by `as_of`."""
    days = complete_days(definition, lake, as_of)[-definition.pipeline.watch.window_days :]
    if not days:
        return Recent((), pd.DataFrame(), pd.DataFrame())
    met = log.read(days[0], days[-1])
    if len(met):
        met = met[met["day"].isin({day.isoformat() for day in days})]
    if met.empty:
        return Recent(tuple(days), met, met)
    return Recent(tuple(days), met, labelled(definition, lake, met, as_of))


def labelled(
    definition: Definition, lake: Lake, predictions: pd.DataFrame, as_of: datetime
) -> pd.DataFrame:
    """The predictions whose label was known by `as_of`, with the label beside them."""
    pipeline = definition.pipeline
    wait = timedelta(days=pipeline.label.complete_after_days + 1)
    last = date.fromisoformat(predictions["day"].max())
    partitions = predictions["day"].min(), (last + wait).isoformat()
    return predictions.merge(
        turned_out(definition, lake, partitions, as_of),
        on=list(pipeline.question.key),
        how="inner",
        validate="m:1",
    )


def realised(
    definition: Definition, rows: pd.DataFrame, promise: Promise | None, as_of: datetime
) -> Performance:
    """The metric over labelled predictions with a day-block bootstrap interval.

    `dropped` when the whole interval lies below the promised value and the estimate lies more
    than `watch.max_drop` below it. Undefined, too few labels, or no promise: nan, and no drop.
    """
    pipeline = definition.pipeline
    rows = _own(rows, promise.version if promise else None)
    enough = promise is not None and _enough(definition, rows)
    measured = _measured(definition, rows, pipeline.metric) if enough else _UNDEFINED
    reference = promise.value if promise else float("nan")
    dropped, reason = _judged(definition, measured, reference, len(rows))
    return Performance(
        pipeline=pipeline.name,
        as_of=as_of,
        version=promise.version if promise else None,
        first_day=date.fromisoformat(rows["day"].min()) if len(rows) else as_of.date(),
        last_day=date.fromisoformat(rows["day"].max()) if len(rows) else as_of.date(),
        labels=len(rows),
        metric=pipeline.metric,
        measured=measured,
        reference=reference,
        dropped=dropped,
        reason=reason,
    )


def readings(
    definition: Definition, rows: pd.DataFrame, performance: Performance
) -> tuple[Reading, ...]:
    """The realised clock: `performance`, of the same rows, and every other metric of a trigger.

    The baseline answers every row with the rows' own share of true labels.
    """
    rows = _own(rows, performance.version)
    enough = performance.version is not None and _enough(definition, rows)
    share = float(rows[definition.pipeline.label.name].mean()) if enough else math.nan
    of_pipeline = Reading(
        pipeline=performance.pipeline,
        clock=Clock.REALISED,
        as_of=performance.as_of,
        version=performance.version,
        metric=performance.metric,
        first_day=performance.first_day,
        last_day=performance.last_day,
        rows=len(rows),
        labels=performance.labels,
        measured=performance.measured,
        baseline=math.nan,
        method="labels",
    )
    made = []
    for metric in metrics(definition.pipeline):
        is_measured = metric == performance.metric or not enough
        measured = performance.measured if is_measured else _measured(definition, rows, metric)
        why = _unread(definition, performance, metric) if math.isnan(measured.value) else ""
        baseline = model_free(metric, share)
        made.append(
            replace(of_pipeline, metric=metric, measured=measured, baseline=baseline, reason=why)
        )
    return tuple(made)


def _own(rows: pd.DataFrame, version: int | None) -> pd.DataFrame:
    """What this version answered; everything without one."""
    return rows if version is None or rows.empty else rows[rows["version"] == version]


def _enough(definition: Definition, rows: pd.DataFrame) -> bool:
    watch = definition.pipeline.watch
    return len(rows) >= watch.min_labels and rows["day"].nunique() >= watch.min_days


def _measured(definition: Definition, rows: pd.DataFrame, metric: Metric) -> Interval:
    gate = definition.pipeline.gate
    return interval(
        Sample(
            rows[definition.pipeline.label.name].to_numpy(),
            rows["probability"].to_numpy(),
            pd.factorize(rows["day"], sort=True)[0],
        ),
        metric,
        Resampling(gate.resamples, gate.confidence, seed=0),
    )


def _judged(
    definition: Definition, measured: Interval, reference: float, labels_seen: int
) -> tuple[bool, str]:
    metric, watch = definition.pipeline.metric, definition.pipeline.watch
    if math.isnan(reference):
        return False, _NOBODY
    if math.isnan(measured.value):
        return False, _too_few(definition, metric, labels_seen)
    fall = fallen(metric, measured, reference)
    told = facts(metric, measured, f"{labels_seen:,} labels")
    told = judged(f"{told}, {reference:.3f} promised", fall, watch.max_drop)
    return fall.counts(watch.max_drop), told


def _unread(definition: Definition, performance: Performance, metric: Metric) -> str:
    if performance.version is None:
        return _NOBODY
    return _too_few(definition, metric, performance.labels)


def _too_few(definition: Definition, metric: Metric, labels_seen: int) -> str:
    watch = definition.pipeline.watch
    return (
        f"{metric} undefined on {labels_seen:,} labels: {watch.min_labels:,} of both classes "
        f"on {watch.min_days} days needed"
    )
