"""When a retrain is due, and when it has to wait: an answer with its reason, never silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.schema import Retrain
from tasks.records import Intent, Performance

AGE = "age"
FIRST = "first"
SCHEDULE = "schedule"
ARRIVAL = "data-arrived"
STANDING = {SCHEDULE: "its schedule asks", ARRIVAL: "new data has arrived"}
"""Causes that ask whenever they are named: no intent stands behind them."""


@dataclass(frozen=True)
class Due:
    """Whether to retrain now, for which cause, and why or why not."""

    wanted: bool
    cause: str
    reason: str


@dataclass(frozen=True)
class Record:
    """What the policy looks back on: when the champion took over, attempts, and open intents."""

    champion_since: datetime | None
    attempts: Sequence[datetime]
    intents: Sequence[Intent]
    trainable: bool


def due(policy: Retrain, record: Record, as_of: datetime, standing: str = "") -> Due:
    """Decide by policy: a drop, no champion, or an old one asks; cool-down and budget answer.

    A standing cause asks in their stead, and gets the same answer.
    """
    asks = (standing, STANDING[standing]) if standing else _asks(policy, record, as_of)
    cause, reason = asks
    if not cause:
        return Due(False, "", reason)
    if not record.trainable:
        return Due(False, cause, f"{reason}, but too few complete days to train and judge on")
    if as_of in record.attempts and not record.intents:
        return Due(False, cause, f"{reason}, but the attempt of this moment has been decided")
    wait = _waits(policy, record.attempts, as_of)
    return Due(not wait, cause, f"{reason}, but {wait}" if wait else reason)


def intent(performance: Performance, generation: int) -> Intent:
    """The drop as an intent: one cause for a champion and the decisions it has survived."""
    return Intent(
        pipeline=performance.pipeline,
        cause=f"performance-dropped:v{performance.version}:after-{generation}",
        as_of=performance.as_of,
        evidence={
            "metric": performance.metric,
            "value": performance.measured.value,
            "low": performance.measured.low,
            "high": performance.measured.high,
            "reference": performance.reference,
            "labels": performance.labels,
            "first_day": performance.first_day.isoformat(),
            "last_day": performance.last_day.isoformat(),
            "reason": performance.reason,
        },
        state="open",
    )


def told(drop: Intent) -> str:
    """Why a drop asks for a retrain, in words that name the run and stay with the decision."""
    return f"performance dropped: {drop.evidence['reason']}"


def _asks(policy: Retrain, record: Record, as_of: datetime) -> tuple[str, str]:
    if record.champion_since is None:
        return FIRST, "no champion yet"
    if record.intents:
        oldest = record.intents[0]
        return oldest.cause, told(oldest)
    age = (as_of - record.champion_since).days
    if age >= policy.max_age_days:
        return AGE, f"champion is {age} days old, {policy.max_age_days} allowed"
    return "", f"champion is {age} days old and holds its promise"


def _waits(policy: Retrain, attempts: Sequence[datetime], as_of: datetime) -> str:
    past = [attempt for attempt in attempts if attempt < as_of]
    rested = max(past, default=None)
    if rested is not None and as_of < rested + timedelta(days=policy.cool_down_days):
        until = rested + timedelta(days=policy.cool_down_days)
        return f"cooling down until {until:%Y-%m-%d} after the retrain of {rested:%Y-%m-%d}"
    recent = [each for each in past if each > as_of - timedelta(days=policy.budget_days)]
    if len(recent) >= policy.budget:
        return f"{len(recent)} retrains in {policy.budget_days} days, {policy.budget} allowed"
    return ""
