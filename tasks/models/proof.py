"""Proof that a stored model is the one that was judged: it loads and answers the same elsewhere."""

import pickle
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.data import artifact
from tasks.data.artifact import REFERENCE
from tasks.models.clean import Answered, Exam, Floats, Stored, answer, from_bytes
from tasks.models.ending import cause
from tasks.models.keeper import Ended, Limits
from tasks.models.nursery import run
from tasks.records import Check, Status

LIMITS = Limits(seconds=120, memory_mb=4000)
_CODE, _TITLE = "load", "Loads and answers the same elsewhere"


def proved(
    folder: Path,
    manifest: Mapping[str, str],
    inputs: pd.DataFrame,
    answers: Floats,
    limits: Limits = LIMITS,
) -> Check:
    """Whether the model in a folder answers `inputs` (n, columns) with `answers` (n,), to the bit.

    It is verified, loaded and asked in a clean process: a child of the fork server, which has
    imported the same libraries under a hash seed of its own and has never seen a model, a row or
    a random number of ours. Ask with all the rows that were answered together: sums over other
    shapes may differ in their last bit. Never raises for what the model does.
    """
    return same(examine(Exam(Stored(folder, manifest), inputs), limits), answers)


def examine(exam: Exam, limits: Limits = LIMITS) -> Answered:
    """Hold an exam in a clean process, as `proved` says; a problem is told, and never raised."""
    # The server's working directory is that of its start: only absolute paths mean the same there.
    exam = replace(
        exam, model=_absolute(exam.model), rival=_absolute(exam.rival) if exam.rival else None
    )
    with tempfile.TemporaryDirectory(prefix="ratchet-exam-") as folder:
        log = Path(folder) / "exam.log"  # not beside the model: its folder must stay as it is
        ended = run(answer, pickle.dumps(exam), limits, log)
        return _told(ended, limits, log)


def same(told: Answered, answers: Floats) -> Check:
    """The check `load`: whether the answers given elsewhere are `answers` (n,), bit by bit."""
    if told.problem:
        reason = f"does not answer in a clean process: {told.problem}"
        return Check(_CODE, _TITLE, Status.FAIL, reason)
    if told.answers.shape != np.shape(answers):
        reason = f"{len(told.answers):,} answers from a clean process, {len(answers):,} from here"
        return Check(_CODE, _TITLE, Status.FAIL, reason)
    if not len(answers):
        return Check(_CODE, _TITLE, Status.NO_EVIDENCE, "0 rows to ask a clean process about")
    here = np.ascontiguousarray(answers, dtype=np.float64)
    differ = int((told.answers.view(np.int64) != here.view(np.int64)).sum())
    numbers = {"rows": float(len(here)), "differ": float(differ)}
    if not differ:
        reason = f"{len(here):,} answers from a clean process are the same to the bit"
        return Check(_CODE, _TITLE, Status.PASS, reason, numbers)
    furthest = float(np.abs(told.answers - here).max())
    reason = (
        f"{differ:,} of {len(here):,} answers differ in a clean process, by up to {furthest:.3g}: "
        "what was judged is not what would serve"
    )
    return Check(_CODE, _TITLE, Status.FAIL, reason, {**numbers, "furthest": furthest})


def unfit(folder: Path, manifest: Mapping[str, str], limits: Limits = LIMITS) -> str:
    """Why the model in a folder cannot serve; empty when it answers every row of its sample.

    The sample is the one that it keeps of the rows it was trained on. `Corrupt` when a byte of
    the folder is not what it must be.
    """
    artifact.verify(folder, manifest)
    sample = pd.read_parquet(folder / REFERENCE)
    if sample.empty:
        return "it keeps 0 rows to be asked about"
    told = examine(Exam(Stored(folder, manifest), sample), limits)
    wrong = ~((told.answers >= 0) & (told.answers <= 1))  # nan is neither
    if told.problem or not wrong.any():
        return told.problem
    return f"{int(wrong.sum())} of {len(sample)} answers are no probabilities"


def _absolute(stored: Stored) -> Stored:
    return replace(stored, folder=stored.folder.absolute(), manifest=dict(stored.manifest))


def _told(ended: Ended, limits: Limits, log: Path) -> Answered:
    if ended.timed_out:
        return Answered(f"killed after {ended.seconds:.1f} s of {limits.seconds:g} s")
    if ended.code != 0 or ended.result is None:
        return Answered(cause(ended.code, log))
    try:
        return from_bytes(ended.result)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile):
        return Answered(f"left {len(ended.result)} unreadable bytes")
