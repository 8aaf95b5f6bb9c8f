"""Every verdict becomes one decision, every drop one intent, and nobody rewrites the past."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.errors import Conflict, Terminal
from tasks.ledger.deciding import Bench, Ruling, bench, decide, journal, measured, settle
from tasks.ledger.ledger import Ledger
from tasks.records import Choice, Decision, Kind, Outcome
from tests.evaluation.hearings import hearing
from tests.ledger.conftest import (
    admission,
    intent,
    model,
    night,
    performance,
    promote,
    refuse,
    roll_back,
)

CAUSE = "performance-dropped:v1:after-1"


def ruling(ledger: Ledger, number: int, choice: Choice, at: int | None = None) -> Ruling:
    """A judged version, as of the night after the last decision."""
    when = night(ledger.generation("flights") if at is None else at)
    return Ruling(
        hearing=hearing(choice, as_of=when),
        version=model(number),
        key=f"attempt {number}",
        bench=bench(ledger, "flights", when),
        recorded_at=night(1000),
    )


def kept(ledger: Ledger, number: int) -> None:
    """A champion with its version on record."""
    ledger.keep_version(model(number), hearing(Choice.PROMOTE).reference)
    promote(ledger, number)


def test_bench_before_the_first(ledger: Ledger) -> None:
    """Nobody serves, nothing has been decided, and no day has been seen."""
    empty = bench(ledger, "flights", night(0))
    assert empty == Bench(None, 0)
    assert empty.trained_through is None


def test_bench(ledger: Ledger) -> None:
    """Who serves, after how many decisions, and what it was trained on."""
    kept(ledger, 1)
    refuse(ledger, 2)
    found = bench(ledger, "flights", night(2))
    assert found == Bench(model(1), 2)
    assert found.trained_through == model(1).trained_through


def test_the_past_is_not_decided_on(ledger: Ledger) -> None:
    """An attempt as of a moment before the last decision is refused, with both moments."""
    kept(ledger, 1)
    refuse(ledger, 2)
    message = (
        r"flights: decision 2 was taken as of 2013-03-16 07:00, after 2013-03-16 06:59; .* "
        r"Use a later --as-of"
    )
    with pytest.raises(Terminal, match=message):
        bench(ledger, "flights", night(1) - timedelta(minutes=1))
    assert bench(ledger, "flights", night(1)).generation == 2


@pytest.mark.parametrize(
    ("choice", "kind", "champion"),
    [
        (Choice.PROMOTE, Kind.PROMOTED, 2),
        (Choice.KEEP, Kind.REFUSED, 1),
        (Choice.UNDECIDED, Kind.REFUSED, 1),
    ],
)
def test_verdicts(ledger: Ledger, choice: Choice, kind: Kind, champion: int) -> None:
    """Only a promotion changes who serves; the reason says which verdict and why."""
    kept(ledger, 1)
    decided = decide(ledger, ruling(ledger, 2, choice))
    assert (decided.kind, decided.version, decided.champion) == (kind, 2, champion)
    assert ledger.champion("flights") == champion
    assert decided.reason.startswith(f"champion is old: {choice.value}, ")
    assert decided.evidence["choice"] == choice.value
    assert ledger.version("flights", 2) == model(2)
    assert ledger.verify("flights") == []


def test_first_one_refused(ledger: Ledger) -> None:
    """A refused first model leaves nobody in charge, and is on record all the same."""
    decided = decide(ledger, ruling(ledger, 1, Choice.KEEP))
    assert (decided.champion, ledger.champion("flights")) == (None, None)
    assert ledger.version("flights", 1) == model(1)


def test_decided_twice(ledger: Ledger) -> None:
    """The same attempt decides once."""
    once = ruling(ledger, 1, Choice.PROMOTE)
    assert decide(ledger, once) == decide(ledger, once)
    assert ledger.generation("flights") == 1


def test_one_decision_for_a_cause(ledger: Ledger) -> None:
    """A second attempt for a cause gets the answer that it has, whatever it found out itself."""
    kept(ledger, 1)
    first, second = (replace(ruling(ledger, n, Choice.KEEP, at=1), cause=CAUSE) for n in (2, 3))
    decision = decide(ledger, first)
    assert decision.evidence["cause"] == CAUSE
    assert decide(ledger, second) == decision
    late = replace(ruling(ledger, 4, Choice.PROMOTE), cause=CAUSE)
    assert decide(ledger, late) == decision, "also when it began after the decision"
    assert ledger.generation("flights") == 2
    other = decide(ledger, replace(ruling(ledger, 5, Choice.PROMOTE), cause="another drop"))
    assert other.sequence == 3


def test_lost_race(ledger: Ledger) -> None:
    """Of two attempts on one champion the second finds its ground gone, and nothing is written."""
    kept(ledger, 1)
    first, second = (ruling(ledger, number, Choice.PROMOTE, at=1) for number in (2, 3))
    decide(ledger, first)
    with pytest.raises(Conflict, match=r"version 3 .* after decision 1, but decision 2"):
        decide(ledger, second)
    assert ledger.champion("flights") == 2
    assert ledger.generation("flights") == 2


def answered(ledger: Ledger, choice: Choice = Choice.KEEP) -> Decision:
    """A drop of version 1 that an attempt has answered."""
    kept(ledger, 1)
    ledger.intend(intent(CAUSE))
    decision = decide(ledger, ruling(ledger, 2, choice, at=1))
    settle(ledger, CAUSE, decision)
    return decision


def test_settle(ledger: Ledger) -> None:
    """The intent is done, its outcome is the decision; once more changes nothing."""
    decision = answered(ledger)
    before = ledger.intents("flights")
    assert (before[0].state, before[0].outcome) == ("done", f"v2 refused: {decision.reason}")
    settle(ledger, CAUSE, decision)
    settle(ledger, "age", decision)
    assert ledger.intents("flights") == before


def test_settle_without_claim(ledger: Ledger) -> None:
    """A retrain by hand that names a cause answers it."""
    kept(ledger, 1)
    ledger.intend(intent(CAUSE))
    settle(ledger, CAUSE, decide(ledger, ruling(ledger, 2, Choice.KEEP)))
    assert ledger.intents("flights")[0].state == "done"


def test_promotion_makes_drops_moot(ledger: Ledger) -> None:
    """What was said about a champion is not held against the one that took its place."""
    ledger.intend(intent("an older drop"))
    ledger.intend(intent("a later drop", 5))
    answered(ledger, Choice.PROMOTE)
    states = {each.cause: (each.state, each.outcome) for each in ledger.intents("flights")}
    assert states["an older drop"] == ("declined", "moot: v2 was promoted")
    assert states["a later drop"] == ("open", "")
    assert states[CAUSE][0] == "done"


def test_refusal_leaves_other_drops(ledger: Ledger) -> None:
    """A refusal answers its own cause only."""
    ledger.intend(intent("an older drop"))
    answered(ledger, Choice.KEEP)
    states = {each.cause: each.state for each in ledger.intents("flights")}
    assert states == {"an older drop": "open", CAUSE: "done"}


def test_drop_is_an_intent_first(ledger: Ledger) -> None:
    """A drop is kept with its intent; the same moment measured again is no news."""
    drop = intent(CAUSE, 3)
    assert measured(ledger, performance(3, value=0.6), drop)
    assert not measured(ledger, performance(3, value=0.6), drop)
    assert ledger.open_intents("flights") == [drop]
    assert [each.dropped for each in ledger.performances("flights")] == [True]


def test_no_drop_no_intent(ledger: Ledger) -> None:
    """A measurement that is no drop asks for nothing."""
    assert measured(ledger, performance(3), None)
    assert ledger.intents("flights") == []


def test_killed_between_intent_and_measurement(ledger: Ledger) -> None:
    """Run again, the measurement is news and the intent is there once."""
    drop = intent(CAUSE, 3)
    ledger.intend(drop)
    assert measured(ledger, performance(3, value=0.6), drop)
    assert ledger.open_intents("flights") == [drop]


def test_same_drop_next_night(ledger: Ledger) -> None:
    """The same cause measured again is a measurement more and no second intent."""
    measured(ledger, performance(3, value=0.6), intent(CAUSE, 3))
    assert measured(ledger, performance(4, value=0.6), intent(CAUSE, 4))
    assert [each.as_of for each in ledger.intents("flights")] == [night(3)]


def test_journal(ledger: Ledger) -> None:
    """Deliveries are not judged again: accepted ones never, refused ones by the same rules."""
    definition = hearing(Choice.KEEP).definition
    flights = replace(
        definition, pipeline=definition.pipeline.model_copy(update={"name": "flights"})
    )
    journal(ledger, flights, [admission("a"), admission("b", Outcome.REFUSED)], night(0))
    journal(ledger, flights, [], night(1))
    assert ledger.seen("flights") == {
        ("weather", "2013-03-14", "a", ""),
        ("weather", "2013-03-14", "b", definition.config_hash),
    }


def test_after_a_rollback(ledger: Ledger) -> None:
    """After a rollback the bench has who serves again."""
    kept(ledger, 1)
    kept(ledger, 2)
    roll_back(ledger, 2, 1)
    assert bench(ledger, "flights", night(3)) == Bench(model(1), 3)
