"""Back to a version that has served well, and nowhere else."""

import pytest

from flows.ingest import ingest
from flows.promote import promote
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night


def test_the_last_known_good_version_serves_again(renewed: Installation) -> None:
    """Ledger first, then alias; questions asked from then on are answered by it."""
    decision = rollback(NAME, night(day(35)), reason="customers complain")
    assert (decision.kind, decision.version, decision.champion) == ("rolled back", 2, 1)
    assert decision.reason == "customers complain"
    assert renewed.stores.registry.pointed(NAME) == 1
    renewed.deliver(34, 35)
    ingest(NAME, night(day(36)))
    assert score(NAME, night(day(36))).rows == 140
    answers = renewed.answers()
    assert set(answers[answers["day"] == "2024-02-03"]["version"]) == {2}
    assert set(answers[answers["day"] == "2024-02-04"]["version"]) == {1}
    assert renewed.stores.ledger.verify(NAME) == []


def refused(shop: Installation, version: int | None, says: str) -> None:
    """A rollback that is refused with a message, and changes nothing."""
    before = shop.state()
    with pytest.raises(Terminal, match=says):
        rollback(NAME, night(day(36)), version)
    assert shop.state() == before


def test_there_is_no_way_back_from_the_way_back(renewed: Installation) -> None:
    """After a rollback the version that was taken out is not what the next one returns to."""
    rollback(NAME, night(day(35)))
    refused(renewed, None, "no earlier champion that was not rolled back itself; v1 stays")


def test_the_version_that_was_taken_out(renewed: Installation) -> None:
    """No way back leads to it, named or not; a person who promotes it makes it serve again."""
    rollback(NAME, night(day(35)))
    refused(renewed, 2, "v2 was rolled back itself; .* `ratchet promote shop --version 2`")
    assert promote(2, "the data was at fault", "Ada", NAME, night(day(36))).champion == 2
    assert renewed.stores.registry.pointed(NAME) == 2
    assert rollback(NAME, night(day(37))).champion == 1


def test_silence_never_served(turned: Installation) -> None:
    """A version whose approval expired is nothing to return to."""
    turned.define({"approval": {"ask": True}})
    assert decided(retrain(NAME, night(day(LATE)))).kind == "expired"
    refused(turned, 2, "v2 has never been champion; champions so far: v1")


def test_to_the_champion_itself(renewed: Installation) -> None:
    """There is nothing to return to in what serves already."""
    refused(renewed, 2, "v2 serves already; champions so far: v1, v2")


def test_to_a_version_that_was_refused(turned: Installation) -> None:
    """A version that never served is not good because it is old."""
    turned.define({"gate": {"floors": {"roc_auc": 0.999}}})
    assert decided(retrain(NAME, night(day(LATE)))).champion == 1
    refused(turned, 2, "v2 has never been champion; champions so far: v1")
    refused(turned, None, "no earlier champion")


def test_without_a_champion(empty: Installation) -> None:
    """Before the first champion there is nothing to roll back."""
    empty.deliver(1, 1)
    ingest(NAME, night(day(3)))
    refused(empty, None, "nothing to roll back, there is no champion")


def test_before_the_last_decision(renewed: Installation) -> None:
    """Who served in the past cannot be changed any more."""
    before = renewed.state()
    with pytest.raises(Terminal, match="a champion cannot be changed in the past"):
        rollback(NAME, night(day(LATE - 1)))
    assert renewed.state() == before
