"""A selftest that missed something keeps the gate from promoting, and nobody else."""

from dataclasses import replace
from datetime import UTC, datetime

from flows.promote import promote
from flows.retrain import retrain
from tasks.ledger.selftests import Case, Selftest
from tasks.records import Kind
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night

MISSED = Case("label-shuffled", "challenger", ("floor:roc_auc",), False, (), "promoted", 3.0)
FAILED = Selftest(datetime(2024, 1, 30, tzinfo=UTC), "c0de", (MISSED,))
PASSED = replace(FAILED, cases=(replace(MISSED, refused=True, by=("floor:roc_auc",)),))


def test_a_miss_stops_the_gate_and_no_person(turned: Installation) -> None:
    """The better challenger is refused by `canaries` alone; a person still makes it serve."""
    ledger = turned.stores.ledger
    ledger.keep_selftest(NAME, FAILED)
    refused = decided(retrain(NAME, night(day(LATE))))
    assert refused.kind is Kind.REFUSED
    checks = refused.evidence["checks"]
    assert isinstance(checks, list)
    against = [check["code"] for check in checks if check["status"] in ("fail", "no evidence")]
    assert [code for code in against if code == "canaries"] == ["canaries"]
    assert "missed: label-shuffled" in refused.reason
    assert promote(refused.version, "looked at", "Ada", NAME, night(day(LATE))).champion == 2


def test_a_selftest_that_passes_opens_it_again(turned: Installation) -> None:
    """The last selftest counts: after one that passed the same challenger is promoted."""
    ledger = turned.stores.ledger
    ledger.keep_selftest(NAME, FAILED)
    ledger.keep_selftest(NAME, PASSED)
    assert decided(retrain(NAME, night(day(LATE)))).champion == 2
