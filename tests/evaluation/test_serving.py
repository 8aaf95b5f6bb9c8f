"""A model that is good and too slow, or too large, does not serve."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from config.gate import Gate, Serving
from tasks.evaluation.serving import rounds, serving, slow, slowdown
from tasks.models.clean import Answered
from tasks.records import Check, Severity, Status

Times = npt.NDArray[np.float64]
MB = 1024 * 1024
SIZE = 3 * MB
ALL = Serving(max_latency_ms=20, max_size_mb=5, max_memory_mb=100, max_slowdown=2)


def told(factor: float = 1.0, rows: int = 60, seed: int = 1) -> Answered:
    """Answers of about 10 ms, and of about as many times `factor` for the challenger."""
    random = np.random.default_rng(seed)
    machine = np.exp(random.normal(0, 0.2, rows))
    own = 10 * factor * machine * np.exp(random.normal(0, 0.1, rows))
    return Answered(
        answers=np.full(rows, 0.5),
        own_ms=own,
        rival_ms=10 * machine * np.exp(random.normal(0, 0.1, rows)),
        memory_mb=40.0,
    )


def made(rules: Serving, found: Answered, champion: int | None = 3) -> dict[str, Check]:
    checks = serving(Gate(serving=rules), found, SIZE, champion)
    return {check.code.removeprefix("serving:"): check for check in checks}


def test_within_budget() -> None:
    """Each budget that is kept is a check that passes and tells what was measured."""
    checks = made(ALL, told())
    assert set(checks) == {"latency", "size", "memory", "slowdown"}
    assert {check.status for check in checks.values()} == {Status.PASS}
    assert "95 % of 60 single answers within" in checks["latency"].reason
    assert checks["size"].reason == "3.00 MB on disk; at most 5 allowed"
    assert checks["memory"].reason == "40.0 MB to load it and answer; at most 100 allowed"
    assert "times [" in checks["slowdown"].reason
    assert "the latency of champion 3, in 60 rounds in turns" in checks["slowdown"].reason


BROKEN = {
    "latency": (ALL.model_copy(update={"max_latency_ms": 5}), told()),
    "size": (ALL.model_copy(update={"max_size_mb": 2.5}), told()),
    "memory": (ALL.model_copy(update={"max_memory_mb": 39}), told()),
    "slowdown": (ALL.model_copy(update={"max_latency_ms": 500}), told(factor=2.5)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_over_budget(name: str) -> None:
    """A budget that is broken blocks, and no other check does."""
    checks = made(*BROKEN[name])
    assert [code for code, check in checks.items() if check.blocks] == [name]
    assert checks[name].status is Status.FAIL


def test_without_budgets() -> None:
    """What has no budget is measured and told beside the rest, and decides nothing."""
    checks = made(Serving(), told(factor=9))
    assert {check.status for check in checks.values()} == {Status.NOT_APPLICABLE}
    assert {check.severity for check in checks.values()} == {Severity.NOTE}
    assert all(check.reason.endswith("; no budget is set") for check in checks.values())
    assert checks["slowdown"].numbers["value"] == pytest.approx(9, rel=0.1)


def test_what_could_not_be_measured() -> None:
    """A budget without a measurement is not kept: it blocks, with the reason."""
    checks = made(ALL, Answered("died of signal SIGKILL"))
    against = {code for code, check in checks.items() if check.blocks}
    assert against == {"latency", "memory", "slowdown"}
    assert checks["latency"].status is Status.NO_EVIDENCE
    assert "could not be measured: died of signal SIGKILL" in checks["latency"].reason
    assert not any(check.blocks for check in made(Serving(), Answered("died")).values())


def test_a_champion_that_does_not_run() -> None:
    """Without the champion's times a slowdown budget blocks; without a champion it is moot."""
    alone = replace(told(), rival_ms=np.empty(0), rival_problem="Corrupt: 1 changed")
    check = made(ALL, alone)["slowdown"]
    assert check.blocks
    assert "Corrupt: 1 changed" in check.reason
    assert made(ALL, alone, champion=None)["slowdown"].status is Status.NOT_APPLICABLE


def test_too_few_rounds() -> None:
    """A ratio without an interval shows nothing."""
    assert made(ALL, told(rows=4))["slowdown"].status is Status.NO_EVIDENCE


def test_chance_is_told() -> None:
    """A few answers above the budget may be the machine's: they pass, and it is said."""
    found = told()
    found.own_ms[:5] = 30.0
    check = made(ALL, found)["latency"]
    assert check.status is Status.PASS
    assert "5 above, which may be chance" in check.reason
    found.own_ms[:8] = 30.0
    assert made(ALL, found)["latency"].status is Status.FAIL


def test_rounds() -> None:
    """A budget is judged on more answers than a number that is only told."""
    assert rounds(Serving()) < rounds(Serving(max_latency_ms=5)) == rounds(ALL)
    assert rounds(Serving(max_size_mb=5)) == rounds(Serving())


def _turns(random: np.random.Generator, ratio: float) -> tuple[Times, Times]:
    """60 rounds on a machine with slow stretches and, one call in ten, an interruption."""
    stretch = np.exp(np.repeat(random.normal(0, 0.5, 12), 5))

    def times(usual: float) -> Times:
        interrupted = np.where(random.uniform(size=60) < 0.1, random.uniform(1, 20, 60), 1)
        return usual * stretch * interrupted * np.exp(random.normal(0, 0.1, 60))

    return times(ratio), times(1.0)


def test_chance_of_a_wrong_slowdown() -> None:
    """On a noisy machine an equal model is called slower in at most 2.5 %, a slower one surely."""
    random = np.random.default_rng(4)
    equal = [slowdown(*_turns(random, 1.0), 0.95).low > 1 for _ in range(1500)]
    assert np.mean(equal) <= 0.025
    slower = [slowdown(*_turns(random, 1.3), 0.95).low > 1 for _ in range(300)]
    assert np.mean(slower) >= 0.98


def test_chance_of_a_wrong_latency() -> None:
    """A model of which exactly 5 % of the answers are above the budget fails in at most 2.5 %."""
    random = np.random.default_rng(5)
    budget = -np.log(0.05)  # the 95th percentile of an exponential time
    on_it = [slow(random.exponential(1, 60), budget, 0.95) for _ in range(3000)]
    assert np.mean(on_it) <= 0.025
    above = [slow(random.exponential(3, 60), budget, 0.95) for _ in range(300)]
    assert np.mean(above) >= 0.98
