"""When a retrain is due: who asks, what has to wait, and what is said about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.watch import Retrain
from tasks.drift.grounds import Grounds, Hold, cause
from tasks.drift.trigger import (
    AGE,
    ARRIVAL,
    FIRST,
    SCHEDULE,
    STANDING,
    Due,
    Record,
    due,
    evaluation,
)
from tasks.records import Intent
from tasks.signs import Route, Routed, Why
from tests.drift.reads import looked, reading

NIGHT = datetime(2024, 2, 1, 3, tzinfo=UTC)
POLICY = Retrain(max_age_days=28, cool_down_days=7, budget=3, budget_days=28)
DROP = Intent(
    "shop", "performance-dropped:v1:after-1", NIGHT, {"reason": "roc_auc .61, .70 promised"}, "open"
)
WHY = "performance dropped: roc_auc .61, .70 promised"


def ago(days: float) -> datetime:
    return NIGHT - timedelta(days=days)


def record(since: float | None = 10, attempts: tuple[float, ...] = (), *intents: Intent) -> Record:
    """A champion of so many days, attempts so many days ago, and what asks."""
    champion_since = None if since is None else ago(since)
    return Record(champion_since, tuple(map(ago, attempts)), intents, trainable=True)


CASES = {
    "all is well": (
        record(),
        Due(False, "", "champion is 10 days old and holds its promise", Why.HOLDS),
    ),
    "first": (record(None), Due(True, FIRST, "no champion yet", Why.NO_CHAMPION)),
    "first, though there were refusals": (
        record(None, (8, 15)),
        Due(True, FIRST, "no champion yet", Why.NO_CHAMPION),
    ),
    "first waits too": (
        record(None, (1,)),
        Due(
            False,
            FIRST,
            "no champion yet, but cooling down until 2024-02-07 after the retrain of 2024-01-31",
            Why.COOLING_DOWN,
        ),
    ),
    "a day short of old": (
        record(27.9),
        Due(False, "", "champion is 27 days old and holds its promise", Why.HOLDS),
    ),
    "old": (record(28), Due(True, AGE, "champion is 28 days old, 28 allowed", Why.OLD)),
    "drop": (record(10, (10,), DROP), Due(True, DROP.cause, WHY, Why.DROPPED)),
    "claimed by a run that has not finished": (
        record(10, (10,), replace(DROP, state="claimed")),
        Due(True, DROP.cause, WHY, Why.DROPPED),
    ),
    "a drop comes before age": (record(40, (40,), DROP), Due(True, DROP.cause, WHY, Why.DROPPED)),
    "the oldest of two drops": (
        record(10, (10,), DROP, replace(DROP, cause="later")),
        Due(True, DROP.cause, WHY, Why.DROPPED),
    ),
    "an hour of cool-down left": (
        record(10, (7 - 1 / 24,), DROP),
        Due(
            False,
            DROP.cause,
            f"{WHY}, but cooling down until 2024-02-01 after the retrain of 2024-01-25",
            Why.COOLING_DOWN,
        ),
    ),
    "cool-down over": (record(10, (7,), DROP), Due(True, DROP.cause, WHY, Why.DROPPED)),
    "the latest attempt counts, in whatever order": (
        record(10, (3, 20), DROP),
        Due(
            False,
            DROP.cause,
            f"{WHY}, but cooling down until 2024-02-05 after the retrain of 2024-01-29",
            Why.COOLING_DOWN,
        ),
    ),
    "budget spent": (
        record(10, (8, 15, 27), DROP),
        Due(False, DROP.cause, f"{WHY}, but 3 retrains in 28 days, 3 allowed", Why.OVER_BUDGET),
    ),
    "budget free again": (record(10, (8, 15, 28), DROP), Due(True, DROP.cause, WHY, Why.DROPPED)),
    "budget of an old champion": (
        record(29, (8, 15, 22)),
        Due(
            False,
            AGE,
            "champion is 29 days old, 28 allowed, but 3 retrains in 28 days, 3 allowed",
            Why.OVER_BUDGET,
        ),
    ),
    "this night's own attempt does not count": (
        record(10, (0,), DROP),
        Due(True, DROP.cause, WHY, Why.DROPPED),
    ),
    "nor do attempts of later nights": (
        record(10, (-3,), DROP),
        Due(True, DROP.cause, WHY, Why.DROPPED),
    ),
    "too few days": (
        replace(record(None), trainable=False),
        Due(
            False,
            FIRST,
            "no champion yet, but too few complete days to train and judge on",
            Why.TOO_FEW_DAYS,
        ),
    ),
    "too few days, and nobody asks": (
        replace(record(), trainable=False),
        Due(False, "", "champion is 10 days old and holds its promise", Why.HOLDS),
    ),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_policy(found: Record, expected: Due) -> None:
    """Whether, for which cause and why: a wait names what asks and what it waits for."""
    assert due(POLICY, found, NIGHT) == expected


def test_a_moment_is_decided_once() -> None:
    """An attempt of this moment is not made again, unless a drop still waits for an answer."""
    policy = POLICY.model_copy(update={"cool_down_days": 0})
    decided = due(policy, record(None, (0,)), NIGHT)
    assert (decided.wanted, decided.cause, decided.why) == (False, FIRST, Why.DECIDED)
    assert decided.reason.endswith("but the attempt of this moment has been decided")
    assert due(policy, record(10, (0,), DROP), NIGHT).wanted


def test_without_cool_down() -> None:
    """No cool-down: an attempt a moment ago does not hold the next one back."""
    policy = POLICY.model_copy(update={"cool_down_days": 0})
    assert due(policy, record(10, (0.01,), DROP), NIGHT).wanted


@pytest.mark.parametrize("cause", STANDING)
def test_a_standing_cause_gets_the_same_answer(cause: str) -> None:
    """A schedule and new data ask each time; cool-down and budget hold for them as well."""
    asks = STANDING[cause]
    assert asks is {SCHEDULE: Why.SCHEDULED, ARRIVAL: Why.ARRIVED}[cause]
    assert due(POLICY, record(10, (7,)), NIGHT, cause) == Due(True, cause, asks.value, asks)
    waits = due(POLICY, record(10, (3,)), NIGHT, cause)
    assert (waits.wanted, waits.cause, waits.why) == (False, cause, Why.COOLING_DOWN)
    assert waits.reason.startswith(f"{asks}, but cooling down until")


def test_one_cause_until_a_decision() -> None:
    """The same drop measured again is the same cause; after a decision it is another."""
    assert cause(1, 3) == "performance-dropped:v1:after-3"
    assert len({cause(1, 3), cause(1, 4), cause(2, 3)}) == 3


HOLD = Hold(Why.BROKEN_DATA, "the data are broken: 1 refused")
FELL = replace(looked([reading(9, 0.6)]), why=Why.DROPPED, reason="0.100 worse")
HELD = {
    "a drop": (
        record(10, (10,), DROP),
        Due(False, DROP.cause, f"{WHY}, but {HOLD.reason}", Why.BROKEN_DATA),
    ),
    "a drop that became no intent": (
        replace(record(), told=FELL),
        Due(False, "", f"performance dropped: 0.100 worse, but {HOLD.reason}", Why.BROKEN_DATA),
    ),
    "not the first": (record(None), Due(True, FIRST, "no champion yet", Why.NO_CHAMPION)),
    "not age": (record(28), Due(True, AGE, "champion is 28 days old, 28 allowed", Why.OLD)),
    "nor who is well": (
        record(),
        Due(False, "", "champion is 10 days old and holds its promise", Why.HOLDS),
    ),
}


@pytest.mark.parametrize(("found", "expected"), HELD.values(), ids=HELD)
def test_what_is_held_back(found: Record, expected: Due) -> None:
    """A hold keeps a drop from asking, and neither the first champion nor an old one."""
    assert due(POLICY, replace(found, hold=HOLD), NIGHT) == expected


def test_a_standing_cause_is_not_held_back() -> None:
    """What is asked for by schedule is no matter of a drop."""
    answer = due(POLICY, replace(record(), hold=HOLD), NIGHT, SCHEDULE)
    assert (answer.wanted, answer.why) == (True, Why.SCHEDULED)


@pytest.mark.parametrize("why", [Why.UNDEFINED, Why.IN_DOUBT, Why.NOT_OFTEN_ENOUGH, Why.UNPROVEN])
def test_a_trigger_that_did_not_fire_says_why(why: Why) -> None:
    """Its own sentence stands behind the champion's age, under its own name."""
    found = replace(FELL, why=why, reason="not quite")
    expected = Due(False, "", "champion is 10 days old; not quite", why)
    assert due(POLICY, replace(record(), told=found), NIGHT) == expected


def test_a_drop_that_was_answered() -> None:
    """A trigger that still fires asks no second time for the same cause."""
    answer = due(POLICY, replace(record(), told=FELL), NIGHT)
    assert (answer.wanted, answer.why) == (False, Why.DECIDED)
    assert answer.reason.endswith("but its cause has been answered")


def test_an_evaluation_keeps_what_was_not_done() -> None:
    """The answer with its grounds: triggers, route, and what held it back."""
    grounds = Grounds((FELL,), Routed(Route.BROKEN_DATA, "1 refused"))
    answer = due(POLICY, replace(record(), told=grounds.told, hold=grounds.hold), NIGHT)
    kept = evaluation(answer, grounds, "shop", NIGHT)
    assert (kept.pipeline, kept.as_of, kept.wanted) == ("shop", NIGHT, False)
    assert (kept.why, kept.route) == (Why.BROKEN_DATA, Route.BROKEN_DATA)
    assert kept.evidence["hold"] == {"why": Why.BROKEN_DATA.value, "reason": HOLD.reason}
