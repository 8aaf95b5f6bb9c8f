"""Whether a challenger leans on the same inputs as the champion. Told, never a reason to refuse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr, weightedtau

from config.load import Definition
from tasks.data import artifact
from tasks.evaluation.contest import Champion
from tasks.evaluation.importance import Shuffling, importances
from tasks.evaluation.recorded import plain
from tasks.features.cohort import ordinals
from tasks.features.splits import Split
from tasks.predictions.scorer import Model
from tasks.records import Check, Fit, Importance, Severity, Status

TOP = 5
ALIKE = 0.3
"""Weighted tau from which two models lean on the same inputs.

On the flights, refits a week apart had 0.7 to 0.9, fits on other months 0.6, and models of
another kind 0.4 to 0.6.
"""

_CODE, _TITLE = "explanations", "Leans on the same inputs"


@dataclass(frozen=True)
class Explained:
    """What challenger and champion lean on, on the same rows, and how far that differs."""

    challenger: tuple[Importance, ...]
    champion: tuple[Importance, ...]
    drift: Check

    def evidence(self) -> dict[str, list[dict[str, object]]]:
        """What a decision and its version keep under `importance.EVIDENCE`."""
        return {"challenger": plain(self.challenger), "champion": plain(self.champion)}


def explained(
    definition: Definition, split: Split, challenger: Fit, champion: Champion | None
) -> Explained:
    """Importances of the challenger and of the champion on a sample of the holdout."""
    model: Model = artifact.made(Path(challenger.folder))
    ours = _importances(definition, split, model)
    theirs = _importances(definition, split, champion.model) if champion else ()
    return Explained(ours, theirs, explanation_drift(ours, theirs))


def explanation_drift(ours: Sequence[Importance], theirs: Sequence[Importance]) -> Check:
    """Whether two models on the same rows rank their inputs alike, those at the top above all.

    Kendall's tau with hyperbolic weights (Vigna, WWW 2015): an exchange at the top weighs more
    than one among inputs that hardly matter, whose order is chance. Spearman's rank correlation
    stands beside it, and which columns entered or left the top. A note for people: a model may
    rightly come to lean on something else, and two inputs that say the same may change places
    by chance.
    """
    if not ours or not theirs:
        told = "no champion's importances to compare with"
        return Check(_CODE, _TITLE, Status.NOT_APPLICABLE, told, severity=Severity.WARNING)
    mine = {each.column: each.loss.value for each in ours}
    other = {each.column: each.loss.value for each in theirs}
    both = [name for name in mine if name in other]
    tau, rho = _agreement([mine[n] for n in both], [other[n] for n in both])
    entered, left = _moved(mine, other)
    told = f"ranks of {len(both)} inputs agree by {tau:.2f} (weighted tau; Spearman {rho:.2f})"
    if math.isnan(tau):
        told, status = f"agreement of {len(both)} inputs is undefined", Status.NO_EVIDENCE
    else:
        status = Status.PASS if tau >= ALIKE else Status.FAIL
        told += "" if status is Status.PASS else f", at least {ALIKE:g} expected"
    numbers = {"weighted_tau": tau, "spearman": rho, "inputs": float(len(both))}
    numbers |= {"entered": float(len(entered)), "left": float(len(left)), "expected": ALIKE}
    reason = "; ".join([told, *_movements(entered, left)])
    return Check(_CODE, _TITLE, status, reason, numbers, Severity.WARNING)


def _top(losses: dict[str, float]) -> list[str]:
    """The inputs that matter most, of those that matter at all."""
    matter = [name for name, loss in losses.items() if loss > 0]
    return sorted(matter, key=lambda name: (-losses[name], name))[:TOP]


def _importances(definition: Definition, split: Split, model: Model) -> tuple[Importance, ...]:
    pipeline, rows = definition.pipeline, split.holdout
    days = ordinals(rows)
    inputs = rows[list(pipeline.features.columns)]
    plan = Shuffling(metric=pipeline.gate.metric)
    return importances(model, inputs, rows[pipeline.label.name].to_numpy(), days, plan)


def _agreement(mine: list[float], other: list[float]) -> tuple[float, float]:
    """Weighted tau and Spearman's rho; nan for fewer than two inputs, or where all are alike."""
    undefined = not np.isfinite([*mine, *other]).all()
    if undefined or len(set(mine)) < 2 or len(set(other)) < 2:
        return math.nan, math.nan
    return float(weightedtau(mine, other).statistic), float(spearmanr(mine, other).statistic)


def _moved(mine: dict[str, float], other: dict[str, float]) -> tuple[list[str], list[str]]:
    now, before = _top(mine), _top(other)
    return [n for n in now if n not in before], [n for n in before if n not in now]


def _movements(entered: list[str], left: list[str]) -> list[str]:
    return [
        f"{', '.join(names)} {verb} the top {TOP}"
        for names, verb in ((entered, "entered"), (left, "left"))
        if names
    ]
