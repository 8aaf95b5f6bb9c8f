"""What happens in a candidate's own process: read the rows, search, fit on all, save, try it."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from tasks.data import artifact
from tasks.models import warm
from tasks.models.estimators import build, with_params
from tasks.models.job import Job, Told, from_bytes, to_bytes
from tasks.models.keeper import lift_memory_limit
from tasks.models.rows import Rows, read
from tasks.models.search import Found, InvalidScores, Task, probability, search

_TRIED_ROWS = 2000


def fit(payload: bytes) -> bytes:
    """Do a `Job` given as bytes; what came of it as bytes: parameters and scores, or a failure.

    One thread: several candidates share the machine, and pools that fight are slower than none.
    """
    return _told(payload, search)


def fit_again(payload: bytes) -> bytes:
    """Do a `Job` whose parameters are known: one fit, no search, and so no scores."""
    return _told(payload, lambda _rows, task: Found(task.candidate.params, folds=(), trials=1))


def _told(payload: bytes, find: Callable[[Rows, Task], Found]) -> bytes:
    job = from_bytes(Job, payload)
    try:
        build(job.candidate, job.features)  # imports it, so that its thread pool is known too
        with threadpool_limits(limits=1):
            told = _done(job, find)
    except MemoryError:
        lift_memory_limit()
        told = Told("memory", f"more than {job.candidate.budget.memory_mb} MB were asked for")
    except InvalidScores as error:
        told = Told("invalid", str(error))
    except Exception as error:
        told = Told("error", f"{type(error).__name__}: {error}")
    return to_bytes(told)


def _done(job: Job, find: Callable[[Rows, Task], Found]) -> Told:
    begun = time.monotonic()
    rows = read(job)
    start, cold = _start(job)
    found = find(rows, Task(job.candidate, job.features, job.metric, job.windows, begun, start))
    candidate = with_params(job.candidate, found.params)
    model, why = warm.learned(start, candidate, job.features, rows)
    _saved(model, rows.inputs.tail(_TRIED_ROWS), job.folder)
    cold = cold or why
    went_on = job.candidate.warm_start and not cold
    return Told("", "", dict(found.params), found.folds, found.trials, went_on, cold)


def _start(job: Job) -> tuple[warm.Start | None, str]:
    """What the candidate goes on from; or why it cannot, if it should."""
    if not job.candidate.warm_start:
        return None, ""
    try:
        return warm.start(job.champion, job.name), ""
    except warm.NoWarmStart as reason:
        return None, str(reason)


def _saved(model: Pipeline, inputs: pd.DataFrame, folder: Path) -> None:
    before = probability(model, inputs)
    artifact.save(model, folder)
    after = probability(artifact.made(folder), inputs)
    if not np.array_equal(before, after):
        (folder / artifact.MODEL_FILE).unlink()
        changed = int((before != after).sum())
        raise InvalidScores(f"{changed} of {len(before)} answers changed by saving and loading")
