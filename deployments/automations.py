"""What the server does by itself when something happens, or does not: one set a pipeline.

Templates hold no text from outside: they name fields of the event, and a parameter is exactly
one expression, which keeps its type. Prefect appends a filter to it, so whatever is more than a
path stands in brackets. A mistake in one shows only when it fires.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from hashlib import sha256

from config import events
from config.schema import Pipeline
from tasks.drift.trigger import ARRIVAL

STORM = timedelta(minutes=10)
"""How long further drops are the same storm: one retrain, one post. The ledger holds cool-down
and budget."""

RESCUE = timedelta(hours=6)
"""How long a run that crashed and was rescheduled is on its own."""

_AS_OF = "{{ event.payload.as_of }}"


@dataclass(frozen=True)
class Start:
    """Run a deployment of the pipeline, `<flow>/<pipeline>`."""

    deployment: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reschedule:
    """Run the run that this is about once more, under its own id."""


@dataclass(frozen=True)
class Post:
    """Post a body to the webhook."""

    body: str


@dataclass(frozen=True)
class Automation:
    """When this is seen (or is not seen again in time), do that."""

    name: str
    explanation: str
    expect: tuple[str, ...]
    match: Mapping[str, str]
    actions: tuple[Start | Reschedule | Post, ...]
    within: timedelta = timedelta(0)
    """For this long after it fired the same resource is ignored; when absent, the patience."""
    absent: bool = False
    """Fire when `expect` was seen once and then not again within `within`."""
    related: Mapping[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Who wrote it and what exactly: part of the description, compared at the next deploy."""
        kinds = [type(action).__name__ for action in self.actions]
        spec = json.dumps([asdict(self), kinds], sort_keys=True, default=str)
        return f"{owner(self.name)}.{sha256(spec.encode()).hexdigest()[:16]}"

    @property
    def silent(self) -> "Automation | None":
        """The same without a webhook; nothing, when posting is all it does."""
        kept = tuple(action for action in self.actions if not isinstance(action, Post))
        return replace(self, actions=kept) if kept else None


def owner(name: str) -> str:
    """How the mark of an automation begins: a copy under another name is not ours."""
    return f"ratchet-{sha256(name.encode()).hexdigest()[:8]}"


def slack(text: str) -> str:
    """A body that Slack understands, from a template expression of the text.

    Slack reads `<!channel>` as an order, so its three special characters are escaped; whatever
    the event says, what comes out is JSON.
    """
    escaped = "|replace('&', '&amp;')|replace('<', '&lt;')|replace('>', '&gt;')"
    return '{"text": {{ (' + text + ")|string" + escaped + "|truncate(2000)|tojson }} }"


def automations(pipeline: Pipeline) -> list[Automation]:
    """Every automation of a pipeline. Those that only post need the webhook."""
    name = pipeline.name
    return [
        _drop(name),
        *(_arrival(name, flow) for flow in pipeline.schedule.on_data),
        _missing_night(name, pipeline.schedule.grace_hours),
        _crash(name),
        *_told(name),
        _failed_action(name),
    ]


def _drop(pipeline: str) -> Automation:
    asked = {key: f"{{{{ event.payload.{key} }}}}" for key in _ASKED}
    return Automation(
        name=f"ratchet {pipeline}: retrain when performance drops",
        explanation=(
            "Starts a retrain with the evidence of the drop. Many drops within ten minutes start "
            "one; the ledger decides whether it may train, and finds what was lost here."
        ),
        expect=(events.PERFORMANCE_DROPPED,),
        match=_of(pipeline),
        within=STORM,
        actions=(Start(f"retrain/{pipeline}", asked),),
    )


_ASKED = ("as_of", "reason", "cause", "evidence")


def _arrival(pipeline: str, flow: str) -> Automation:
    why = {"reason": "new data has arrived", "cause": ARRIVAL} if flow == "retrain" else {}
    return Automation(
        name=f"ratchet {pipeline}: {flow} when data arrives",
        explanation=f"Starts {flow} as soon as new data has been admitted.",
        expect=(events.DATA_ARRIVED,),
        match=_of(pipeline),
        actions=(Start(f"{flow}/{pipeline}", {"as_of": _AS_OF, **why}),),
    )


