"""A drop is measured, asks for a retrain, and gets one when policy allows it."""

import pytest

from flows.ingest import ingest
from flows.nightly import nightly
from flows.retrain import retrain
from flows.watch import watch
from tests.conftest import LATE
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night, written

NOBODY_WINS = {"gate": {"floors": {"roc_auc": 0.999}}}


def test_a_drop_becomes_an_intent_with_its_evidence(turned: Installation) -> None:
    """What was promised, what was measured, and on how many labels, written down before acting."""
    watched = watch(NAME, night(day(LATE)))
    assert watched.performance.dropped
    assert "promised" in watched.performance.reason
    (intent,) = turned.stores.ledger.intents(NAME)
    assert (intent.cause, intent.state) == ("performance-dropped:v1:after-1", "open")
    assert intent.evidence["labels"] == watched.performance.labels == 350
    assert turned.stores.ledger.decisions(NAME)[-1].sequence == 1


def test_the_night_answers_the_drop(turned: Installation) -> None:
    """The retrain's decision names the drop, and the intent names the decision."""
    told = nightly(NAME, night(day(LATE)))
    assert told.due.cause == "performance-dropped:v1:after-1"
    decision = decided(told.retrained)
    assert decision.champion == 2
    assert decision.reason.startswith("performance dropped: roc_auc")
    (intent,) = turned.stores.ledger.intents(NAME)
    assert intent.state == "done"
    assert intent.outcome.startswith("v2 promoted: performance dropped")


@pytest.mark.slow
def test_the_new_champion_holds_its_promise(turned: Installation) -> None:
    """After the retrain the watch measures the new champion, on its own answers only."""
    nightly(NAME, night(day(LATE)))
    turned.deliver(LATE, LATE + 6)
    later = nightly(NAME, night(day(LATE + 7)))
    assert later.watched.performance.version == 2
    assert not later.watched.performance.dropped
    assert not later.due.wanted


@pytest.mark.slow
def test_cool_down_and_budget_are_kept(turned: Installation) -> None:
    """After an attempt the loop waits; after enough attempts it waits longer, and says so."""
    turned.define({**NOBODY_WINS, "retrain": {"budget": 2}})
    assert nightly(NAME, night(day(LATE))).retrained is not None
    waits = nightly(NAME, night(day(LATE + 1)))
    assert waits.retrained is None
    assert "performance dropped" in waits.due.reason
    assert "cooling down until 2024-02-06 after the retrain of 2024-02-03" in waits.due.reason
    assert nightly(NAME, night(day(LATE + 3))).retrained is not None
    spent = nightly(NAME, night(day(LATE + 6)))
    assert spent.retrained is None
    assert spent.due.reason.endswith("but 2 retrains in 14 days, 2 allowed")
    assert len(turned.stores.ledger.decisions(NAME)) == 3
    assert turned.stores.ledger.champion(NAME) == 1


def test_a_drop_that_was_answered_by_hand_is_not_answered_again(turned: Installation) -> None:
    """A person's retrain settles the cause that it names."""
    watch(NAME, night(day(LATE)))
    cause = "performance-dropped:v1:after-1"
    by_hand = retrain(NAME, night(day(LATE)), "I saw the page", cause)
    assert decided(by_hand).champion == 2
    told = nightly(NAME, night(day(LATE + 1)))
    assert told.retrained is None
    assert [intent.state for intent in turned.stores.ledger.intents(NAME)] == ["done"]


def test_a_day_of_one_class_is_no_drop(trained: Installation) -> None:
    """A metric that is undefined is not bad: it is told as undefined, and nothing starts."""
    trained.deliver(19, 21)
    for number in (19, 20, 21, 22):
        kept = [row | {"returned": "false"} for row in trained.world.returns(day(number))]
        trained.put("returns", day(number), written(kept))
    ingest(NAME, night(day(23)))
    told = nightly(NAME, night(day(23)))
    assert "undefined" in told.watched.performance.reason
    assert (told.watched.performance.dropped, told.retrained) == (False, None)
