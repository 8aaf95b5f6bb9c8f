"""Selftests: what counts as a miss, what is kept, and what a miss keeps the gate from."""

from dataclasses import replace

import pytest

from tasks.ledger.canaries import canaries, check
from tasks.ledger.ledger import Ledger
from tasks.ledger.selftests import Case, Selftest
from tasks.records import Status
from tests.ledger.conftest import night

SHUFFLED = Case("shuffled", "challenger", ("floor",), True, ("floor", "slice"), "roc_auc .5", 3.0)
HONEST = Case("honest", "control", (), False, (), "promoted", 3.0)
PASSED = Selftest(night(1), "c0de", (SHUFFLED, HONEST))
FAILED = replace(PASSED, cases=(SHUFFLED, replace(HONEST, refused=True)))


@pytest.mark.parametrize(
    ("case", "missed"),
    [
        (SHUFFLED, False),
        (replace(SHUFFLED, refused=False, by=()), True),
        (replace(SHUFFLED, by=("evidence",)), True),
        (HONEST, False),
        (replace(HONEST, refused=True, by=("champion",)), True),
    ],
)
def test_a_miss(case: Case, missed: bool) -> None:
    """Sabotage has to be refused for a reason of its own, and what is honest has to be taken."""
    assert case.missed is missed


def test_the_false_accept_rate_and_its_limit() -> None:
    """None of ten accepted is a rate of 0, and below 26 % with 95 % confidence; controls apart."""
    selftest = replace(PASSED, cases=(SHUFFLED,) * 10 + (HONEST,))
    assert selftest.false_accept_rate == 0
    assert selftest.upper_limit == pytest.approx(1 - 0.05 ** (1 / 10))
    assert "0 of 10 sabotages accepted" in selftest.told
    assert "1 of 1 controls taken" in selftest.told


def test_the_last_one_counts(ledger: Ledger) -> None:
    """Every selftest is kept, of each pipeline apart, and the last is the one that is asked."""
    assert ledger.selftest("flights") is None
    failed = replace(PASSED, cases=(replace(SHUFFLED, refused=False),))
    ledger.keep_selftest("flights", failed)
    ledger.keep_selftest("trains", PASSED)
    assert ledger.selftest("flights") == failed
    ledger.keep_selftest("flights", PASSED)
    assert ledger.selftest("flights") == PASSED


def test_a_miss_blocks_the_gate() -> None:
    """A missed case fails the check; none yet does not apply; other code is told."""
    assert check(None, "c0de").status is Status.NOT_APPLICABLE
    assert check(PASSED, "c0de").status is Status.PASS
    assert "with the code of then (c0de, now 0ther)" in check(PASSED, "0ther").reason
    failed = check(FAILED, "c0de")
    assert failed.blocks
    assert "missed: honest" in failed.reason
    assert "ratchet selftest" in failed.reason


def test_the_gate_asks_the_ledger(ledger: Ledger) -> None:
    """The check is that of the pipeline's own last selftest."""
    ledger.keep_selftest("trains", FAILED)
    assert canaries(ledger, "flights").status is Status.NOT_APPLICABLE
    assert canaries(ledger, "trains").blocks
    ledger.keep_selftest("trains", PASSED)
    assert canaries(ledger, "trains").status is Status.PASS
