"""What answering costs: milliseconds, megabytes, and how that compares with the champion."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrc

from config.gate import Gate, Serving
from tasks.evaluation.trial import Scores
from tasks.models.clean import Answered
from tasks.records import Check, Interval, Severity, Status

_MB = 1024 * 1024
_SLOW_SHARE = 0.05  # of the answers may take longer than the 95th percentile allows
_JUDGED_ROUNDS, _TOLD_ROUNDS = 60, 5


@dataclass(frozen=True)
class Measured:
    """One number and what it says; `over` is whether it is shown to lie above the budget.

    `missing` is why there is no number.
    """

    told: str
    value: float
    over: bool
    missing: str = ""


def rounds(rules: Serving) -> int:
    """Single answers to time: enough to judge a budget, or a few when there is none."""
    judged = rules.max_latency_ms is not None or rules.max_slowdown is not None
    return _JUDGED_ROUNDS if judged else _TOLD_ROUNDS


def serving(gate: Gate, told: Answered, size_bytes: int, champion: int | None) -> tuple[Check, ...]:
    """Latency, size and memory against their budgets, latency against the champion's as well.

    Times and ratios on a busy machine are noisy: a budget is broken when it is *shown* to be
    (see `slow` and `slowdown`), at the gate's confidence. A cost without a budget is measured
    and told, and does not apply. A cost with a budget that could not be measured blocks.
    """
    return tuple(_checks(gate, told, size_bytes, champion))


def slow(own_ms: Scores, budget_ms: float, confidence: float) -> bool:
    """Whether more than 5 % of the answers take longer than the budget, beyond doubt.

    An exact binomial test of the share of `own_ms` (n,) above the budget, that is of the 95th
    percentile (the sign test for a quantile, Conover, Practical Nonparametric Statistics, 1999,
    section 3.2); one-sided, wrong in at most (1 - confidence) / 2 of the cases on the budget.
    """
    over = int((own_ms > budget_ms).sum())
    return over > 0 and bool(bdtrc(over - 1, len(own_ms), _SLOW_SHARE) < (1 - confidence) / 2)


def slowdown(own_ms: Scores, rival_ms: Scores, confidence: float) -> Interval:
    """Times the rival's latency: the median ratio of the rounds (n,), with its interval.

    Both answered in turns, so that what slows the machine down slows both. The limits are order
    statistics of the ratios, whatever their distribution (David and Nagaraja, Order Statistics,
    2003, section 7.1); nan for less than 6 rounds at 95 %.
    """
    ratios = np.sort(own_ms / rival_ms)
    if not len(ratios):
        return Interval(float("nan"), float("nan"), float("nan"))
    below = np.arange(len(ratios))
    outside = int((bdtr(below, len(ratios), 0.5) <= (1 - confidence) / 2).sum())
    value = float(np.median(ratios))
    if not outside:
        return Interval(value, float("nan"), float("nan"))
    return Interval(value, float(ratios[outside - 1]), float(ratios[-outside]))


def _checks(gate: Gate, told: Answered, size_bytes: int, champion: int | None) -> Iterator[Check]:
    rules = gate.serving
    yield _check("latency", "Latency", rules.max_latency_ms, _latency(gate, told))
    size = Measured(
        f"{size_bytes / _MB:.2f} MB on disk",
        size_bytes / _MB,
        rules.max_size_mb is not None and size_bytes / _MB > rules.max_size_mb,
    )
    yield _check("size", "Size", rules.max_size_mb, size)
    yield _check("memory", "Memory", rules.max_memory_mb, _memory(rules, told))
    if champion is None:
        reason = "no champion yet to be compared with"
        yield Check(
            "serving:slowdown", "Slowdown", Status.NOT_APPLICABLE, reason, severity=Severity.NOTE
        )
    else:
        yield _check("slowdown", "Slowdown", rules.max_slowdown, _slowdown(gate, told, champion))


def _latency(gate: Gate, told: Answered) -> Measured:
    times = told.own_ms
    if not len(times):
        return _missing(told.problem or "0 rows to be answered")
    value, budget = float(np.quantile(times, 1 - _SLOW_SHARE)), gate.serving.max_latency_ms
    sentence = (
        f"95 % of {len(times)} single answers within {value:.1f} ms, half within "
        f"{np.median(times):.1f} ms"
    )
    over = budget is not None and slow(times, budget, gate.confidence)
    if budget is not None and value > budget and not over:
        sentence += f"; {int((times > budget).sum())} above, which may be chance"
    return Measured(sentence, value, over)


def _memory(rules: Serving, told: Answered) -> Measured:
    if np.isnan(told.memory_mb):
        return _missing(told.problem or "0 rows to be answered")
    over = rules.max_memory_mb is not None and told.memory_mb > rules.max_memory_mb
    return Measured(f"{told.memory_mb:.1f} MB to load it and answer", told.memory_mb, over)


def _slowdown(gate: Gate, told: Answered, champion: int) -> Measured:
    most = gate.serving.max_slowdown
    if not len(told.rival_ms):
        return _missing(told.problem or told.rival_problem or f"champion {champion} did not run")
    ratio = slowdown(told.own_ms, told.rival_ms, gate.confidence)
    sentence = (
        f"{ratio.value:.2f} times [{ratio.low:.2f}, {ratio.high:.2f}] the latency of champion "
        f"{champion}, in {len(told.rival_ms)} rounds in turns"
    )
    if most is not None and np.isnan(ratio.low):
        return _missing(f"{sentence}: too few rounds to tell")
    return Measured(sentence, ratio.value, most is not None and ratio.low > most)


def _missing(why: str) -> Measured:
    return Measured("", float("nan"), over=False, missing=why)


def _check(name: str, title: str, budget: float | None, found: Measured) -> Check:
    code, reason = f"serving:{name}", found.told or f"{name} could not be measured: {found.missing}"
    numbers = {} if found.missing else {"value": found.value}
    if budget is None:
        reason += "; no budget is set"
        return Check(code, title, Status.NOT_APPLICABLE, reason, numbers, Severity.NOTE)
    if found.missing:
        return Check(code, title, Status.NO_EVIDENCE, reason)
    numbers["budget"] = budget
    reason += f"; at most {budget:g} allowed"
    status = Status.FAIL if found.over else Status.PASS
    return Check(code, title, status, reason, numbers)
