"""Back to a version that has served well, and to no other."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone

import pytest

from tasks.errors import Conflict, Terminal
from tasks.ledger.deciding import Bench, bench
from tasks.ledger.ledger import Ledger
from tasks.ledger.rollback import Return, roll_back, target
from tasks.records import Interval, Kind
from tests.ledger.conftest import entry, model, night, promote, refuse


def asked(version: int | None = None, at: int = 10) -> Return:
    return Return("flights", night(at), version, "it went wrong", night(1000))


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """Versions 1, 2 and 4 have served, 4 still does; 3 was refused."""
    for number in (1, 2, 3, 4):
        ledger.keep_version(model(number), Interval(0.7, 0.6, 0.8))
        (refuse if number == 3 else promote)(ledger, number)
    return ledger


def here(ledger: Ledger) -> Bench:
    return bench(ledger, "flights", night(10))


def back(ledger: Ledger, version: int | None = None, at: int = 10) -> int:
    """Roll back as the flow does; the version that serves then."""
    request, found = asked(version, at), bench(ledger, "flights", night(at))
    decision = roll_back(ledger, request, found, target(ledger, request, found))
    assert decision.champion is not None
    return decision.champion


def test_last_known_good(three: Ledger) -> None:
    """Without a name it is the champion before, never a refused one."""
    assert target(three, asked(), here(three)) == 2


def test_down_the_ladder(three: Ledger) -> None:
    """Who was rolled back once is not returned to, until nobody good is left."""
    assert [back(three, at=at) for at in (10, 11)] == [2, 1]
    with pytest.raises(Terminal, match=r"no earlier champion that was not .*; v1 stays"):
        back(three, at=12)
    assert three.champion("flights") == 1


def test_named(three: Ledger) -> None:
    """A person may name any version that has served and was not rolled back itself."""
    assert back(three, 1) == 1
    with pytest.raises(Terminal, match=r"v4 was rolled back .* `ratchet promote flights --v"):
        back(three, 4, at=11)


def test_the_ledger_itself_keeps_them_out(three: Ledger) -> None:
    """Neither a gate nor a rollback makes a version serve that was rolled back; a person may."""
    assert back(three) == 2
    again = entry(three, Kind.PROMOTED, 4, 4)
    for kept_out in (again, entry(three, Kind.ROLLED_BACK, 2, 4)):
        with pytest.raises(Terminal, match="serves again only by a person's word"):
            three.decide(replace(kept_out, key="another attempt"))
    assert three.blocklist("flights") == {4}
    by_ada = replace(again, key="by Ada", evidence={"by": "Ada"})
    assert three.decide(by_ada).champion == 4
    assert three.blocklist("flights") == set()
    assert three.verify("flights") == []


def test_asked_by_a_probation(three: Ledger) -> None:
    """A promotion's probation asks once, whenever and however often it does."""
    request = replace(asked(), probation_of=4)
    decision = roll_back(three, request, here(three), 2)
    assert decision.evidence == {"from": 4, "to": 2, "probation_of": 4}
    later = replace(request, as_of=night(12), reason="again")
    assert roll_back(three, later, bench(three, "flights", night(12)), 1) == decision


@pytest.mark.parametrize(
    ("version", "why"),
    [(3, "has never been champion"), (9, "has never been champion"), (4, "serves already")],
)
def test_named_wrongly(three: Ledger, version: int, why: str) -> None:
    """A version that never served, or serves now, is no target; those that did are named."""
    with pytest.raises(Terminal, match=f"v{version} {why}; champions so far: v1, v2, v4"):
        target(three, asked(version), here(three))


@pytest.mark.parametrize("version", [None, 1])
def test_nobody_serves(ledger: Ledger, version: int | None) -> None:
    """Without a champion there is nothing to roll back from."""
    with pytest.raises(Terminal, match="nothing to roll back, there is no champion"):
        target(ledger, asked(version), here(ledger))
    with pytest.raises(Terminal, match="nothing to roll back"):
        roll_back(ledger, asked(version), here(ledger), 1)


def test_only_champion(ledger: Ledger) -> None:
    """The first champion has nobody behind it, and stays."""
    ledger.keep_version(model(1), Interval(0.7, 0.6, 0.8))
    promote(ledger, 1)
    with pytest.raises(Terminal, match="v1 stays"):
        target(ledger, asked(), here(ledger))


def test_decision(three: Ledger) -> None:
    """The decision names who is out and who serves; asked again it is the same one."""
    request, found = asked(), here(three)
    decision = roll_back(three, request, found, 2)
    assert (decision.kind, decision.version, decision.champion) == (Kind.ROLLED_BACK, 4, 2)
    assert decision.evidence == {"from": 4, "to": 2}
    assert decision.reason == "it went wrong"
    assert roll_back(three, request, found, 2) == decision
    assert three.decision("flights", request.key) == decision


def test_lost_race(three: Ledger) -> None:
    """Somebody else decided meanwhile: nothing is written."""
    found = here(three)
    refuse(three, 5)
    with pytest.raises(Conflict):
        roll_back(three, asked(), found, 2)
    assert three.champion("flights") == 4


def test_key() -> None:
    """The same request in any time zone is the same; another moment or version is another."""
    key = asked().key
    tokyo = replace(asked(), as_of=night(10).astimezone(timezone(timedelta(hours=9))))
    assert tokyo.key == key == replace(asked(), reason="other", recorded_at=night(3)).key
    assert len({key, asked(2).key, asked(at=11).key, replace(asked(), pipeline="x").key}) == 4
    assert night(10).tzinfo is UTC
