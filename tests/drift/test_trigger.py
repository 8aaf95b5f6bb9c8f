"""When a retrain is due: who asks, what has to wait, and what is said about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.schema import Retrain
from tasks.drift.trigger import AGE, FIRST, STANDING, Due, Record, due, intent
from tasks.records import Intent, Interval, Performance

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
    "all is well": (record(), Due(False, "", "champion is 10 days old and holds its promise")),
    "first": (record(None), Due(True, FIRST, "no champion yet")),
    "first, though there were refusals": (
        record(None, (8, 15)),
        Due(True, FIRST, "no champion yet"),
    ),
    "first waits too": (
        record(None, (1,)),
        Due(
            False,
            FIRST,
            "no champion yet, but cooling down until 2024-02-07 after the retrain of 2024-01-31",
        ),
    ),
    "a day short of old": (
        record(27.9),
        Due(False, "", "champion is 27 days old and holds its promise"),
    ),
    "old": (record(28), Due(True, AGE, "champion is 28 days old, 28 allowed")),
    "drop": (record(10, (10,), DROP), Due(True, DROP.cause, WHY)),
    "claimed by a run that has not finished": (
        record(10, (10,), replace(DROP, state="claimed")),
        Due(True, DROP.cause, WHY),
    ),
    "a drop comes before age": (record(40, (40,), DROP), Due(True, DROP.cause, WHY)),
    "the oldest of two drops": (
        record(10, (10,), DROP, replace(DROP, cause="later")),
        Due(True, DROP.cause, WHY),
    ),
    "an hour of cool-down left": (
        record(10, (7 - 1 / 24,), DROP),
        Due(
            False,
            DROP.cause,
            f"{WHY}, but cooling down until 2024-02-01 after the retrain of 2024-01-25",
        ),
    ),
    "cool-down over": (record(10, (7,), DROP), Due(True, DROP.cause, WHY)),
    "the latest attempt counts, in whatever order": (
        record(10, (3, 20), DROP),
        Due(
            False,
            DROP.cause,
            f"{WHY}, but cooling down until 2024-02-05 after the retrain of 2024-01-29",
        ),
    ),
    "budget spent": (
        record(10, (8, 15, 27), DROP),
        Due(False, DROP.cause, f"{WHY}, but 3 retrains in 28 days, 3 allowed"),
    ),
    "budget free again": (record(10, (8, 15, 28), DROP), Due(True, DROP.cause, WHY)),
    "budget of an old champion": (
        record(29, (8, 15, 22)),
        Due(
            False, AGE, "champion is 29 days old, 28 allowed, but 3 retrains in 28 days, 3 allowed"
        ),
    ),
    "this night's own attempt does not count": (
        record(10, (0,), DROP),
        Due(True, DROP.cause, WHY),
    ),
    "nor do attempts of later nights": (record(10, (-3,), DROP), Due(True, DROP.cause, WHY)),
    "too few days": (
        replace(record(None), trainable=False),
        Due(False, FIRST, "no champion yet, but too few complete days to train and judge on"),
    ),
    "too few days, and nobody asks": (
        replace(record(), trainable=False),
        Due(False, "", "champion is 10 days old and holds its promise"),
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
    assert (decided.wanted, decided.cause) == (False, FIRST)
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
    assert due(POLICY, record(10, (7,)), NIGHT, cause) == Due(True, cause, asks)
    waits = due(POLICY, record(10, (3,)), NIGHT, cause)
    assert (waits.wanted, waits.cause) == (False, cause)
    assert waits.reason.startswith(f"{asks}, but cooling down until")


def dropped(generation: int, version: int = 1) -> Intent:
    told = Performance(
        pipeline="shop",
        as_of=NIGHT,
        version=version,
        first_day=ago(9).date(),
        last_day=ago(3).date(),
        labels=1200,
        metric="roc_auc",
        measured=Interval(0.61, 0.58, 0.64),
        reference=0.7,
        dropped=True,
        reason="roc_auc .61, .70 promised",
    )
    return intent(told, generation)


def test_one_cause_until_a_decision() -> None:
    """The same drop measured again is the same cause; after a decision it is another."""
    assert dropped(3).cause == dropped(3).cause == "performance-dropped:v1:after-3"
    assert len({dropped(3).cause, dropped(4).cause, dropped(3, version=2).cause}) == 3


def test_evidence_of_a_drop() -> None:
    """An intent carries the numbers that it was raised on, and the policy can tell its reason."""
    raised = dropped(1)
    assert (raised.state, raised.as_of) == ("open", NIGHT)
    assert raised.evidence == {
        "metric": "roc_auc",
        "value": 0.61,
        "low": 0.58,
        "high": 0.64,
        "reference": 0.7,
        "labels": 1200,
        "first_day": "2024-01-23",
        "last_day": "2024-01-29",
        "reason": "roc_auc .61, .70 promised",
    }
    assert due(POLICY, record(10, (10,), raised), NIGHT).reason == WHY
