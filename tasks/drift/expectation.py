"""What the champion's probabilities had promised of rows whose labels are known by now."""

from dataclasses import dataclass, replace
from typing import cast

import pandas as pd

from config.schema import Pipeline
from config.values import Metric
from tasks.drift.clocks.cbpe import Answers, cbpe
from tasks.drift.clocks.density import Density, density_ratio
from tasks.drift.clocks.pape import pape
from tasks.evaluation.intervals import UNDEFINED, Resampling, Sample
from tasks.signs import Clock, Reading

CONFIDENCE = 0.8
"""Of the limits: where a drop is certain, the question left is whether it was to be expected, and
one in ten that was lies below them."""


@dataclass(frozen=True)
class Expectation:
    """The estimate of rows, and how differently they are spread from those before; None: unasked.

    The estimate is nan, with a reason, where undefined.
    """

    reading: Reading
    density: Density | None = None


def expected(
    pipeline: Pipeline, answered: pd.DataFrame, realised: Reading, shifted: bool = False
) -> Expectation:
    """The estimate of the very rows that `realised` was read on, as if they had no labels yet.

    `answered` are labelled predictions of `realised`'s days and of days before them, with `day`
    (ISO), `version`, `probability`, the label and the model's inputs. Probabilities are calibrated
    on the version's own rows of its first `watch.drift.reference_days` days with a label before
    those of `realised`: on later ones, a concept that changed long ago would be what is expected.
    Where the inputs are known to have `shifted` those are weighted to be spread as the rows are
    (`pape`): a score that means less among the rows that there are now is no changed concept.
    Limits are for what would turn out, at `CONFIDENCE`. Undefined where the days before have fewer
    labels than `watch.min_labels` or days than `watch.min_days`, and where `realised` is.
    """
    own = answered[answered["version"] == realised.version] if len(answered) else answered
    if own.empty or realised.reason:
        reason = realised.reason or "no labelled answer of the champion"
        return Expectation(_undefined(realised, 0, reason))
    first, last = realised.first_day.isoformat(), realised.last_day.isoformat()
    rows, before = own[own["day"].between(first, last)], own[own["day"] < first]
    kept = sorted(before["day"].unique())[: pipeline.watch.drift.reference_days]
    before = before[before["day"].isin(kept)]
    watch = pipeline.watch
    if len(before) < watch.min_labels or len(kept) < watch.min_days or rows.empty:
        counted = f"{len(before):,} labels of {len(kept)} days before"
        needed = f"{watch.min_labels:,} of {watch.min_days} days needed"
        return Expectation(_undefined(realised, len(before), f"{counted}, {needed}"))
    features = pipeline.features
    density = (
        density_ratio(before, rows, features.numeric, features.categorical) if shifted else None
    )
    return Expectation(_estimated(pipeline, before, rows, realised, density), density)


def _estimated(
    pipeline: Pipeline,
    before: pd.DataFrame,
    rows: pd.DataFrame,
    realised: Reading,
    density: Density | None,
) -> Reading:
    label, metric = before[pipeline.label.name].to_numpy(), cast(Metric, realised.metric)
    reference = Sample(label, before["probability"].to_numpy(), before["day"])
    current = Answers(rows["probability"].to_numpy(), int(rows["day"].nunique()))
    plan = Resampling(pipeline.gate.resamples, CONFIDENCE, seed=0)
    if density is not None and not density.reason:
        name, estimate = "PAPE", pape(reference, current, metric, plan, density)
    else:
        name, estimate = "CBPE", cbpe(reference, current, metric, plan)
    return replace(
        realised,
        clock=Clock.ESTIMATED,
        rows=len(rows),
        labels=len(before),
        measured=estimate.measured,
        baseline=estimate.baseline,
        method=f"{name}, calibrated on {len(before):,} labels of earlier days",
    )


def _undefined(realised: Reading, labels: int, reason: str) -> Reading:
    return replace(
        realised,
        clock=Clock.ESTIMATED,
        labels=labels,
        measured=UNDEFINED,
        baseline=float("nan"),
        method="",
        reason=reason,
    )
