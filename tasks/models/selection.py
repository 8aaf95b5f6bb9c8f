"""Candidates of one retrain: their jobs, finished work recognised, and the best of them."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from config.load import Definition
from config.values import Metric
from tasks.errors import Terminal
from tasks.models.fitting import fit_within_budget
from tasks.models.job import Job
from tasks.records import Failure, Fit

FRAME, RESULT, REFERENCE = "training.feather", "fit.json", "reference.parquet"
_RESULT: TypeAdapter[Fit | Failure] = TypeAdapter(Fit | Failure)


def jobs(definition: Definition, training: pd.DataFrame, folder: Path) -> list[Job]:
    """One job a candidate, each with a folder of its own beside the shared training rows."""
    pipeline = definition.pipeline
    inputs = list(pipeline.features.columns)
    folder.mkdir(parents=True, exist_ok=True)
    frame = folder / FRAME
    training[["day", *inputs, pipeline.label.name]].to_feather(frame)
    sample = training.sample(min(len(training), pipeline.watch.report_rows), random_state=0)
    made = []
    for name, candidate in pipeline.candidates.items():
        own = folder / name
        own.mkdir(exist_ok=True)
        sample[inputs].to_parquet(own / REFERENCE, index=False)
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
            )
        )
    return made


def attempt(job: Job) -> Fit | Failure:
    """Fit a candidate, or recognise that it has been: a run that died resumes where it was."""
    result = job.folder / RESULT
    if result.exists():
        return _RESULT.validate_json(result.read_bytes())
    told = fit_within_budget(job)
    part = result.with_suffix(".tmp")
    part.write_bytes(_RESULT.dump_json(told))
    part.replace(result)
    return told


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
