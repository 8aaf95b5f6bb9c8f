"""Whether what a model says are probabilities, and answers to what it was asked."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tasks.errors import Terminal

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12  # of a probability: the same sum in another order
_NO_WONDER = 1e-6
"""How likely answers must be to agree, at least, for it to be put down to chance."""

_COMMON = 0.5
"""A share that one answer may always have: it lets 19 different questions agree unasked."""

_WAY_OUT = (
    "nothing was logged. `ratchet rollback --as-of` the first of these questions lets the last "
    "known good version answer them"
)


@dataclass(frozen=True)
class Said:
    """What `who` answered to rows of inputs: probabilities (rows,)."""

    who: str
    inputs: pd.DataFrame
    probability: Floats

    @property
    def is_constant(self) -> bool:
        """Whether every row got the same answer, but for rounding."""
        return bool(np.ptp(self.probability) <= _ROUNDING)


def require_probabilities(said: Said) -> None:
    """Raise `Terminal`, with the count, for any answer that is no number from 0 to 1."""
    probability = said.probability
    wrong = ~(np.isfinite(probability) & (probability >= 0) & (probability <= 1))
    if wrong.any():
        raise Terminal(
            f"{wrong.sum()} of {len(probability)} predictions of {said.who} are not probabilities "
            f"(first: {probability[wrong][0]}); {_WAY_OUT}"
        )


def require_differing(said: Said, usual: Callable[[], Floats]) -> None:
    """Raise `Terminal` when different questions got one and the same answer.

    A constant is legitimate where the questions do not differ, or are few, and where it is no
    wonder: a tree may give most rows the answer of one leaf. `usual` gives what the same model
    answers to a sample of the rows that it was trained on, empty when there is none; it is asked
    only when there is something to explain. Where a share s of those gets the same answer, n
    questions agree with a chance of s^n; less than one in a million is refused. A model that says
    nothing else to its training rows either is refused too: it is broken, or never was a model.
    """
    if not said.is_constant:
        return
    different = len(said.inputs.drop_duplicates())
    if _COMMON**different >= _NO_WONDER:
        return
    answer, before = float(said.probability[0]), usual()
    same = float(np.mean(np.abs(before - answer) <= _ROUNDING)) if len(before) else 0.0
    if same < 1 and same**different >= _NO_WONDER:
        return
    raise Terminal(
        f"{len(said.probability)} predictions of {said.who} are all {answer:.6g}, for {different} "
        f"different questions; {_compared(same, len(before))}; {_WAY_OUT}"
    )


def _compared(same: float, sample: int) -> str:
    if not sample:
        return "there is no sample of its training rows to compare with"
    if same == 1:
        return f"so are those for all {sample} sampled training rows: the model is constant"
    return (
        f"of {sample} sampled training rows {same:.1%} get this answer: look for inputs that are "
        "missing or out of their range (`ratchet quarantine list`, the drift report)"
    )
