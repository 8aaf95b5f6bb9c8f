"""A model made again beside the registered one: do they answer the same?"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.data import artifact
from tasks.ledger.attestations import Likeness
from tasks.reproduction.order import Order
from tasks.reproduction.outcome import WITHIN, Apart, Reproduction, Step
from tasks.reproduction.steps import Bench, DivergenceError, Rebuilt, Steps, rebuilt

_ROWS = 2000
"""Of the holdout's end, where nothing is pinned."""

_FURTHEST = 5


def reproduction(bench: Bench) -> Reproduction:
    """Make a version again, and compare its answers with those of the registered one.

    Raises `Missing` when the lake has not kept the rows of then.
    """
    version, steps = bench.order.version, Steps()
    try:
        made = rebuilt(bench, steps)
    except DivergenceError as end:
        done = (*steps.done, end.step)
        return Reproduction(version.pipeline, version.number, Likeness.DIFFERENT, done)
    return compared(bench.order, made)


def compared(order: Order, made: Rebuilt) -> Reproduction:
    """Both models' answers to the golden rows, or to the end of the holdout without any."""
    pinned = made.cohort.golden
    rows = pinned.frame if pinned else made.split.holdout.tail(_ROWS)
    inputs = rows[list(made.definition.pipeline.features.columns)]
    ours = _answers(artifact.made(Path(made.fit.folder)), inputs)
    theirs = _answers(artifact.load(order.folder, order.version.manifest), inputs)
    apart = np.abs(ours - theirs)
    differ = int((ours.view(np.int64) != theirs.view(np.int64)).sum())
    largest = float(apart.max(initial=0.0))
    where = f"golden v{pinned.pinning.number}" if pinned else "the end of the holdout"
    told = f"{differ:,} of {len(rows):,} answers to {where} differ"
    if differ:
        told += f", by up to {largest:.3g}"
    key = list(made.definition.pipeline.question.key)
    furthest = np.argsort(-apart, kind="stable")[: min(differ, _FURTHEST)]
    return Reproduction(
        pipeline=order.version.pipeline,
        version=order.version.number,
        likeness=_likeness(differ, largest),
        steps=(*made.done, _bytes(order, made), Step("predictions", not differ, told)),
        rows=len(rows),
        differ=differ,
        largest=largest,
        furthest=tuple(
            Apart(_question(rows.iloc[[n]], key), float(theirs[n]), float(ours[n]))
            for n in furthest
        ),
    )


def _likeness(differ: int, largest: float) -> Likeness:
    if not differ:
        return Likeness.IDENTICAL
    return Likeness.CLOSE if largest <= WITHIN else Likeness.DIFFERENT


def _bytes(order: Order, made: Rebuilt) -> Step:
    ours = artifact.manifest(Path(made.fit.folder))[artifact.MODEL_FILE]
    theirs = order.version.manifest[artifact.MODEL_FILE]
    told = f"sha256 {ours[:12]}, registered {theirs[:12]}"
    return Step("bytes", ours == theirs, told)


def _question(row: pd.DataFrame, key: list[str]) -> dict[str, str]:
    return {name: str(row[name].iloc[0]) for name in key}


def _answers(model: Any, inputs: pd.DataFrame) -> npt.NDArray[np.float64]:
    return np.ascontiguousarray(model.predict_proba(inputs)[:, 1], dtype=np.float64)
