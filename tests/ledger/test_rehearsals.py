"""Attempts that were only rehearsed, as they are kept."""

import math
from dataclasses import replace

from tasks.ledger.ledger import Ledger
from tasks.ledger.rehearsals import Rehearsal
from tasks.records import Choice, Interval
from tests.ledger.conftest import night

REHEARSAL = Rehearsal(
    pipeline="flights",
    as_of=night(3),
    key="f00d",
    champion=None,
    candidate="boosting",
    choice=Choice.KEEP,
    reason="no better",
    metric="roc_auc",
    measured=Interval(0.73, 0.71, 0.75),
    reference=math.nan,
    snapshot="beef",
    evidence={"config_hash": "c0de"},
)


def test_it_comes_back_as_it_was(ledger: Ledger) -> None:
    """Undefined numbers too; by moment, then by key."""
    earlier = replace(REHEARSAL, as_of=night(1), champion=2, reference=0.7)
    assert ledger.keep_rehearsal(REHEARSAL)
    assert ledger.keep_rehearsal(earlier)
    first, second = ledger.rehearsals("flights")
    assert first == earlier
    assert math.isnan(second.reference)
    assert replace(second, reference=0.7) == replace(REHEARSAL, reference=0.7)
    assert ledger.rehearsals("other") == []
    assert REHEARSAL.told == "boosting against nobody: KEEP, no better"


def test_the_first_verdict_stands(ledger: Ledger) -> None:
    """The same attempt is not rehearsed twice; another of the same moment is another."""
    assert ledger.keep_rehearsal(REHEARSAL)
    assert not ledger.keep_rehearsal(replace(REHEARSAL, choice=Choice.PROMOTE))
    assert ledger.keep_rehearsal(replace(REHEARSAL, key="cafe"))
    assert [each.choice for each in ledger.rehearsals("flights")] == [Choice.KEEP, Choice.KEEP]
