"""Checks against others on the same rows: fixed bars, baselines, the champion."""

import math

import numpy as np

from tasks.evaluation.metrics import higher_is_better, measure
from tasks.evaluation.trial import Bench
from tasks.evaluation.wealth import curve, nights_needed
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


def wealth(bench: Bench) -> tuple[Check, ...]:
    """Superiority: the evidence of a whole reign, a bet a day, against 1/alpha.

    Below it nothing is shown, and nothing is refuted: the challengers of coming nights go on.
    """
    trial, gate, title = bench.trial, bench.gate, "Evidence over nights"
    if gate.mode != "superiority":
        return ()
    if trial.champion_version is None:
        told = "no champion yet: there is nobody to bet against"
        return (Check("wealth", title, Status.NOT_APPLICABLE, told),)
    goal = 1 / gate.alpha
    now = (1.0, *curve(trial.bets))[-1]
    told = (
        f"{len(trial.bets)} nights against champion {trial.champion_version} are worth {now:.3g}, "
        f"{goal:g} asked"
    )
    numbers = {"wealth": now, "goal": goal, "nights": float(len(trial.bets))}
    if now >= goal:
        return (Check("wealth", title, Status.PASS, told, numbers),)
    numbers |= _more(bench, goal)
    told += ": better is not shown yet"
    return (Check("wealth", title, Status.NO_EVIDENCE, told, numbers),)


def champion(bench: Bench) -> tuple[Check, ...]:
    """The challenger at hand against who serves now, on its own window, as the mode asks.

    superiority: not worse by the margin, beyond doubt; `wealth` shows that challengers are better.
    refresh: not shown worse by more than the margin. Each refresh may cost up to the margin, and
    many could add up (biocreep, Everson-Stewart and Emerson, Statistics in Medicine 29, 2010):
    floors and baselines do not move with it. point: a better number, whatever it is worth.
    """
    trial, title = bench.trial, _TITLES[bench.gate.mode]
    if trial.champion is None:
        if trial.champion_version is None:
            told = "no champion yet: floors and baselines decide"
            return (Check("champion", title, Status.NOT_APPLICABLE, told),)
        told = f"champion {trial.champion_version} has no answers on these rows"
        return (Check("champion", title, Status.NO_EVIDENCE, told),)
    lead = bench.lead(trial.champion)
    status, threshold, asked = _stands(bench, lead)
    told = f"{_told(bench, lead)} than champion {trial.champion_version}{_ending(status, asked)}"
    if bench.gate.mode == "point":
        told += "; one number against another, which prices no attempt"
    numbers = _numbers(bench, lead, threshold, status)
    return (Check("champion", title, status, told, numbers),)


_TITLES = {
    "superiority": "Not worse than the champion now",
    "refresh": "Not shown worse than the champion",
    "point": "A better number than the champion's",
}


def _stands(bench: Bench, lead: Interval) -> tuple[Status, float, str]:
    """Status, threshold, and what was asked for in words."""
    gate = bench.gate
    if gate.mode == "point":
        if math.isnan(lead.value):
            return Status.NO_EVIDENCE, 0.0, "better"
        return Status.PASS if lead.value > 0 else Status.FAIL, 0.0, "better"
    status, asked = shown_above(lead, -gate.margin), f"not worse by {gate.margin:g}"
    if gate.mode == "superiority":
        return status, -gate.margin, asked
    if status is Status.NO_EVIDENCE and not math.isnan(lead.low):
        status = Status.PASS
    return status, -gate.margin, asked


def _more(bench: Bench, goal: float) -> dict[str, float]:
    """About how many more nights and labels, if the coming ones are like those before."""
    bets = bench.trial.bets
    nights = math.ceil(min(nights_needed(bets, goal), _MOST_MORE * max(1, len(bets))))
    rows = (
        sum(bet.rows for bet in bets) / len(bets) if bets else bench.rows / max(1, bench.day_count)
    )
    return {"nights_needed": float(nights), "labels_needed": float(math.ceil(nights * rows))}


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
