"""When a retrain is due, and when it has to wait: an answer with its reason, never silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.watch import Retrain
from tasks.drift.grounds import Grounds, Hold
from tasks.drift.triggers import Found
from tasks.records import Intent
from tasks.signs import Evaluation, Why

AGE = "age"
FIRST = "first"
SCHEDULE = "schedule"
ARRIVAL = "data-arrived"
STANDING = {SCHEDULE: Why.SCHEDULED, ARRIVAL: Why.ARRIVED}
"""Causes that ask whenever they are named: no intent stands behind them."""


@dataclass(frozen=True)
class Due:
    """Whether to retrain now, for which cause, and why or why not: `why` is of a closed set."""

    wanted: bool
    cause: str
    reason: str
    why: Why


@dataclass(frozen=True)
class Record:
    """What the policy looks back on: when the champion took over, attempts, and open intents.

    `told` is the most telling answer of tonight's triggers, `hold` what holds drops back.
    """

    champion_since: datetime | None
    attempts: Sequence[datetime]
    intents: Sequence[Intent]
    trainable: bool
    told: Found | None = None
    hold: Hold | None = None

    @property
    def drop(self) -> Intent | None:
        """The oldest drop without an answer, when nothing holds it back."""
        return self.intents[0] if self.intents and self.hold is None else None


def due(policy: Retrain, record: Record, as_of: datetime, standing: str = "") -> Due:
    """Decide by policy: a drop, no champion, or an old one asks; cool-down and budget answer.

    A standing cause asks in their stead, and gets the same answer. A drop that is held back does
    not ask, but does not keep an old champion from being replaced either.
    """
    asks = _asks(policy, record, as_of, standing)
    if not asks.wanted:
        return asks
    wait = _waits(policy, record, as_of)
    if wait is None:
        return asks
    return Due(False, asks.cause, f"{asks.reason}, but {wait.reason}", wait.why)


def told(drop: Intent) -> str:
    """Why a drop asks for a retrain, in words that name the run and stay with the decision."""
    return f"{_why(drop)}: {drop.evidence['reason']}"


def evaluation(answer: Due, grounds: Grounds, pipeline: str, as_of: datetime) -> Evaluation:
    """The policy's answer with everything it rests on, what was not done included."""
    return Evaluation(
        pipeline=pipeline,
        as_of=as_of,
        wanted=answer.wanted,
        why=answer.why,
        reason=answer.reason,
        cause=answer.cause,
        route=grounds.routed.route,
        evidence=grounds.evidence(),
    )


def _asks(policy: Retrain, record: Record, as_of: datetime, standing: str) -> Due:
    """Who asks for a retrain, whether or not it has to wait."""
    if standing:
        return Due(True, standing, STANDING[standing].value, STANDING[standing])
    if record.champion_since is None:
        return Due(True, FIRST, Why.NO_CHAMPION.value, Why.NO_CHAMPION)
    age = (as_of - record.champion_since).days
    if record.drop is not None:
        return Due(True, record.drop.cause, told(record.drop), _why(record.drop))
    if age >= policy.max_age_days:
        told_age = f"champion is {age} days old, {policy.max_age_days} allowed"
        return Due(True, AGE, told_age, Why.OLD)
    return _silent(record, age)


def _silent(record: Record, age: int) -> Due:
    """Nobody asks: what the triggers said, or what holds back the drop that they saw."""
    found, hold = record.told, record.hold
    if record.intents and hold is not None:
        oldest = record.intents[0]
        return Due(False, oldest.cause, f"{told(oldest)}, but {hold.reason}", hold.why)
    if found is None or found.why is Why.HOLDS:
        reason = f"champion is {age} days old and holds its promise"
        return Due(False, "", reason, Why.HOLDS)
    if not found.fired:
        return Due(False, "", f"champion is {age} days old; {found.reason}", found.why)
    dropped = f"{Why.DROPPED}: {found.reason}"
    if hold is not None:
        return Due(False, "", f"{dropped}, but {hold.reason}", hold.why)
    return Due(False, "", f"{dropped}, but its cause has been answered", Why.DECIDED)


def _waits(policy: Retrain, record: Record, as_of: datetime) -> Hold | None:
    """What whoever asks has to wait for."""
    if not record.trainable:
        return Hold(Why.TOO_FEW_DAYS, "too few complete days to train and judge on")
    if as_of in record.attempts and record.drop is None:
        return Hold(Why.DECIDED, "the attempt of this moment has been decided")
    past = [attempt for attempt in record.attempts if attempt < as_of]
    rested = max(past, default=None)
    if rested is not None and as_of < rested + timedelta(days=policy.cool_down_days):
        until = rested + timedelta(days=policy.cool_down_days)
        told = f"cooling down until {until:%Y-%m-%d} after the retrain of {rested:%Y-%m-%d}"
        return Hold(Why.COOLING_DOWN, told)
    recent = [each for each in past if each > as_of - timedelta(days=policy.budget_days)]
    if len(recent) >= policy.budget:
        told = f"{len(recent)} retrains in {policy.budget_days} days, {policy.budget} allowed"
        return Hold(Why.OVER_BUDGET, told)
    return None


def _why(drop: Intent) -> Why:
    """Kept with the intent; one written down without it was a plain drop."""
    return Why(str(drop.evidence.get("why", Why.DROPPED)))
