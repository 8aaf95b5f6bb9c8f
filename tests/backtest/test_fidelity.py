"""A simulated night is a real one: the same steps come to the same ends."""

import pytest

from flows.nightly import nightly
from tasks.backtest.arms import NEVER, Arm, Lived, Period, references
from tasks.backtest.book import Book
from tasks.backtest.home import Home
from tasks.backtest.live import homes, lived
from tasks.records import Decision
from tasks.stores import Stores
from tests.conftest import LATE, TRAINED, TURNED
from tests.installation import Installation
from tests.shop import NAME, Shop, day, night

FIRST, LAST = 16, 34
_HERE = ("attempts", "costs", "cpu_seconds", "snapshot")
"""Evidence of what it took here, and of when the lake was read."""
_TIMED = "serving:"


def told(_: int) -> None:
    """Nobody listens."""


def said(decision: Decision) -> dict[str, object]:
    """A decision without what differs from run to run: times, and the hashes over them."""
    checks = decision.evidence["checks"]
    assert isinstance(checks, list)
    evidence = {name: each for name, each in decision.evidence.items() if name not in _HERE}
    evidence["checks"] = [each for each in checks if not each["code"].startswith(_TIMED)]
    named = ("kind", "as_of", "key", "version", "champion", "reason")
    return {**{name: getattr(decision, name) for name in named}, **evidence}


def own(stores: Stores, lives: list[Lived], name: str) -> Home:
    """The stores that an arm has left."""
    return homes(stores, lives)[name]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_life_is_the_real_one(empty: Installation) -> None:
    """Three weeks of a world that turns: every decision, evaluation, measurement, reading and
    prediction of the real nights, from a lake that holds all of their deliveries."""
    shop = Installation(empty.settings, Shop(turns_on=day(TURNED)))
    shop.deliver(1, FIRST - 2)
    for number in range(FIRST, LAST + 1):
        shop.deliver(number - 1, number - 1)
        nightly(NAME, night(day(number)))
    stores = shop.stores
    shipped = Arm("as shipped", stores.definition)
    (life,) = lived(stores, [shipped], Period(day(FIRST), day(LAST)), told)
    real, arm = stores.ledger, Book(f"sqlite:///{life.folder / 'ledger.db'}", stores.ledger)
    assert not life.error
    assert len(life.decisions) >= 3
    assert list(map(said, life.decisions)) == list(map(said, real.decisions(NAME)))
    assert arm.evaluations(NAME) == real.evaluations(NAME)
    assert arm.intents(NAME) == real.intents(NAME)
    assert repr(arm.performances(NAME)) == repr(real.performances(NAME))  # nan is not nan
    assert repr(arm.readings(NAME)) == repr(real.readings(NAME))
    assert repr(arm.scored(NAME, night(day(LAST)))) == repr(real.scored(NAME, night(day(LAST))))
    logged = shop.answers()
    assert len(logged) > len(life.answers) > 1000
    both = life.answers.merge(logged, on=["order_id", "version"], validate="1:1")
    assert len(both) == len(life.answers)
    assert both["probability_x"].equals(both["probability_y"])


@pytest.mark.slow
def test_who_is_never_retrained_answers_like_the_first_champion(turned: Installation) -> None:
    """The first champion is the one that the real flow made, and answers what that one did."""
    stores = turned.stores
    before = {name: each for name, each in turned.state().items() if name != "work"}
    never, _ = references(stores.definition)
    (life,) = lived(stores, [never], Period(day(TRAINED), day(LATE)), told)
    (first,), (real,) = life.decisions, stores.ledger.decisions(NAME)
    assert (first.as_of, first.champion) == (real.as_of, 1)
    assert first.evidence["training"] == real.evidence["training"]
    assert first.evidence["measured"] == real.evidence["measured"]
    logged = turned.answers()
    found = own(stores, [life], NEVER).log.read(day(1), day(LATE))
    found = found.sort_values("prediction_id", ignore_index=True)
    assert found["prediction_id"].tolist() == logged["prediction_id"].tolist()
    assert found["probability"].equals(logged["probability"])
    assert {name: each for name, each in turned.state().items() if name != "work"} == before
