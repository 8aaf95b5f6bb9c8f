"""What happens in a clean process: load a stored model, time it, and let it answer."""

import io
import pickle
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tasks.data import artifact
from tasks.models.keeper import lift_memory_limit, peak_mb

Floats = NDArray[np.float64]

_WARM_UP = 3  # calls: what is imported and allocated once
_LONG_ENOUGH_SECONDS = 3.0  # of timing: a slow model is known by fewer answers


@dataclass(frozen=True)
class Stored:
    """A model folder, and what every byte of it must be."""

    folder: Path
    manifest: Mapping[str, str]


@dataclass(frozen=True)
class Exam:
    """A stored model and the rows that it has to answer.

    `rounds` rows are answered one by one as well, and timed, in turns with a `rival`.
    """

    model: Stored
    inputs: pd.DataFrame
    rounds: int = 0
    rival: Stored | None = None


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True)
class Answered:
    """What came of an exam: P(label is true) of every row, or the `problem` that kept it away.

    `own_ms` and `rival_ms` are milliseconds of single answers on one thread, round by round;
    `memory_mb` is what loading the model and one answer added to the process, nan where nothing
    was timed.
    """

    problem: str = ""
    answers: Floats = field(default_factory=_none)
    own_ms: Floats = field(default_factory=_none)
    rival_ms: Floats = field(default_factory=_none)
    rival_problem: str = ""
    memory_mb: float = float("nan")


def answer(payload: bytes) -> bytes:
    """Do a pickled `Exam`; what came of it as bytes, without pickles.

    Rows travel pickled, as no file format keeps every column as it is; answers do not, so that
    nothing a model does to its process is ever run in ours.
    """
    try:
        told = _answered(pickle.loads(payload))  # noqa: S301 - what our own process has sent
    except MemoryError:
        lift_memory_limit()
        told = Answered("it asked for more memory than it may have")
    except Exception as error:
        told = Answered(f"{type(error).__name__}: {error}")
    return to_bytes(told)


def to_bytes(told: Answered) -> bytes:
    """What came of an exam, to the bit."""
    kept = io.BytesIO()
    np.savez(
        kept,
        problem=np.array(told.problem),
        answers=told.answers,
        own_ms=told.own_ms,
        rival_ms=told.rival_ms,
        rival_problem=np.array(told.rival_problem),
        memory_mb=np.array(told.memory_mb),
    )
    return kept.getvalue()


def from_bytes(content: bytes) -> Answered:
    """What came of an exam again; `ValueError` or `KeyError` for anything else."""
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        return Answered(
            problem=str(kept["problem"]),
            answers=kept["answers"],
            own_ms=kept["own_ms"],
            rival_ms=kept["rival_ms"],
            rival_problem=str(kept["rival_problem"]),
            memory_mb=float(kept["memory_mb"]),
        )


def _answered(exam: Exam) -> Answered:
    before = peak_mb(resource.getrusage(resource.RUSAGE_SELF))
    model = _loaded(exam.model)
    if not exam.rounds or exam.inputs.empty:
        return Answered(answers=_probabilities(model, exam.inputs))
    rows = _single_rows(exam.inputs, exam.rounds)
    with threadpool_limits(limits=1):  # a row is no work for a pool: waiting for it costs more
        model.predict_proba(rows[0])
        memory_mb = max(0.0, peak_mb(resource.getrusage(resource.RUSAGE_SELF)) - before)
        rival, rival_problem = _rival(exam.rival)
        own_ms, rival_ms = _timed(rows, model, rival)
    return Answered(
        answers=_probabilities(model, exam.inputs),  # on as many threads as those to compare with
        own_ms=own_ms,
        rival_ms=rival_ms,
        rival_problem=rival_problem,
        memory_mb=memory_mb,
    )


def _loaded(stored: Stored) -> Any:
    return artifact.load(stored.folder, stored.manifest)


def _rival(stored: Stored | None) -> tuple[Any, str]:
    """The rival, or why it cannot run along: that is no fault of the model."""
    if stored is None:
        return None, ""
    try:
        return _loaded(stored), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def _probabilities(model: Any, inputs: pd.DataFrame) -> Floats:
    return np.asarray(model.predict_proba(inputs), dtype=np.float64)[:, 1]


def _single_rows(inputs: pd.DataFrame, count: int) -> list[pd.DataFrame]:
    """Rows from all over the frame, each a frame of its own."""
    places = np.linspace(0, len(inputs) - 1, count).astype(int)
    return [inputs.iloc[[place]] for place in places]


def _timed(rows: Sequence[pd.DataFrame], model: Any, rival: Any) -> tuple[Floats, Floats]:
    """Milliseconds of every single answer; who goes first alternates."""
    turns: list[tuple[Any, list[float]]] = [(model, []), (rival, [])]
    runners = turns if rival is not None else turns[:1]
    for who, _ in runners:
        for row in rows[:_WARM_UP]:
            who.predict_proba(row)
    end = time.monotonic() + _LONG_ENOUGH_SECONDS
    for number, row in enumerate(rows):
        for who, spent in runners if number % 2 == 0 else runners[::-1]:
            began = time.perf_counter()
            who.predict_proba(row)
            spent.append(1000 * (time.perf_counter() - began))
        if time.monotonic() > end:
            break
    return np.array(turns[0][1]), np.array(turns[1][1])
