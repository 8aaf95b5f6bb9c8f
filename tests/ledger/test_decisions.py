"""Decisions are appended once, in order, and answer who served when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tasks.errors import Conflict, Terminal
from tasks.ledger.ledger import Ledger
from tasks.records import Kind
from tests.ledger.conftest import entry, night, promote, refuse, roll_back


def test_first_decision(ledger: Ledger) -> None:
    """The first decision has sequence 1 and reads back as it was returned."""
    decided = ledger.decide(entry(ledger, Kind.PROMOTED, 1, 1))
    assert decided.sequence == 1
    assert ledger.decisions("flights") == [decided]
    assert ledger.decision("flights", "promoted 1") == decided


def test_undefined_numbers(ledger: Ledger) -> None:
    """An undefined number in the evidence is null, so that any reader can parse it."""
    decided = ledger.decide(entry(ledger, Kind.PROMOTED, 1, 1))
    assert decided.evidence == {"checks": [{"code": "floor", "value": None}], "roc_auc": 0.73}


def test_empty_ledger(ledger: Ledger) -> None:
    """A pipeline nobody has decided about has no champion and nothing to go back to."""
    assert ledger.generation("flights") == 0
    assert ledger.champion("flights") is None
    assert ledger.last_known_good("flights") is None
    assert ledger.decision("flights", "promoted 1") is None
    assert ledger.verify("flights") == []


def test_same_key(ledger: Ledger) -> None:
    """Deciding a known key again returns the stored decision, whatever else is asked for."""
    first = entry(ledger, Kind.PROMOTED, 1, 1)
    decided = ledger.decide(first)
    assert ledger.decide(replace(first, version=2, champion=2, reason="other")) == decided
    assert ledger.decisions("flights") == [decided]


def test_stale_generation(ledger: Ledger) -> None:
    """A decision taken on an older state of the ledger is a conflict and changes nothing."""
    stale = entry(ledger, Kind.PROMOTED, 2, 2)
    promote(ledger, 1)
    with pytest.raises(Conflict, match="decided after decision 0, but decision 1 has been"):
        ledger.decide(stale)
    assert ledger.champion("flights") == 1


def test_generation_of_the_future(ledger: Ledger) -> None:
    """A caller that claims to have seen more than there is does not leave a gap."""
    ahead = replace(entry(ledger, Kind.PROMOTED, 1, 1), generation=4)
    with pytest.raises(Conflict):
        ledger.decide(ahead)
    assert ledger.decisions("flights") == []


def test_pipelines_are_apart(ledger: Ledger) -> None:
    """Each pipeline has its own sequence, keys and champion."""
    promote(ledger, 1)
    other = replace(entry(ledger, Kind.PROMOTED, 1, 1), pipeline="bikes", generation=0)
    assert ledger.decide(other).sequence == 1
    assert ledger.generation("flights") == 1


def test_champion_as_of(ledger: Ledger) -> None:
    """The champion of a moment is the one that the last decision before it left serving."""
    promote(ledger, 1)
    refuse(ledger, 2)
    promote(ledger, 3)
    assert ledger.champion("flights", night(0) - timedelta(seconds=1)) is None
    assert ledger.champion("flights", night(1)) == 1
    assert ledger.champion("flights", night(2)) == 3
    assert ledger.champion("flights") == 3


def test_time_zones(ledger: Ledger) -> None:
    """The same instant in another time zone finds the same champion."""
    promote(ledger, 1)
    east = night(0).astimezone(timezone(timedelta(hours=14)))
    assert ledger.champion("flights", east) == 1
    assert ledger.decisions("flights")[0].as_of == night(0)


def test_naive_instants(ledger: Ledger) -> None:
    """An instant without a time zone is refused by name."""
    naive = replace(entry(ledger, Kind.PROMOTED, 1, 1), as_of=datetime(2013, 3, 15))  # noqa: DTZ001
    with pytest.raises(Terminal, match="2013-03-15T00:00:00 has no time zone"):
        ledger.decide(naive)
    assert ledger.decisions("flights") == []


def test_unstorable_evidence(ledger: Ledger) -> None:
    """Evidence that cannot be written down is refused before anything is written."""
    odd = replace(entry(ledger, Kind.PROMOTED, 1, 1), evidence={"model": object()})
    with pytest.raises(Terminal, match="evidence cannot hold a object"):
        ledger.decide(odd)
    assert ledger.generation("flights") == 0


@pytest.mark.parametrize(
    ("kind", "version", "champion"),
    [
        (Kind.PROMOTED, 2, 1),
        (Kind.PROMOTED, 2, None),
        (Kind.REFUSED, 2, 2),
        (Kind.REFUSED, 2, None),
        (Kind.EXPIRED, 2, 2),
        (Kind.ROLLED_BACK, 1, 1),
        (Kind.ROLLED_BACK, 2, 3),
    ],
)
def test_impossible_decisions(
    ledger: Ledger, kind: Kind, version: int, champion: int | None
) -> None:
    """A champion that does not follow from the kind of decision is never recorded."""
    promote(ledger, 1)
    with pytest.raises(Terminal, match="cannot turn champion 1 into"):
        ledger.decide(entry(ledger, kind, version, champion))
    assert ledger.generation("flights") == 1


def test_last_known_good(ledger: Ledger) -> None:
    """The way back leads to the champion before, past those refused and rolled back."""
    promote(ledger, 1)
    assert ledger.last_known_good("flights") is None
    promote(ledger, 2)
    refuse(ledger, 3)
    promote(ledger, 4)
    assert ledger.last_known_good("flights") == 2
    roll_back(ledger, 4, 2)
    assert ledger.last_known_good("flights") == 1
    promote(ledger, 5)
    assert ledger.last_known_good("flights") == 2
    roll_back(ledger, 5, 2)
    roll_back(ledger, 2, 1)
    assert ledger.last_known_good("flights") is None
    assert ledger.verify("flights") == []


def test_recorded_in_utc(ledger: Ledger) -> None:
    """What is read back is in UTC, whatever time zone it was written in."""
    promote(ledger, 1)
    assert ledger.decisions("flights")[0].as_of.tzinfo == UTC
