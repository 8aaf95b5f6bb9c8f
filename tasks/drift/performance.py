"""Realised performance: what the champion said, against what turned out, on complete days."""

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake, Read
from tasks.evaluation.intervals import Resampling, Sample, interval
from tasks.evaluation.metrics import higher_is_better
from tasks.features.cohort import complete_days
from tasks.features.query import labels
from tasks.predictions.log import PredictionLog
from tasks.records import Interval, Performance, Promise

_UNDEFINED = Interval(float("nan"), float("nan"), float("nan"))


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
    table = pipeline.tables[pipeline.label.table]
    wait = timedelta(days=pipeline.label.complete_after_days + 1)
    last = date.fromisoformat(predictions["day"].max())
    arrived = lake.table(pipeline.label.table).read(
        Read(
            columns=tuple(table.columns),
            first=predictions["day"].min(),
            last=(last + wait).isoformat(),
            known_by=as_of,
            known_at=table.known_at,
        )
    )
    return predictions.merge(
        labels(definition, {pipeline.label.table: arrived}),
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
    if promise is not None and len(rows):
        rows = rows[rows["version"] == promise.version]
    enough = (
        promise is not None
        and len(rows) >= pipeline.watch.min_labels
        and rows["day"].nunique() >= pipeline.watch.min_days
    )
    measured = _measured(definition, rows) if enough else _UNDEFINED
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


def _measured(definition: Definition, rows: pd.DataFrame) -> Interval:
    gate = definition.pipeline.gate
    return interval(
        Sample(
            rows[definition.pipeline.label.name].to_numpy(),
            rows["probability"].to_numpy(),
            pd.factorize(rows["day"], sort=True)[0],
        ),
        definition.pipeline.metric,
        Resampling(gate.resamples, gate.confidence, seed=0),
    )


def _judged(
    definition: Definition, measured: Interval, reference: float, labels_seen: int
) -> tuple[bool, str]:
    metric, watch = definition.pipeline.metric, definition.pipeline.watch
    if math.isnan(reference):
        return False, "no champion to watch"
    if math.isnan(measured.value):
        return False, (
            f"{metric} undefined on {labels_seen:,} labels: {watch.min_labels:,} of both classes "
            f"on {watch.min_days} days needed"
        )
    sign = 1 if higher_is_better(metric) else -1
    drop = sign * (reference - measured.value)
    wholly_below = sign * (reference - (measured.high if sign > 0 else measured.low)) > 0
    facts = (
        f"{metric} {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}] on "
        f"{labels_seen:,} labels, {reference:.3f} promised"
    )
    if drop <= watch.max_drop:
        return False, f"{facts}: within the {watch.max_drop:.3f} allowed"
    told = f"{facts}: {drop:.3f} worse, more than the {watch.max_drop:.3f} allowed"
    return wholly_below, told if wholly_below else f"{told}, but not beyond doubt"
