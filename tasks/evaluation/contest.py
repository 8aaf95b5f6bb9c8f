"""Everybody answers the same questions: challenger, champion and baselines on the gate's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np

from config.load import Definition
from config.values import Metric
from tasks.data import artifact
from tasks.evaluation import gate
from tasks.evaluation.intervals import Resampling, Sample, interval
from tasks.evaluation.trial import Scores, Trial
from tasks.features.baselines import baselines
from tasks.features.splits import Split
from tasks.predictions.scorer import Model
from tasks.records import Check, Fit, Interval, ModelVersion, Verdict


@dataclass(frozen=True)
class Champion:
    """Who serves, loaded."""

    version: ModelVersion
    model: Model


def contest(
    definition: Definition, split: Split, challenger: Fit, champion: Champion | None
) -> Trial:
    """The holdout with every contender's probabilities; the champion is scored on it afresh."""
    pipeline, rows = definition.pipeline, split.holdout
    inputs = rows[list(pipeline.features.columns)]
    folder = Path(challenger.folder)
    model: Model = artifact.load(folder, artifact.manifest(folder))
    prior = float(split.training[pipeline.label.name].mean())
    return Trial(
        y=rows[pipeline.label.name].to_numpy().astype(bool),
        days=np.array([date.fromisoformat(day).toordinal() for day in rows["day"]]),
        challenger=model.predict_proba(inputs)[:, 1],
        challenger_through=split.trained_through.toordinal(),
        champion=champion.model.predict_proba(inputs)[:, 1] if champion else None,
        champion_version=champion.version.number if champion else None,
        champion_through=champion.version.trained_through.toordinal() if champion else None,
        baselines=baselines(definition, rows, prior),
        slices={name: rows[name].to_numpy() for name in pipeline.gate.slices},
        sensitive={name: rows[name].to_numpy() for name in pipeline.sensitive},
        holdout_digest=split.holdout_digest,
        used_digests=(split.training_digest,),
    )


def judge(definition: Definition, trial: Trial, beforehand: Sequence[Check]) -> Verdict:
    """The pipeline's gate on the trial, with the checks that were made before it."""
    rules = definition.pipeline.gate
    return gate.judge(trial, rules, rules.metric, beforehand)


def measured(definition: Definition, trial: Trial) -> dict[str, dict[Metric, Interval]]:
    """Every metric of every contender, with its interval, on the same rows."""
    rules = definition.pipeline.gate
    plan = Resampling(rules.resamples, rules.confidence)
    contenders: dict[str, Scores] = {"challenger": trial.challenger, **trial.baselines}
    if trial.champion is not None:
        contenders["champion"] = trial.champion
    return {
        name: {
            metric: interval(Sample(trial.y, scores, trial.days), metric, plan)
            for metric in get_args(Metric)
        }
        for name, scores in contenders.items()
    }
