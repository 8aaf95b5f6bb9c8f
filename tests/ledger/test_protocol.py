"""The promotion protocol, every interleaving of it: four defences, and each is needed."""

import pytest

from tests.ledger.protocol import BLOCKLIST, CAS, DECIDED_ONCE, DEFENCES, KEY, LOAD, explored


def test_with_all_defences() -> None:
    """Whatever crashes, is lost, comes in part or races: no invariant is broken."""
    found = explored(DEFENCES)
    assert found.traces == {}
    assert found.states > 4_000, "as many as that were looked at"


@pytest.mark.parametrize(
    ("without", "broken", "shortest"),
    [
        (KEY, "one attempt, one version", 3),
        (LOAD, "the champion loads", 4),
        (CAS, "the gate looked at the champion that was replaced", 8),
        (BLOCKLIST, "a rolled-back version does not return", 10),
    ],
)
def test_each_is_needed(without: str, broken: str, shortest: int) -> None:
    """Without one of them exactly its own invariant breaks; the shortest way there is told."""
    found = explored(DEFENCES - {without})
    assert set(found.traces) == {broken}
    trace = found.traces[broken]
    assert len(trace) == shortest, "\n".join(trace)


def test_the_sample_trace() -> None:
    """Why a blocklist: a promotion whose reply was lost is made again after its rollback."""
    trace = "\n".join(explored(DEFENCES - {BLOCKLIST}).traces.popitem()[1])
    assert "promotes v1, unheard" in trace
    assert "rolls v1 back to v0" in trace
    assert trace.endswith("retrainer 0 promotes v1")


def test_a_key_for_the_decision() -> None:
    """That the ledger decides once under a key stops that one too, and breaks nothing else."""
    assert explored(DEFENCES - {BLOCKLIST} | {DECIDED_ONCE}).traces == {}
