"""On what grounds a retrain would be asked for, and what holds a drop back."""

import json
from dataclasses import replace

import pytest

from tasks.drift.grounds import Grounds, Hold, drop, held
from tasks.drift.trigger import Due, evaluation, told
from tasks.ledger.text import canonical
from tasks.signs import Clock, Evaluation, Route, Routed, Why
from tests.drift.reads import looked, night, reading

FELL = looked([reading(9, 0.6)])
HOLDS = looked([reading(9, 0.7)])
DOUBT = looked([reading(9, 0.6, reach=0.2)])
UNKNOWN = looked([])
CONCEPT = Routed(Route.CONCEPT, "worse than estimated", {"gap": 0.05}, {"train_days": 30})
BROKEN = Routed(Route.BROKEN_DATA, "1 of 7 partitions was refused")
LABELS = Routed(Route.LABELS, "half of them are missing")


def test_the_most_telling_answer() -> None:
    """A drop before a doubt, a doubt before not knowing, and not knowing before holding."""
    found = [HOLDS, UNKNOWN, DOUBT, FELL]
    for worst in reversed(found):
        assert Grounds(tuple(found)).told == worst
        found.remove(worst)
    assert Grounds().told is None
    assert Grounds((HOLDS, DOUBT)).fired is None


DEAR = Grounds((FELL,), CONCEPT, "5 EUR lost < 9 EUR of a retrain", too_dear=True)
HELD = {
    "broken data": (Grounds((FELL,), BROKEN), Why.BROKEN_DATA, BROKEN.reason),
    "labels": (Grounds((FELL,), LABELS), Why.WAITS_FOR_LABELS, LABELS.reason),
    "too dear": (DEAR, Why.NOT_WORTH_IT, DEAR.inequality),
    "broken and too dear": (replace(DEAR, routed=BROKEN), Why.BROKEN_DATA, BROKEN.reason),
}


@pytest.mark.parametrize(("grounds", "why", "reason"), HELD.values(), ids=HELD)
def test_held_back(grounds: Grounds, why: Why, reason: str) -> None:
    """Broken data, moved labels and a price too high keep a drop from asking, and say so."""
    assert grounds.hold is not None
    assert grounds.hold.why is why
    assert grounds.hold.reason.endswith(reason)
    assert drop(grounds, 1) is None


@pytest.mark.parametrize("route", [each for each in Route if each.retrains or each is each.NOTHING])
def test_not_held_back(route: Route) -> None:
    """Where a retrain may help, or nothing is known of the cause, nothing holds a drop back."""
    grounds = Grounds((FELL,), Routed(route, "so"), "9 EUR lost > 5 EUR of a retrain")
    assert grounds.hold is None
    assert drop(grounds, 1) is not None


def test_nothing_fired() -> None:
    """Without a drop there is no intent, whatever the route."""
    assert drop(Grounds((HOLDS, DOUBT, UNKNOWN), CONCEPT), 1) is None


def test_a_drop_as_an_intent() -> None:
    """The intent carries the numbers, the clock, the route and what to run the retrain with."""
    raised = drop(Grounds((FELL,), CONCEPT), 3)
    assert raised is not None
    assert (raised.cause, raised.as_of, raised.state) == (
        "performance-dropped:v1:after-3", night(9), "open",
    )  # fmt: skip
    assert told(raised) == f"performance dropped: {FELL.reason}"
    assert raised.evidence == {
        "why": "performance dropped",
        "trigger": "drop",
        "clock": "realised",
        "metric": "roc_auc",
        "value": 0.6,
        "low": 0.58,
        "high": 0.62,
        "reference": 0.7,
        "labels": 1200,
        "first_day": "2024-01-01",
        "last_day": "2024-01-01",
        "reason": FELL.reason,
        "route": "concept drift",
        "routed": "worse than estimated",
        "suggested": {"train_days": 30},
    }
    assert json.loads(canonical(raised.evidence)) == raised.evidence


def test_the_same_cause_on_every_clock() -> None:
    """A drop that two clocks see is one cause and one retrain."""
    seen = reading(9, 0.6)
    soon = replace(FELL, reading=replace(seen, clock=Clock.ESTIMATED))
    raised = [drop(Grounds((each,)), 2) for each in (FELL, soon)]
    causes = {each.cause for each in raised if each is not None}
    assert causes == {"performance-dropped:v1:after-2"}


def test_a_shift_is_told_as_one() -> None:
    """Where inputs have shifted the retrain says so."""
    raised = drop(Grounds((FELL,), Routed(Route.COVARIATE, "AUC 0.8")), 1)
    assert raised is not None
    assert told(raised).startswith("inputs shifted and the estimate fell: roc_auc 0.600")


def kept(grounds: Grounds, number: int) -> Evaluation:
    """As the ledger gives it back."""
    made = evaluation(Due(False, "", "", Why.HOLDS), grounds, "shop", night(number))
    return replace(made, evidence=json.loads(canonical(made.evidence)))


def test_a_hold_lasts_until_the_next_look() -> None:
    """Who asks between two evaluations is held back as the last one was, and no longer."""
    evaluations = [kept(Grounds((FELL,), BROKEN), 1), kept(Grounds((FELL,), CONCEPT), 2)]
    assert held([], night(5)) is None
    assert held(evaluations, night(0)) is None
    found = held(evaluations, night(1.5))
    assert found == Hold(Why.BROKEN_DATA, f"the data are broken: {BROKEN.reason}")
    assert held(evaluations, night(2)) is None


def test_a_hold_with_nothing_to_hold_back() -> None:
    """An evaluation that knows no hold, as one of another making, holds nothing back."""
    bare = Evaluation("shop", night(1), False, Why.HOLDS, "")
    assert held([bare], night(2)) is None


def test_evidence_is_plain() -> None:
    """What is kept of each trigger: clock, version, measurement, baseline, bar and distance."""
    evidence = Grounds((FELL, UNKNOWN), CONCEPT, "9 EUR > 5 EUR", money={"lost": 9.0}).evidence()
    assert json.loads(canonical(evidence))["money"] == {"lost": 9.0}
    told_of = evidence["triggers"]
    assert isinstance(told_of, list)
    assert told_of[0]["measured"] == {"value": 0.6, "low": 0.58, "high": 0.62}
    assert (told_of[0]["version"], told_of[0]["bar"]) == (1, 0.7)
    assert told_of[1]["why"] == "too few labels to tell"
