"""Checks of the trial itself: whether there is anything here to be judged."""

import numpy as np

from tasks.evaluation.metrics import usable
from tasks.evaluation.trial import Bench
from tasks.records import Check, Status


def evidence(bench: Bench) -> tuple[Check, ...]:
    """Enough rows, days and labels of each class; missing ones are counted."""
    trial, gate = bench.trial, bench.gate
    positives = int(np.asarray(trial.y).astype(bool).sum())
    counts = {
        "rows": (bench.rows, gate.min_rows),
        "positives": (positives, gate.min_per_class),
        "negatives": (bench.rows - positives, gate.min_per_class),
        "days": (bench.day_count, gate.min_days),
    }
    short = [f"{have:,} of {need:,} {name}" for name, (have, need) in counts.items() if have < need]
    numbers = {name: float(have) for name, (have, _) in counts.items()}
    if short:
        numbers["labels_needed"] = _labels_needed(bench, counts)
        told = f"too little to judge on: {', '.join(short)}"
        return (Check("evidence", _EVIDENCE, Status.NO_EVIDENCE, told, numbers),)
    told = f"{bench.rows:,} rows of {bench.day_count} days, {positives:,} of them positive"
    return (Check("evidence", _EVIDENCE, Status.PASS, told, numbers),)


_EVIDENCE = "Enough labelled rows"


def separation(bench: Bench) -> tuple[Check, ...]:
    """Every row is later than every row that either model was trained on, and none is reused."""
    trial, title = bench.trial, "Rows that no model has seen"
    if not bench.rows:
        return (Check("separation", title, Status.NO_EVIDENCE, "0 rows"),)
    if trial.champion_version is not None and trial.champion_through is None:
        told = f"last training day of champion {trial.champion_version} is unknown"
        return (Check("separation", title, Status.NO_EVIDENCE, told),)
    seen = max(trial.challenger_through, trial.champion_through or 0)
    reused = int((trial.days <= seen).sum())
    numbers = {"reused_rows": float(reused), "days_after": float(trial.days.min() - seen)}
    if reused:
        told = f"{reused:,} of {bench.rows:,} rows are of days that a model was trained on"
        return (Check("separation", title, Status.FAIL, told, numbers),)
    if trial.holdout_digest and trial.holdout_digest in trial.used_digests:
        told = f"the rows {trial.holdout_digest[:12]} were trained or selected on"
        return (Check("separation", title, Status.FAIL, told, numbers),)
    told = f"first row is of {numbers['days_after']:.0f} days after the last training day"
    return (Check("separation", title, Status.PASS, told, numbers),)


def valid_scores(bench: Bench) -> tuple[Check, ...]:
    """The challenger's answers are probabilities, one a row, and not all the same."""
    scores, title = bench.trial.challenger, "Answers are probabilities"
    if scores.shape != (bench.rows,):
        told = f"{scores.shape} probabilities for {bench.rows:,} rows"
        return (Check("valid_scores", title, Status.FAIL, told),)
    if not bench.rows:
        return (Check("valid_scores", title, Status.NO_EVIDENCE, "0 rows"),)
    wrong = int((~(np.isfinite(scores) & (scores >= 0) & (scores <= 1))).sum())
    if not usable(scores):
        told = f"{wrong:,} of {bench.rows:,} answers are not in [0, 1]"
        return (Check("valid_scores", title, Status.FAIL, told, {"wrong": float(wrong)}),)
    lowest, highest = float(scores.min()), float(scores.max())
    numbers = {"lowest": lowest, "highest": highest}
    if lowest == highest:
        told = f"all {bench.rows:,} answers are {lowest:.4f}"
        return (Check("valid_scores", title, Status.FAIL, told, numbers),)
    told = f"answers between {lowest:.3f} and {highest:.3f}"
    return (Check("valid_scores", title, Status.PASS, told, numbers),)


def _labels_needed(bench: Bench, counts: dict[str, tuple[int, int]]) -> float:
    grow = max(need / have if have else float("inf") for have, need in counts.values())
    if not np.isfinite(grow):
        return float(bench.gate.min_rows)
    return float(max(1, np.ceil(bench.rows * (grow - 1))))
