"""`ratchet backfill --affected`: redo what corrected deliveries have touched, and nothing else."""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from click import UsageError

from config.load import pipeline as load_definition
from config.settings import Settings
from deployments.embedded import prefect_here

if TYPE_CHECKING:
    from flows.redo import Redone

TRAIN = "retrain"


@dataclass(frozen=True)
class Days:
    """The days asked about and the nights that measured, both ends included, to redo."""

    pipeline: str
    first: date
    last: date
    train: bool


@dataclass(frozen=True)
class Plan:
    """What would be redone: answers by day, measurements, and versions that a retrain replaces."""

    answers: dict[str, int]
    measurements: int
    versions: tuple[int, ...]

    @property
    def told(self) -> tuple[str, ...]:
        """The same in sentences; one that says so when there is nothing to do."""
        versions = ", ".join(f"v{number}" for number in self.versions)
        told = (
            *(f"{day}: {rows:,} answers to give again" for day, rows in self.answers.items()),
            f"{self.measurements} measurements to take again" if self.measurements else "",
            f"{versions} was trained on what was corrected since" if versions else "",
        )
        return tuple(line for line in told if line) or ("nothing to redo",)


def run(days: Days, only_plan: bool, as_json: bool) -> None:
    """Redo, or say what there is to redo; exits with 1 when a day failed."""
    if days.first > days.last:
        raise UsageError(f"--from {days.first} comes after --to {days.last}")
    settings = Settings.from_environment()
    load_definition(settings, days.pipeline)  # a name that nobody defined is told at once
    if only_plan:
        _told(plan(days), as_json)
    elif _redone(days, settings, as_json):
        sys.exit(1)


def plan(days: Days) -> Plan:
    """What there is to redo; nothing is changed."""
    from tasks.impact.work import work
    from tasks.stores import open_stores

    todo = work(open_stores(days.pipeline), (days.first, days.last), datetime.now(UTC))
    counted = todo.questions["day"].value_counts()
    answers = {str(day): int(counted[str(day)]) for day in todo.scores}
    return Plan(answers, len(todo.measurements), todo.versions)


def _redone(days: Days, settings: Settings, as_json: bool) -> int:
    """How many days failed."""
    with prefect_here(settings):
        from flows.redo import DaysFailed, redo

        try:
            done = redo(days.first, days.last, days.train, pipeline=days.pipeline)
        except DaysFailed as failure:
            done = failure.redone
    _told(done, as_json)
    return len(done.failed)


def _told(value: "Plan | Redone", as_json: bool) -> None:
    from deployments import show

    if as_json:
        show.document(value)
        return
    for line in value.told:
        show.line(line)
