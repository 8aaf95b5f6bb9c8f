"""Candidates of one retrain: their jobs, finished work recognised, and the best of them."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.errors import Terminal
from tasks.models.fitting import fit_within_budget, once
from tasks.models.job import Job, Predecessor
from tasks.records import Failure, Fit

FRAME, REFERENCE = "training.feather", "reference.parquet"


def jobs(
    definition: Definition,
    training: pd.DataFrame,
    folder: Path,
    champion: Predecessor | None = None,
) -> list[Job]:
    """One job a candidate, each with a folder of its own beside the shared training rows.

    The champion is what candidates with a warm start go on from.
    """
    pipeline = definition.pipeline
    inputs = list(pipeline.features.columns)
    folder.mkdir(parents=True, exist_ok=True)
    frame = folder / FRAME
    training[["day", *inputs, pipeline.label.name]].to_feather(frame)
    made = []
    for name, candidate in pipeline.candidates.items():
        own = folder / name
        own.mkdir(exist_ok=True)
        keep_reference(definition, training, own)
        made.append(
            Job(
                name=name,
                candidate=candidate,
                features=pipeline.features,
                metric=pipeline.metric,
                windows=pipeline.windows,
                frame_path=frame,
                label=pipeline.label.name,
                folder=own,
                champion=champion if candidate.warm_start else None,
            )
        )
    return made


def keep_reference(definition: Definition, training: pd.DataFrame, folder: Path) -> None:
    """Put a sample of the inputs that a model was trained on beside it."""
    pipeline = definition.pipeline
    sample = training.sample(min(len(training), pipeline.watch.report_rows), random_state=0)
    inputs = sample[list(pipeline.features.columns)]
    inputs.to_parquet(folder / REFERENCE, index=False)


def attempt(job: Job) -> Fit | Failure:
    """Fit a candidate within its budget, or recognise that it has been fitted."""
    return once(job, fit_within_budget)


def best(attempts: Sequence[Fit | Failure], metric: Metric) -> Fit:
    """The fit with the best selection score; the first named wins a tie, none is the worst.

    Raises `Terminal` with every reason when no candidate was fitted: the champion stays.
    """
    fits = [each for each in attempts if isinstance(each, Fit)]
    if not fits:
        reasons = "; ".join(
            f"{each.candidate} {each.kind}: {each.reason}"
            for each in attempts
            if isinstance(each, Failure)
        )
        raise Terminal(
            f"0 of {len(attempts)} candidates could be fitted, the champion stays: {reasons}"
        )
    sign = -1 if metric == "roc_auc" else 1
    return min(fits, key=lambda fit: (math.isnan(fit.score), sign * fit.score))
