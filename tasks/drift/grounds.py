"""On what grounds a retrain would be asked for, and what holds a drop back that was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from tasks.drift.triggers import Found
from tasks.records import Intent
from tasks.signs import Evaluation, Route, Routed, Why

_HOLD = "hold"
"""Where an evaluation's evidence keeps what held a drop back."""

_NEWS = (
    Why.DROPPED,
    Why.NOT_OFTEN_ENOUGH,
    Why.UNPROVEN,
    Why.IN_DOUBT,
    Why.UNDEFINED,
    Why.NO_CHAMPION,
    Why.HOLDS,
)
"""What triggers say, the most telling first: not to know comes before to hold."""


NOTHING = Routed(Route.NOTHING, "")
"""Where nothing was routed."""


@dataclass(frozen=True)
class Hold:
    """Why a drop is no matter for a retrain, or not yet."""

    why: Why
    reason: str


@dataclass(frozen=True)
class Grounds:
    """What a look at the champion found: its triggers' answers, the route, and what it costs.

    `inequality` says what a retrain costs beside what the drop does, where that was weighed, and
    `money` are its numbers; `too_dear` when the retrain costs more.
    """

    found: Sequence[Found] = ()
    routed: Routed = NOTHING
    inequality: str = ""
    too_dear: bool = False
    money: Mapping[str, float] = field(default_factory=dict)

    @property
    def fired(self) -> Found | None:
        """The first trigger that asks for a retrain."""
        return next((each for each in self.found if each.fired), None)

    @property
    def told(self) -> Found | None:
        """The trigger with the most telling answer; None without any."""
        return min(self.found, key=lambda each: _NEWS.index(each.why), default=None)

    @property
    def hold(self) -> Hold | None:
        """What keeps a drop from asking; None when nothing does."""
        reason = self.routed.reason
        if self.routed.route is Route.BROKEN_DATA:
            return Hold(Why.BROKEN_DATA, f"the data are broken: {reason}")
        if self.routed.route is Route.LABELS:
            return Hold(Why.WAITS_FOR_LABELS, f"it waits for labels: {reason}")
        if self.too_dear:
            return Hold(Why.NOT_WORTH_IT, f"it is not worth it: {self.inequality}")
        return None

    def evidence(self) -> dict[str, object]:
        """All of it as plain values."""
        hold = self.hold
        return {
            "triggers": [_plain(each) for each in self.found],
            "routed": self.routed.reason,
            "symptoms": dict(self.routed.evidence),
            "suggested": dict(self.routed.suggested),
            "inequality": self.inequality,
            "money": dict(self.money),
            _HOLD: {} if hold is None else {"why": hold.why.value, "reason": hold.reason},
        }


def drop(grounds: Grounds, generation: int) -> Intent | None:
    """What a trigger asks for, as an intent; None when none fired, or the drop is held back.

    One cause for a champion and the decisions it has survived, whichever trigger saw it first.
    """
    found, routed = grounds.fired, grounds.routed
    if found is None or found.reading is None or grounds.hold is not None:
        return None
    reading = found.reading
    shifted = routed.route is Route.COVARIATE
    return Intent(
        pipeline=reading.pipeline,
        cause=cause(reading.version, generation),
        as_of=reading.as_of,
        evidence={
            "why": (Why.SHIFTED if shifted else Why.DROPPED).value,
            "trigger": found.trigger,
            "clock": reading.clock.value,
            "metric": reading.metric,
            "value": reading.measured.value,
            "low": reading.measured.low,
            "high": reading.measured.high,
            "reference": found.bar,
            "labels": reading.labels,
            "first_day": reading.first_day.isoformat(),
            "last_day": reading.last_day.isoformat(),
            "reason": found.reason,
            "route": routed.route.value,
            "routed": routed.reason,
            "suggested": dict(routed.suggested),
        },
        state="open",
    )


def held(evaluations: Sequence[Evaluation], as_of: datetime) -> Hold | None:
    """What held drops back at the last evaluation by then, for who asks between two of them."""
    past = [each for each in evaluations if each.as_of <= as_of]
    kept = past[-1].evidence.get(_HOLD) if past else None
    if not isinstance(kept, Mapping) or not kept:
        return None
    return Hold(Why(str(kept["why"])), str(kept["reason"]))


def cause(version: int | None, generation: int) -> str:
    """Names a drop: one cause for a champion and the decisions it has survived."""
    return f"performance-dropped:v{version}:after-{generation}"


def _plain(found: Found) -> dict[str, object]:
    reading = found.reading
    numbers = {"bar": found.bar, "drop": found.drop, "allowed": found.allowed}
    said: dict[str, object] = {
        "trigger": found.trigger,
        "why": found.why.value,
        "reason": found.reason,
    }
    if reading is None:
        return {**said, **numbers}
    of_reading = {
        "clock": reading.clock.value,
        "metric": reading.metric,
        "version": reading.version,
        "measured": asdict(reading.measured),
        "baseline": reading.baseline,
    }
    return {**said, **of_reading, **numbers}
