"""Promote, keep, or wait: every check with its reason, and nothing passes by default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from config.gate import Gate
from config.values import Metric
from tasks.evaluation import calibration, comparison, fairness, golden, slices, soundness, weak
from tasks.evaluation.trial import Bench, Trial
from tasks.records import Check, Choice, Severity, Status, Verdict


@dataclass(frozen=True)
class GateCheck:
    """One kind of check; the codes of what it returns start with `code`."""

    code: str
    judge: Callable[[Bench], tuple[Check, ...]]


CHECKS: tuple[GateCheck, ...] = (
    GateCheck("evidence", soundness.evidence),
    GateCheck("separation", soundness.separation),
    GateCheck("valid_scores", soundness.valid_scores),
    GateCheck("floor", comparison.floors),
    GateCheck("baseline", comparison.baselines),
    GateCheck("wealth", comparison.wealth),
    GateCheck("champion", comparison.champion),
    GateCheck("slice", slices.slices),
    GateCheck("weak", weak.weak),
    GateCheck("fairness", fairness.fairness),
    GateCheck("golden", golden.golden),
    GateCheck("calibration", calibration.calibration),
)


def judge(trial: Trial, gate: Gate, metric: Metric, beforehand: Sequence[Check] = ()) -> Verdict:
    """What the gate says about the challenger, with every check behind it.

    PROMOTE when no blocking check failed and none lacked evidence; KEEP when one failed;
    UNDECIDED when evidence is all that lacks, with about how many more labels would decide.
    Checks made `beforehand` by others count like the gate's own. Never raises for what scores
    and labels contain.
    """
    bench = Bench(trial, gate, metric)
    checks = (*beforehand, *(check for each in CHECKS for check in _made(each, bench)))
    blocking = [check for check in checks if check.severity is Severity.BLOCKING]
    if any(check.status is Status.FAIL for check in blocking):
        return Verdict(Choice.KEEP, checks)
    lacking = [check for check in blocking if check.status is Status.NO_EVIDENCE]
    if lacking or not any(check.status is Status.PASS for check in blocking):
        needed = max((check.numbers.get("labels_needed", 0.0) for check in lacking), default=0.0)
        return Verdict(Choice.UNDECIDED, checks, labels_needed=int(needed))
    return Verdict(Choice.PROMOTE, checks)


def joined(verdict: Verdict, late: Check) -> Verdict:
    """The verdict with a check that could only be made after it; one that blocks takes it back."""
    promotes = verdict.choice is Choice.PROMOTE
    choice = Choice.KEEP if promotes and late.blocks else verdict.choice
    return replace(verdict, choice=choice, checks=(*verdict.checks, late))


def _made(each: GateCheck, bench: Bench) -> tuple[Check, ...]:
    try:
        return each.judge(bench)
    except (ValueError, IndexError, ArithmeticError) as error:
        told = f"{each.code} could not be judged: {error}"
        return (Check(each.code, each.code, Status.NO_EVIDENCE, told),)
