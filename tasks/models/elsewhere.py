"""A stored model that answers in a clean process: who asks it loads nothing that it needs."""

import io
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.models.clean import Floats, Stored
from tasks.models.contributions import Attribution, NotCheap, Scale
from tasks.models.ending import cause
from tasks.models.nursery import run
from tasks.models.proof import LIMITS


@dataclass(frozen=True)
class Row:
    """The `place` of the row that is to be explained, and the rows that it is held against."""

    place: int
    background: pd.DataFrame


@dataclass(frozen=True)
class Told:
    """P(label is true) of every row, and what the inputs of one of them added."""

    answers: Floats
    added: Attribution | NotCheap


@dataclass(frozen=True)
class Elsewhere:
    """A model folder, every byte of which is verified where it is loaded."""

    stored: Stored

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        """Its answers, as any model gives them: (n, 2)."""
        answers = self.told(rows, Row(0, rows.head(0))).answers
        return np.column_stack([1 - answers, answers])

    def told(self, rows: pd.DataFrame, row: Row) -> Told:
        """Its answers to the bit, one of them explained; `Corrupt` when it has none to give."""
        # The server's working directory is that of its start: only absolute paths mean the same.
        stored = Stored(self.stored.folder.absolute(), dict(self.stored.manifest))
        payload = pickle.dumps((stored, rows, row))
        with tempfile.TemporaryDirectory(prefix="ratchet-asked-") as folder:
            log = Path(folder) / "asked.log"
            ended = run(answered, payload, LIMITS, log)
            if ended.result is None:
                why = cause(ended.code, log)
                raise Corrupt(f"{self.stored.folder} does not answer in a clean process: {why}")
        return _read(ended.result)


def answered(payload: bytes) -> bytes:
    """Ask a stored model about pickled rows; what it told as bytes, without pickles."""
    from tasks.models.attribution import attributions  # noqa: PLC0415 - by the clean process alone

    stored, rows, row = pickle.loads(payload)  # noqa: S301 - what our own process has sent
    model = artifact.load(stored.folder, stored.manifest)
    answers = np.asarray(model.predict_proba(rows), dtype=np.float64)[:, 1]
    own = rows.iloc[[row.place]]
    no_rows = NotCheap("there are no rows to explain it against")
    added = attributions(model, own, row.background) if len(row.background) else no_rows
    return _written(Told(answers, added))


def _written(told: Told) -> bytes:
    kept, added = io.BytesIO(), told.added
    if isinstance(added, NotCheap):
        np.savez(kept, answers=told.answers, reason=np.array(added.reason))
    else:
        np.savez(
            kept,
            answers=told.answers,
            scale=np.array(added.scale.value),
            base=np.array(added.base),
            columns=np.array(added.columns),
            contributions=added.contributions,
        )
    return kept.getvalue()


def _read(content: bytes) -> Told:
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        if "reason" in kept:
            return Told(kept["answers"], NotCheap(str(kept["reason"])))
        added = Attribution(
            scale=Scale(str(kept["scale"])),
            base=float(kept["base"]),
            columns=tuple(str(name) for name in kept["columns"]),
            contributions=kept["contributions"],
        )
        return Told(kept["answers"], added)