def _missing_night(pipeline: str, grace_hours: float) -> Automation:
    patience = timedelta(hours=24 + grace_hours)
    hours = f"{patience.total_seconds() / 3600:g}"
    return Automation(
        name=f"ratchet {pipeline}: alarm when a night is missing",
        explanation=f"Raises an alarm when {hours} hours have passed since the last night.",
        expect=(events.NIGHT_FINISHED,),
        match=_of(pipeline),
        within=patience,
        absent=True,
        actions=(
            Start(
                f"alarm/{pipeline}",
                {
                    "what": "a night is missing",
                    "detail": f"no night of {pipeline} has finished for {hours} hours",
                },
            ),
        ),
    )


def _crash(pipeline: str) -> Automation:
    return Automation(
        name=f"ratchet {pipeline}: reschedule a crashed run once",
        explanation=(
            "A crashed run is run again under its own id, where it goes on; one that crashes "
            "again within six hours stays crashed."
        ),
        expect=("prefect.flow-run.Crashed",),
        match=_RUNS,
        related=_tagged(pipeline),
        within=RESCUE,
        actions=(Reschedule(),),
    )


def _told(pipeline: str) -> list[Automation]:
    label, payload = "event.resource", "event.payload"
    run = (
        f"'{pipeline}: run \"' ~ {label}['prefect.resource.name'] ~ '\" has ' ~ "
        f"({label}['prefect.state-name']|lower) ~ ': ' ~ {label}['prefect.state-message']"
    )
    said = {
        events.PERFORMANCE_DROPPED: ("a drop", f"{payload}.reason"),
        events.INPUTS_DRIFTED: ("a drift alarm", f"'drift: ' ~ {payload}.told"),
        events.CHALLENGER_REFUSED: (
            "a refused challenger",
            f"'challenger v' ~ {payload}.version ~ ' refused: ' ~ {payload}.reason",
        ),
        events.APPROVAL_EXPIRED: (
            "an approval that nobody gave",
            f"'challenger v' ~ {payload}.version ~ ' expired: ' ~ {payload}.reason",
        ),
        events.DELIVERY_REFUSED: (
            "a refused delivery",
            f"'delivery ' ~ {payload}.table ~ '/' ~ {payload}.partition ~ ' refused: ' ~ "
            f"{payload}.code",
        ),
        events.ALARM_RAISED: ("an alarm", f"'alarm: ' ~ {payload}.what ~ '. ' ~ {payload}.detail"),
    }
    failed = Automation(
        name=f"ratchet {pipeline}: tell of a failed run",
        explanation="Posts to the webhook when a run failed, crashed or took too long.",
        expect=tuple(f"prefect.flow-run.{state}" for state in ("Crashed", "Failed", "TimedOut")),
        match=_RUNS,
        related=_tagged(pipeline),
        actions=(Post(slack(run)),),
    )
    return [
        failed,
        *(
            Automation(
                name=f"ratchet {pipeline}: tell of {what}",
                explanation=f"Posts to the webhook on {event}.",
                expect=(event,),
                match=_of(pipeline),
                within=STORM if event == events.PERFORMANCE_DROPPED else timedelta(0),
                actions=(Post(slack(f"'{pipeline}: ' ~ {text}")),),
            )
            for event, (what, text) in said.items()
        ),
    ]


def _failed_action(pipeline: str) -> Automation:
    """Watches the automations above, not itself, and each of them once in a while only.

    So a webhook that is down costs a few alarms a day instead of an alarm an alarm.
    """
    failure = "event.resource['prefect.resource.name'] ~ ': ' ~ event.payload.reason"
    alarm = {"what": "an automation failed", "detail": f"{{{{ ({failure}) }}}}"}
    told = f"'{pipeline}: an automation failed: ' ~ {failure}"
    return Automation(
        name=f"ratchet watches {pipeline}: alarm when an automation fails",
        explanation=(
            "Raises an alarm when an action of another automation of this pipeline failed: "
            "Prefect itself only writes it into the server's log. Once in six hours each."
        ),
        expect=("prefect.automation.action.failed",),
        match={
            "prefect.resource.id": "prefect.automation.*",
            "prefect.resource.name": f"ratchet {pipeline}: *",
        },
        within=RESCUE,
        actions=(
            Start(f"alarm/{pipeline}", alarm),
            Post(slack(told)),
        ),
    )


_RUNS = {"prefect.resource.id": "prefect.flow-run.*"}


def _of(pipeline: str) -> dict[str, str]:
    return {"prefect.resource.id": f"ratchet.pipeline.{pipeline}"}


def _tagged(pipeline: str) -> dict[str, str]:
    return {
        "prefect.resource.role": "tag",
        "prefect.resource.id": f"prefect.tag.pipeline:{pipeline}",
    }
