"""Checks against others on the same rows: fixed bars, baselines, the champion."""

import math

import numpy as np

from tasks.evaluation.calibration import expected_calibration_error
from tasks.evaluation.metrics import higher_is_better, measure
from tasks.evaluation.trial import Bench
from tasks.records import Check, Interval, Status

_MOST_MORE = 100  # times the labels at hand: beyond, more labels are no answer


def shown_above(lead: Interval, threshold: float) -> Status:
    """PASS when the whole interval lies above, FAIL when none of it does, else no evidence."""
    if math.isnan(lead.low) or math.isnan(lead.high):
        return Status.NO_EVIDENCE
    if lead.low > threshold:
        return Status.PASS
    return Status.FAIL if lead.high <= threshold else Status.NO_EVIDENCE


def floors(bench: Bench) -> tuple[Check, ...]:
    """Every configured bar is cleared; a pipeline without any bar at all has shown nothing."""
    trial, gate = bench.trial, bench.gate
    if not gate.floors:
        if trial.baselines:
            told, status = "no floors are configured", Status.NOT_APPLICABLE
        else:
            told = "no floor and no baseline is configured: nothing to be measured against"
            status = Status.NO_EVIDENCE
        return (Check("floor", "Floors", status, told),)
    made = []
    for metric, bar in gate.floors.items():
        value = measure(metric, trial.y, trial.challenger)
        higher = higher_is_better(metric)
        side = "at least" if higher else "at most"
        if math.isnan(value):
            status = Status.NO_EVIDENCE
        else:
            status = Status.PASS if (value >= bar if higher else value <= bar) else Status.FAIL
        told = f"{metric} {value:.4f}, {side} {bar:g} asked"
        numbers = {"value": value, "floor": bar}
        made.append(Check(f"floor:{metric}", f"Floor of {metric}", status, told, numbers))
    return tuple(made)


def baselines(bench: Bench) -> tuple[Check, ...]:
    """Better than every answer that needs no model, beyond doubt."""
    made = []
    for name, scores in bench.trial.baselines.items():
        lead = bench.lead(np.asarray(scores, dtype=np.float64))
        status = shown_above(lead, 0.0)
        told = f"{_told(bench, lead)} than baseline {name}{_ending(status, 'better')}"
        numbers = _numbers(bench, lead, 0.0, status)
        made.append(Check(f"baseline:{name}", f"Beats {name}", status, told, numbers))
    return tuple(made)


def calibration(bench: Bench) -> tuple[Check, ...]:
    """Probabilities mean what they say, within the expected calibration error allowed."""
    trial, allowed = bench.trial, bench.gate.max_calibration_error
    error = expected_calibration_error(trial.y, trial.challenger)
    title = "Calibration"
    if math.isnan(error):
        told = "calibration error is undefined"
        return (Check("calibration", title, Status.NO_EVIDENCE, told),)
    predicted, observed = float(np.mean(trial.challenger)), float(np.mean(trial.y))
    told = (
        f"expected calibration error {error:.3f}, at most {allowed:g} allowed; "
        f"{predicted:.3f} predicted on average, {observed:.3f} came true"
    )
    numbers = {"error": error, "allowed": allowed, "predicted": predicted, "observed": observed}
    status = Status.PASS if error <= allowed else Status.FAIL
    return (Check("calibration", title, status, told, numbers),)


def champion(bench: Bench) -> tuple[Check, ...]:
    """Against who serves now: not worse than by the margin (refresh), or better (superiority).

    Each refresh may cost up to the margin, and many could add up (biocreep, Everson-Stewart and
    Emerson, Statistics in Medicine 29, 2010): floors and baselines do not move with it.
    """
    trial, gate = bench.trial, bench.gate
    title = "Not worse than the champion" if gate.mode == "refresh" else "Better than the champion"
    if trial.champion is None:
        if trial.champion_version is None:
            told = "no champion yet: floors and baselines decide"
            return (Check("champion", title, Status.NOT_APPLICABLE, told),)
        told = f"champion {trial.champion_version} has no answers on these rows"
        return (Check("champion", title, Status.NO_EVIDENCE, told),)
    threshold = -gate.margin if gate.mode == "refresh" else 0.0
    lead = bench.lead(trial.champion)
    status = shown_above(lead, threshold)
    if status is Status.NO_EVIDENCE and lead.high < 0:
        status = Status.FAIL  # shown worse, if not by the whole margin
    asked = f"not worse by {gate.margin:g}" if gate.mode == "refresh" else "better"
    told = f"{_told(bench, lead)} than champion {trial.champion_version}{_ending(status, asked)}"
    numbers = _numbers(bench, lead, threshold, status)
    return (Check("champion", title, status, told, numbers),)


def _told(bench: Bench, lead: Interval) -> str:
    if math.isnan(lead.low):
        return f"{bench.metric} cannot be compared on {bench.rows:,} rows: no better or worse"
    word = "better" if lead.value >= 0 else "worse"
    return (
        f"{bench.metric} {abs(lead.value):.4f} {word} [{lead.low:+.4f}, {lead.high:+.4f}] on "
        f"{bench.rows:,} rows of {bench.day_count} days"
    )


def _ending(status: Status, asked: str) -> str:
    if status is Status.PASS:
        return ""
    return f": not {asked}" if status is Status.FAIL else f": {asked} is not shown yet"


def _numbers(bench: Bench, lead: Interval, threshold: float, status: Status) -> dict[str, float]:
    numbers = {
        "difference": lead.value,
        "low": lead.low,
        "high": lead.high,
        "threshold": threshold,
        "rows": float(bench.rows),
    }
    if status is Status.NO_EVIDENCE and not math.isnan(lead.low):
        numbers["labels_needed"] = _labels_needed(bench.rows, lead, threshold)
    return numbers


def _labels_needed(rows: int, lead: Interval, threshold: float) -> float:
    """More rows until the interval leaves the threshold, if the estimate stays where it is."""
    distance = abs(lead.value - threshold)
    reach = lead.value - lead.low
    most = float(rows * _MOST_MORE)
    if distance * _MOST_MORE <= reach:
        return most
    return float(min(most, max(1, math.ceil(rows * ((reach / distance) ** 2 - 1)))))
