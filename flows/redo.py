"""Redo what deliveries that were corrected have touched, and nothing else."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from prefect import flow
from pydantic import AwareDatetime

from flows.retrain import Retrained, retrain
from tasks import amend, policy, tell
from tasks.errors import Terminal
from tasks.stores import open_stores

if TYPE_CHECKING:
    from tasks.impact.work import Measured, Rescored


@dataclass(frozen=True)
class Redone:
    """What was done again: answers by day, profiles of days, measurements.

    `versions` are those that a retrain would replace, as they were trained on what was corrected
    since; `retrained` is what came of one, where it was asked for and due.
    """

    scored: "tuple[Rescored, ...]"
    profiles: int
    measured: "Measured"
    versions: tuple[int, ...]
    retrained: Retrained | None = None

    @property
    def failed(self) -> "tuple[Rescored, ...]":
        """Days whose answers could not be given again."""
        return tuple(each for each in self.scored if each.error)

    @property
    def told(self) -> tuple[str, ...]:
        """What was done, in sentences; one that says so when there was nothing to do."""
        rows, taken = sum(each.rows for each in self.scored), len(self.measured.corrections)
        days = sum(bool(each.rows) for each in self.scored)
        versions = ", ".join(f"v{number}" for number in self.versions)
        waiting = self.measured.waiting
        told = (
            (days, f"{rows:,} answers of {days} days were given again"),
            (self.profiles, f"{self.profiles} profiles of days were made again"),
            (taken, f"{taken} measurements were taken again, and stand beside the first"),
            (waiting, f"{waiting} measurements wait for days that are not done"),
            (self.versions, f"{versions} was trained on what was corrected since"),
            (self.retrained, self.retrained.told if self.retrained else ""),
        )
        failed = tuple(f"{each.day}: {each.error}" for each in self.failed)
        return tuple(line for is_so, line in told if is_so) + failed or ("nothing to redo",)


class DaysFailed(Terminal):
    """Some days could not be done, and the others were; `redone` tells of all of them."""

    def __init__(self, redone: Redone) -> None:
        told = f"{len(redone.failed)} of {len(redone.scored)} days failed"
        super().__init__("\n".join([told, *redone.told]))
        self.redone = redone


@flow(flow_run_name=policy.sentence("redo {pipeline} {first} to {last}"))
def redo(
    first: date,
    last: date,
    train: bool = False,
    pipeline: str = "flights",
    as_of: AwareDatetime | None = None,
) -> Redone:
    """Give outdated answers again and measure again, where a delivery was corrected; no event.

    Args:
        first: The first day asked about, and the first night that measured.
        last: The last of both, included.
        train: Whether to retrain when the champion was trained on what was corrected since.
        pipeline: Name of the pipeline, a folder under config/pipelines.
        as_of: Only deliveries and labels known by then. Empty: now.
    """
    as_of = as_of or datetime.now(UTC)
    stores = open_stores(pipeline)
    work = amend.work(stores, (first, last), as_of)
    scored = [amend.answers(stores, work, day, as_of) for day in work.scores]
    failed = {each.day for each in scored if each.error}
    profiles = amend.profiles(stores, work, as_of)
    measured = amend.measurements(stores, work, failed, as_of)
    reason = f"trained before {work.because} was corrected"
    retrained = retrain(pipeline, as_of, reason) if train and work.versions else None
    redone = Redone(tuple(scored), profiles, measured, work.versions, retrained)
    tell.redone(pipeline, redone.told)
    tell.status(stores, as_of)
    return _whole(redone)


def _whole(redone: Redone) -> Redone:
    if redone.failed:
        raise DaysFailed(redone)
    return redone
