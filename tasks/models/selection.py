"""Candidates of one retrain: their jobs, finished work recognised, and the best of them."""

import math
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.data.artifact import REFERENCE
from tasks.errors import Terminal
from tasks.features.choice import stratified
from tasks.models.job import Job, Predecessor
from tasks.profiles import storing
from tasks.profiles.columns import levelled
from tasks.profiles.frames import by_day
from tasks.records import Failure, Fit

FRAME, PROFILES = "training.feather", "profiles.parquet"


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
    made = [
        Job(
            name=name,
            candidate=candidate,
            features=pipeline.features,
            metric=pipeline.metric,
            windows=pipeline.windows,
            frame_path=frame,
            label=pipeline.label.name,
            folder=folder / name,
            champion=champion if candidate.warm_start else None,
        )
        for name, candidate in pipeline.candidates.items()
    ]
    for job in made:
        job.folder.mkdir(exist_ok=True)
    keep_reference(definition, training, *(job.folder for job in made))
    return made


def keep_reference(
    definition: Definition, training: pd.DataFrame, folder: Path, *others: Path
) -> None:
    """Put what drift is measured against beside every model that was trained on these rows.

    A sample of the inputs, for the report that people look at, and the profiles of inputs and
    label by day.
    """
    pipeline = definition.pipeline
    features = pipeline.features
    sample = stratified(training, pipeline.label.name, pipeline.watch.report_rows)
    inputs = sample[list(features.columns)]
    days = by_day(training, [*features.numeric, pipeline.label.name], features.categorical)
    inputs.to_parquet(folder / REFERENCE, index=False)
    storing.written(folder / PROFILES, levelled(days))
    for other, name in product(others, (REFERENCE, PROFILES)):
        shutil.copyfile(folder / name, other / name)


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
