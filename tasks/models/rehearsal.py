"""Whether a stored model still works: loaded and asked in a process of its own."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.data import artifact
from tasks.models.keeper import Limits
from tasks.models.nursery import run
from tasks.models.selection import REFERENCE

LIMITS = Limits(seconds=120, memory_mb=4000)


def rehearsed(folder: Path, manifest: Mapping[str, str], log: Path) -> str:
    """Why the model in a folder cannot serve; empty when it answers every row of its sample.

    Whatever loading it does to a process, it does to a child that ends with it.
    """
    asked = json.dumps({"folder": str(folder.absolute()), "manifest": dict(manifest)})
    ended = run(answered, asked.encode(), LIMITS, log)
    if ended.timed_out:
        return f"it did not answer within {LIMITS.seconds:g} s"
    if ended.result is None:
        return f"its process ended with code {ended.code}"
    return str(json.loads(ended.result)["wrong"])


def answered(payload: bytes) -> bytes:
    """In the child: load, predict the sample, and say what is wrong with the answers."""
    asked = json.loads(payload)
    folder = Path(asked["folder"])
    try:
        model = artifact.load(folder, asked["manifest"])
        sample = pd.read_parquet(folder / REFERENCE)
        wrong = _wrong(np.asarray(model.predict_proba(sample)), len(sample))
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    return json.dumps({"wrong": wrong}).encode()


def _wrong(answers: "np.ndarray", rows: int) -> str:
    if not rows:
        return "it keeps 0 rows to be asked about"
    if answers.shape != (rows, 2):
        return f"it gave answers of shape {answers.shape} to {rows} rows"
    wrong = ~(np.isfinite(answers) & (answers >= 0) & (answers <= 1)).all(axis=1)
    return f"{int(wrong.sum())} of {rows} answers are no probabilities" if wrong.any() else ""
