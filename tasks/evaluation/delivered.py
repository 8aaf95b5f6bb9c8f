"""What a promotion delivered: both models on the days since, which neither has seen."""

import pandas as pd

from config.load import Definition
from tasks.evaluation.intervals import Resampling, Sample, paired_difference
from tasks.predictions.scorer import Model
from tasks.records import Interval


def delivered(
    definition: Definition, rows: pd.DataFrame, promoted: Model, replaced: Model
) -> Interval:
    """By how much `promoted` is better than `replaced` on labelled rows, with day-block limits.

    In units of the gate's metric, positive where the promoted one is better; nan where undefined.
    Looked at once, an honest promotion (a true lead of 0 or more) has its upper limit below 0
    with a chance of (1 - confidence) / 2, as far as the limits of `intervals.interval` cover.
    """
    pipeline, gate = definition.pipeline, definition.pipeline.gate
    inputs = rows[list(pipeline.features.columns)]
    return paired_difference(
        Sample(
            rows[pipeline.label.name].to_numpy(),
            promoted.predict_proba(inputs)[:, 1],
            pd.factorize(rows["day"], sort=True)[0],
        ),
        replaced.predict_proba(inputs)[:, 1],
        gate.metric,
        Resampling(gate.resamples, gate.confidence),
    )
