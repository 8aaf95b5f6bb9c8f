"""What a Prefect server should have, as frozen values computed from the pipelines alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from config.load import definition, pipelines
from config.schema import Pipeline, Schedule
from config.settings import Settings, SettingsError
from deployments.automations import Automation, automations
from tasks.drift.trigger import SCHEDULE

TAG = "ratchet"

OURS = "ratchet-"
"""How the slugs of our schedules begin; others' schedules on our deployments are left alone."""

_ATTEST_AFTER_HOURS = 2
"""After the night begins: it takes what a fit takes, and the night goes first."""

Overlap = Literal["drop", "wait"]
"""What becomes of a second run while one is under way."""


@dataclass(frozen=True)
class Recurrence:
    """One schedule: a cron expression in a time zone, or a distance in minutes."""

    slug: str
    told: str
    """As the end of a sentence: runs ..."""
    cron: str = ""
    timezone: str = "UTC"
    minutes: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """One flow for one pipeline, and how its runs start and meet."""

    flow: str
    pipeline: str
    description: str
    overlap: Overlap | None
    recurrence: Recurrence | None = None

    @property
    def name(self) -> str:
        return f"{self.flow}/{self.pipeline}"

    @property
    def entrypoint(self) -> str:
        """Dotted: a file would be loaded under another name than the one it is imported by."""
        return f"flows.{self.flow}.{self.flow}"

    @property
    def parameters(self) -> dict[str, str]:
        return {"pipeline": self.pipeline}

    @property
    def tags(self) -> list[str]:
        return [TAG, f"pipeline:{self.pipeline}"]


@dataclass(frozen=True)
class Wanted:
    """Everything that `ratchet deploy` looks after."""

    deployments: tuple[Deployment, ...]
    automations: tuple[Automation, ...]
    webhook: str = field(default="", repr=False)
    """Where notifications go; empty: where the block on the server says, if there is one."""


def wanted(settings: Settings) -> Wanted:
    """What the pipelines of an installation ask for.

    Raises `ConfigError` for a pipeline that cannot be used, and `SettingsError` for a webhook
    without an address, and when there is no pipeline: a folder that was mistyped would otherwise
    empty the server.
    """
    webhook = settings.access.webhook
    if webhook and not webhook.startswith(("https://", "http://")):
        raise SettingsError("RATCHET_WEBHOOK_URL has to begin with https:// (or http://)")
    names = pipelines(settings)
    if not names:
        raise SettingsError(
            f"no pipeline in {settings.pipelines}: nothing to deploy, and nothing is removed. "
            "Set RATCHET_PIPELINES to the folder that holds them"
        )
    defined = [definition(settings.pipelines / name).pipeline for name in names]
    return of_pipelines(defined, webhook)


def of_pipelines(defined: Sequence[Pipeline], webhook: str = "") -> Wanted:
    """What these pipelines ask for."""
    return Wanted(
        deployments=tuple(each for pipeline in defined for each in _deployments(pipeline)),
        automations=tuple(each for pipeline in defined for each in automations(pipeline)),
        webhook=webhook,
    )


_PURPOSE = {
    "nightly": "The night: ingest what arrived, score, watch, and retrain when it is due.",
    "ingest": "Admit the deliveries that arrived in landing and have not been judged yet.",
    "score": "Answer the questions that were asked and have no answer yet, each once.",
    "watch": "Compare the champion's realised performance with the one it was promoted with.",
    "retrain": "Train a challenger, judge it on later days, and promote it or keep the champion.",
    "reconcile": "Start what an event was lost for, and what a dead run left behind.",
    "backfill": "Play past nights, each with what was known then; promotes nobody unasked.",
    "redo": "Redo what corrected deliveries have touched: answers, measurements; nothing else.",
    "promote": "Make a registered version serve by a person's decision.",
    "rollback": "Return to an earlier champion, after loading it and predicting with it.",
    "pin": "Keep labelled rows for good, to judge every challenger on and train none.",
    "selftest": "Push sabotage through the loop in a sandbox; a miss stops automatic promotion.",
    "attest": "Make a registered version again, picked at random, and compare its answers.",
    "release": "Let held rows into the lake after all; they count as known from now on.",
    "alarm": "Say that something needs a person: started by automations.",
}
_MEETING: dict[Overlap, str] = {
    "drop": "One at a time: a second run is cancelled.",
    "wait": "One at a time: a second run waits for its turn.",
}


def _deployments(pipeline: Pipeline) -> list[Deployment]:
    overlaps: dict[str, Overlap | None] = {
        **dict.fromkeys(_PURPOSE, "wait"),
        "nightly": "drop",
        "reconcile": "drop",
        "retrain": pipeline.retrain.overlap,
        "alarm": None,
    }
    recurrences = _recurrences(pipeline.schedule)
    return [
        Deployment(
            flow=flow,
            pipeline=pipeline.name,
            description=_description(pipeline, flow, overlap, recurrences.get(flow)),
            overlap=overlap,
            recurrence=recurrences.get(flow),
        )
        for flow, overlap in overlaps.items()
    ]


def _recurrences(schedule: Schedule) -> dict[str, Recurrence]:
    zone, minutes = schedule.timezone, schedule.reconcile_minutes
    night, attest = (_daily(schedule, hours) for hours in (0, _ATTEST_AFTER_HOURS))
    often = "every minute" if minutes == 1 else f"every {minutes} minutes"
    found = {
        flow: Recurrence(f"{OURS}cron", f"at {cron!r}, time of {zone}", cron, zone, 0, _why(flow))
        for flow, cron in schedule.cron.items()
    }
    return {
        "attest": attest,
        **{str(flow): each for flow, each in found.items()},
        "nightly": replace(night, slug=f"{OURS}night"),
        "reconcile": Recurrence(f"{OURS}reconcile", often, minutes=minutes),
    }


def _daily(schedule: Schedule, hours: int) -> Recurrence:
    """Every day, so many hours after the night begins."""
    at = schedule.at.replace(hour=(schedule.at.hour + hours) % 24)
    told = f"every day at {at:%H:%M}, time of {schedule.timezone}"
    return Recurrence(f"{OURS}cron", told, f"{at.minute} {at.hour} * * *", schedule.timezone)


def _why(flow: str) -> dict[str, str]:
    return {"reason": "on its schedule", "cause": SCHEDULE} if flow == "retrain" else {}


def _description(
    pipeline: Pipeline, flow: str, overlap: Overlap | None, recurrence: Recurrence | None
) -> str:
    starts = [f"Runs {recurrence.told}." if recurrence else ""]
    if flow in pipeline.schedule.on_data:
        starts.append("Runs when new data has been admitted.")
    if flow == "retrain":
        starts.append("Runs when performance drops.")
    meeting = _MEETING[overlap] if overlap else ""
    told = " ".join(part for part in (*starts, meeting) if part)
    return f"{_PURPOSE[flow]}\n\n{pipeline.title}. {told}".rstrip()
