"""What a promotion promised is held, once, against what it delivers."""

import pytest

from config import events as names
from flows.ingest import ingest
from flows.nightly import nightly
from flows.probation import probation
from flows.promote import promote
from tests.conftest import LATE
from tests.flows.told import events, run_of
from tests.installation import Installation
from tests.shop import NAME, Shop, day, night

OVER = LATE + 3
POLICY = {"days": 2, "min_rows": 100}


def lived(shop: Installation, turns_back: bool = False, **policy: int) -> Installation:
    """Three days after the promotion of v2; the world may be again what v1 was trained on."""
    shop.define({"gate": {"probation": {**POLICY, **policy}}})
    world = Shop() if turns_back else shop.world
    world.deliver(shop.landing, day(LATE), day(OVER - 1))
    ingest(NAME, night(day(OVER)))
    return shop


def test_passed(renewed: Installation) -> None:
    """A promotion that delivers is recorded beside its promise, and asked about once."""
    shop = lived(renewed)
    ended = probation(NAME, night(day(OVER)))
    assert ended is not None
    assert (ended.ending, ended.version, ended.replaced) == ("passed", 2, 1)
    assert ended.delivered.low > 0
    assert ended.promised.value > 0.4
    assert (ended.first_day, ended.rows) == (day(LATE), 140)
    before = shop.state()
    assert probation(NAME, night(day(OVER))) is None
    assert shop.state() == before
    assert shop.stores.ledger.probations(NAME) == [ended]


def test_rolled_back(renewed: Installation) -> None:
    """Shown worse, by policy: the version that it replaced serves again, and the night says so."""
    shop = lived(renewed, turns_back=True, roll_back=True)
    shop.define({"gate": {"probation": {**POLICY, "roll_back": True}}, "retrain": {"budget": 1}})
    lived_night = nightly(NAME, night(day(OVER)))
    assert lived_night.probation is not None
    assert lived_night.probation.ending == "worse, rolled back"
    assert any("probation of v2 worse, rolled back" in told for told in lived_night.told)
    decisions = shop.stores.ledger.decisions(NAME)
    returns = [each for each in decisions if each.kind == "rolled back"]
    assert [(each.version, each.champion) for each in returns] == [(2, 1)]
    assert returns[0].evidence["probation_of"] == 2
    assert shop.stores.ledger.blocklist(NAME) == {2}
    assert shop.stores.ledger.verify(NAME) == []
    assert probation(NAME, night(day(OVER))) is None


def test_a_crash_between_word_and_deed(renewed: Installation) -> None:
    """A rollback that was written down and not done is done by the next one, once."""
    shop = lived(renewed, turns_back=True, roll_back=True)
    first = probation(NAME, night(day(OVER)))
    shop.forge("DELETE FROM decisions WHERE sequence = 3")
    shop.forge(
        "UPDATE heads SET sequence = 2, hash = (SELECT hash FROM decisions WHERE sequence=2)"
    )
    shop.stores.repair_alias()
    assert shop.stores.ledger.champion(NAME) == 2
    assert probation(NAME, night(day(OVER + 1))) == first
    assert shop.stores.ledger.champion(NAME) == 1
    assert shop.stores.registry.pointed(NAME) == 1
    assert shop.stores.ledger.verify(NAME) == []


def test_an_alarm(renewed: Installation) -> None:
    """Without the policy a worse champion serves on, and somebody is told."""
    shop = lived(renewed, turns_back=True)
    run_id = run_of(probation, NAME, night(day(OVER)))
    (raised,) = events(run_id, names.ALARM_RAISED)
    assert raised["payload"]["what"] == "v2 is worse than v1, which it replaced"
    assert shop.stores.ledger.champion(NAME) == 2
    assert [each.ending for each in shop.stores.ledger.probations(NAME)] == ["worse"]


@pytest.mark.parametrize("policy", [{"days": 7}, {"min_rows": 1000}])
def test_too_early(renewed: Installation, policy: dict[str, int]) -> None:
    """Before its days are over, or its rows have labels, nothing is said."""
    shop = lived(renewed, False, **policy)
    assert probation(NAME, night(day(OVER))) is None
    assert shop.stores.ledger.probations(NAME) == []


def test_not_about_a_person(renewed: Installation) -> None:
    """A person's promotion is the person's word; and who has been replaced is not asked about."""
    promote(1, "I know better", "Ada", NAME, night(day(LATE)))
    lived(renewed, turns_back=True, roll_back=True)
    assert probation(NAME, night(day(OVER))) is None
    assert renewed.stores.ledger.probations(NAME) == []


def test_without_a_promotion_over_another(trained: Installation) -> None:
    """The first champion replaced nobody."""
    assert probation(NAME, night(day(40))) is None
