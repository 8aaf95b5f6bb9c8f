"""Checks that need the model itself: in a clean process, on the clock, and on changed inputs."""

from pathlib import Path

import pandas as pd

from config.load import Definition
from tasks.data import artifact
from tasks.evaluation.behaviour import behaviours
from tasks.evaluation.churn import churn
from tasks.evaluation.contest import Champion
from tasks.evaluation.serving import rounds, serving
from tasks.evaluation.trial import Trial
from tasks.features.splits import Split
from tasks.models.clean import Exam, Stored
from tasks.models.proof import examine, same
from tasks.predictions.scorer import Model
from tasks.records import Check, Fit


def examined(
    definition: Definition, split: Split, challenger: Fit, champion: Champion | None, trial: Trial
) -> tuple[Check, ...]:
    """The challenger's checks `load`, `serving:*`, `behaviour:*` and `churn`, made on the holdout.

    The answers that a clean process has to repeat are the trial's: those that the gate judges.
    The champion runs along to compare latencies, where its folder is known.
    """
    pipeline = definition.pipeline
    inputs = split.holdout[list(pipeline.features.columns)]
    folder = Path(challenger.folder)
    stored = Stored(folder, artifact.manifest(folder))
    told = examine(Exam(stored, inputs, rounds(pipeline.gate.serving), _rival(champion)))
    size = (folder / artifact.MODEL_FILE).stat().st_size
    return (
        same(told, trial.challenger),
        *serving(pipeline.gate, told, size, champion.version.number if champion else None),
        *_behaved(definition, stored, split.holdout),
        *churn(definition, challenger, champion, trial, inputs),
    )


def _rival(champion: Champion | None) -> Stored | None:
    if champion is None or champion.folder is None:
        return None
    return Stored(champion.folder, champion.version.manifest)


def _behaved(definition: Definition, stored: Stored, holdout: pd.DataFrame) -> tuple[Check, ...]:
    if not definition.pipeline.gate.behaviour:
        return ()
    model: Model = artifact.load(stored.folder, stored.manifest)
    return behaviours(definition.pipeline, model, holdout)
