"""Groups of rows: whom the challenger faces there, and whether it is worse."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.evaluation.metrics import higher_is_better, measure
from tasks.evaluation.multiplicity import holm
from tasks.evaluation.trial import Bench, Scores
from tasks.records import Check, Interval, Severity, Status

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Opponent:
    """Somebody's answers on the trial's rows, under the name that a reader knows."""

    name: str
    scores: Scores


@dataclass(frozen=True)
class Label:
    """What a group's rows are called, what its check is called, and what a loss there means."""

    name: str
    code: str
    title: str
    severity: Severity = Severity.BLOCKING


@dataclass(frozen=True)
class Group:
    """Rows that share something, and by how much the challenger is better on them.

    `doubt` is the p-value of being worse by no more than `margin`, as if there were no other
    group; nan where undefined.
    """

    label: Label
    rows: int
    days: int
    lead: Interval
    margin: float
    doubt: float


def opponent(bench: Bench) -> Opponent | None:
    """The champion; before the first one the baseline that is best on all rows.

    None when the champion has no answers on these rows, or no baseline is defined on them.
    """
    trial = bench.trial
    if trial.champion_version is not None:
        name = f"champion {trial.champion_version}"
        return None if trial.champion is None else Opponent(name, trial.champion)
    sign = 1 if higher_is_better(bench.metric) else -1
    values = {
        name: sign * measure(bench.metric, trial.y, scores)
        for name, scores in trial.baselines.items()
    }
    defined = {name: value for name, value in values.items() if not np.isnan(value)}
    if not defined:
        return None
    best = max(defined, key=defined.__getitem__)
    return Opponent(f"baseline {best}", np.asarray(trial.baselines[best], dtype=np.float64))


def compared(bench: Bench, against: Opponent, label: Label, rows: Rows, margin: float) -> Group:
    """The challenger against its opponent on these rows."""
    return Group(
        label=label,
        rows=int(rows.sum()),
        days=len(np.unique(bench.trial.days[rows])),
        lead=bench.lead(against.scores, rows),
        margin=margin,
        doubt=bench.doubt(against.scores, margin, rows),
    )


def judged(bench: Bench, against: Opponent, groups: Sequence[Group]) -> dict[str, Check]:
    """A check for each group, by its code: FAIL where worse by more than its margin is shown.

    The groups are one family: whatever depends on whatever, the chance that any of them fails
    while none is worse by more than its margin is at most 1 - confidence (Holm 1979).
    """
    adjusted = holm([group.doubt for group in groups])
    return {
        group.label.code: _check(bench, against, group, float(doubt))
        for group, doubt in zip(groups, adjusted, strict=True)
    }


def _check(bench: Bench, against: Opponent, group: Group, doubt: float) -> Check:
    label, lead = group.label, group.lead
    numbers = {"rows": float(group.rows)}
    if np.isnan(doubt) or np.isnan(lead.low):
        told = (
            f"{label.name}: {bench.metric} cannot be compared with {against.name} on "
            f"{group.rows:,} rows of {group.days} days"
        )
        status = Status.NO_EVIDENCE
        return Check(label.code, label.title, status, told, numbers, label.severity)
    worse = doubt <= 1 - bench.gate.confidence
    told = (
        f"{label.name}: {bench.metric} {lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] "
        f"against {against.name} on {group.rows:,} rows"
    )
    if worse or lead.value < -group.margin:
        told += (
            f", {'' if worse else 'not shown '}worse by more than {group.margin:g} (p {doubt:.2g})"
        )
    numbers |= {"difference": lead.value, "low": lead.low, "high": lead.high}
    numbers |= {"threshold": -group.margin, "p": doubt}
    status = Status.FAIL if worse else Status.PASS
    return Check(label.code, label.title, status, told, numbers, label.severity)
