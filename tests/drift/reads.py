"""Nights of readings, and the pipeline whose triggers look at them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import yaml

from config.schema import Pipeline
from config.values import Metric
from config.watch import Watch
from tasks.drift.triggers import Found, evaluated
from tasks.evaluation.skill import Bar, Pledge
from tasks.records import Interval
from tasks.signs import Clock, Reading, Track
from tests.shop import PIPELINE, START

FIRST_NIGHT = datetime(2024, 1, 1, 3, tzinfo=UTC)
NAN = float("nan")


def night(number: float) -> datetime:
    return FIRST_NIGHT + timedelta(days=number)


@cache
def _shop() -> Pipeline:
    return Pipeline.model_validate(yaml.safe_load(PIPELINE))


def watching(watch: dict[str, Any] | None = None) -> Pipeline:
    """The shop, watched so."""
    rules = Watch.model_validate({"max_drop": 0.05, **(watch or {})})
    return _shop().model_copy(update={"watch": rules})


def reading(number: float, value: float, **other: Any) -> Reading:
    """What the realised clock says in a night, with limits `reach` either way."""
    reach = other.pop("reach", 0.02)
    said: dict[str, Any] = {
        "pipeline": "shop",
        "clock": Clock.REALISED,
        "as_of": night(number),
        "version": 1,
        "metric": "roc_auc",
        "first_day": START,
        "last_day": START,
        "rows": 1500,
        "labels": 1200,
        "measured": Interval(value, value - reach, value + reach),
        "baseline": 0.5,
        "method": "labels",
    }
    return Reading(**{**said, **other})


def bar(promised: float, metric: Metric = "roc_auc", baseline: float = 0.5) -> dict[Metric, Bar]:
    """Champion 1 with its promise."""
    measured = Interval(promised, promised - 0.02, promised + 0.02)
    return {metric: Bar(metric, 1, (Pledge(1, night(-9), measured, baseline),))}


def looked(
    history: Sequence[Reading],
    rule: dict[str, Any] | None = None,
    bars: dict[Metric, Bar] | None = None,
    tracks: Sequence[Track] = (),
) -> Found:
    """What the one trigger says; 0.7 was promised."""
    pipeline = watching({"triggers": {"drop": rule or {}}})
    (found,) = evaluated(pipeline, history, bar(0.7) if bars is None else bars, tracks)
    return found
