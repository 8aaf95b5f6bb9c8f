"""What must happen to answers when one input changes and everything else stays as it is.

Invariance and directional expectation tests after Ribeiro, Wu, Guestrin and Singh, "Beyond
Accuracy: Behavioral Testing of NLP Models with CheckList", ACL 2020.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.gate import Behaviour
from config.schema import Pipeline
from tasks.evaluation.trial import Scores
from tasks.predictions.scorer import Model
from tasks.records import Check, Status

_MOST_ROWS = 2000


@dataclass(frozen=True)
class Asked:
    """Rows with what a model says about them as they are; `names` tell which row is which."""

    model: Model
    inputs: pd.DataFrame
    before: Scores
    names: pd.DataFrame


def behaviours(pipeline: Pipeline, model: Model, rows: pd.DataFrame) -> tuple[Check, ...]:
    """One check a declared test, on up to 2,000 of the rows, drawn from all of them.

    A row whose value is null, or would stay what it is, is left out: it cannot disobey. A
    direction in which no answer moves is not obeyed: the model does not look there.
    """
    tests = pipeline.gate.behaviour
    if not tests:
        return ()
    if rows.empty:
        told = "0 rows to ask about"
        return tuple(_made(name, Status.NO_EVIDENCE, told) for name in tests)
    drawn = rows.sample(_MOST_ROWS, random_state=0) if len(rows) > _MOST_ROWS else rows
    inputs = drawn[list(pipeline.features.columns)]
    names = drawn[list(pipeline.question.key)]
    asked = Asked(model, inputs, model.predict_proba(inputs)[:, 1], names)
    return tuple(_judged(name, test, asked) for name, test in tests.items())


def changed(
    test: Behaviour, values: "pd.Series[Any]"
) -> "tuple[pd.Series[Any], npt.NDArray[np.bool_]]":
    """A column (n,) after the change, and the rows (n,) in which that is another value."""
    there = values.notna().to_numpy(dtype=bool)
    if test.by is None and not pd.api.types.is_numeric_dtype(values):
        moves = there & (values != test.to).to_numpy(dtype=bool)
        return values.mask(moves, test.to), moves
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    after = np.full(len(numbers), float(test.to or 0)) if test.by is None else numbers + test.by
    moves = there & (after != numbers)
    return pd.Series(np.where(moves, after, numbers), index=values.index), moves


def _judged(name: str, test: Behaviour, asked: Asked) -> Check:
    try:
        column, moves = changed(test, asked.inputs[test.column])
        if not moves.any():
            told = f"{_change(test)} changes none of {len(asked.inputs):,} rows"
            return _made(name, Status.NO_EVIDENCE, told)
        after = asked.model.predict_proba(asked.inputs.assign(**{test.column: column}))[:, 1]
    except (TypeError, ValueError) as error:
        told = f"{_change(test)} cannot be asked: {type(error).__name__}: {error}"
        return _made(name, Status.NO_EVIDENCE, told)
    there = replace(asked, before=asked.before[moves], names=asked.names[moves])
    return _weighed(name, test, there, after[moves])


def _weighed(name: str, test: Behaviour, asked: Asked, after: Scores) -> Check:
    """The check on the answers after the change, to the rows in which it changes something."""
    shifts = after - asked.before
    against = {"same": np.abs(shifts), "up": -shifts, "down": shifts}[test.expect]
    rows, share = len(after), float((against <= test.tolerance).mean())  # nan obeys nobody
    worst = int(np.argmax(against))
    if test.expect != "same" and not shifts.any():
        told = f"{_change(test)}: 0 of {rows:,} answers move, {test.expect} is expected"
        return _made(name, Status.FAIL, told, {"rows": float(rows), "worst": 0.0})
    told = (
        f"{_change(test)}: {share:.1%} of {rows:,} answers {_obeyed(test)}, {test.min_share:.1%} "
        f"must; the worst goes from {asked.before[worst]:.4f} to {after[worst]:.4f} "
        f"({_named(asked.names.iloc[worst])})"
    )
    numbers = {
        "rows": float(rows),
        "share": share,
        "asked": test.min_share,
        "worst": float(shifts[worst]),
    }
    return _made(name, Status.PASS if share >= test.min_share else Status.FAIL, told, numbers)


def _change(test: Behaviour) -> str:
    return f"{test.column} {f'set to {test.to!r}' if test.by is None else f'{test.by:+g}'}"


def _obeyed(test: Behaviour) -> str:
    within = f" by more than {test.tolerance:g}" if test.tolerance else ""
    return {"same": "do not move", "up": "do not fall", "down": "do not rise"}[test.expect] + within


def _named(key: "pd.Series[Any]") -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())


def _made(
    name: str, status: Status, reason: str, numbers: Mapping[str, float] | None = None
) -> Check:
    return Check(f"behaviour:{name}", f"Behaviour: {name}", status, reason, numbers or {})
