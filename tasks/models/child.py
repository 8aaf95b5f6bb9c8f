"""What happens in a candidate's own process: read the rows, search, fit on all, save, try it."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from tasks.data import artifact
from tasks.errors import NotEnoughData
from tasks.models.estimators import build, fitted, with_params
from tasks.models.job import Job, Told, from_bytes, to_bytes
from tasks.models.keeper import lift_memory_limit
from tasks.models.search import Found, InvalidScores, Rows, Task, probability, search

_TRIED_ROWS = 2000


def fit(payload: bytes) -> bytes:
    """Do a `Job` given as bytes; what came of it as bytes: parameters and scores, or a failure.

    One thread: several candidates share the machine, and pools that fight are slower than none.
    """
    job = from_bytes(Job, payload)
    try:
        build(job.candidate, job.features)  # imports it, so that its thread pool is known too
        with threadpool_limits(limits=1):
            found = _found(job)
        told = Told(params=dict(found.params), folds=found.folds, trials=found.trials)
    except MemoryError:
        lift_memory_limit()
        told = Told("memory", f"more than {job.candidate.budget.memory_mb} MB were asked for")
    except InvalidScores as error:
        told = Told("invalid", str(error))
    except Exception as error:
        told = Told("error", f"{type(error).__name__}: {error}")
    return to_bytes(told)


def _found(job: Job) -> Found:
    task = Task(job.candidate, job.features, job.metric, job.windows, time.monotonic())
    rows = _rows(job)
    found = search(rows, task)
    candidate = with_params(job.candidate, found.params)
    model = fitted(candidate, job.features, rows.inputs, rows.labels)
    _saved(model, rows.inputs.tail(_TRIED_ROWS), job.folder)
    return found


def _saved(model: Pipeline, inputs: pd.DataFrame, folder: Path) -> None:
    before = probability(model, inputs)
    artifact.save(model, folder)
    after = probability(artifact.load(folder, artifact.manifest(folder)), inputs)
    if not np.array_equal(before, after):
        (folder / artifact.MODEL_FILE).unlink()
        changed = int((before != after).sum())
        raise InvalidScores(f"{changed} of {len(before)} answers changed by saving and loading")


def _rows(job: Job) -> Rows:
    columns = ["day", *job.features.columns, job.label]
    if job.frame_path.suffix == ".parquet":
        frame = pd.read_parquet(job.frame_path, columns=columns)
    else:
        frame = pd.read_feather(job.frame_path, columns=columns)
    unlabelled = int(frame[job.label].isna().sum())
    if unlabelled:
        raise NotEnoughData(f"{unlabelled} of {len(frame)} training rows have no label")
    days = pd.to_datetime(frame["day"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    order = np.argsort(days, kind="stable")
    return Rows(
        inputs=frame[list(job.features.columns)].iloc[order].reset_index(drop=True),
        labels=frame[job.label].to_numpy().astype(np.int8)[order],
        days=days[order],
    )
