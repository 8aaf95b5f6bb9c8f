"""A pipeline of the sandbox and its calendar: days are delivered, and real flows live on them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from config.settings import Settings
from infra.canary.world import World, day, night
from tasks.errors import Terminal
from tasks.records import Admission, Decision, Kind
from tasks.stores import Stores, open_stores

AGAINST = ("fail", "no evidence")


@dataclass(frozen=True)
class Came:
    """What a scene came to: refused or taken, by which checks and errors, and why."""

    refused: bool
    by: tuple[str, ...]
    reason: str


@dataclass
class Season:
    """Everything so far; `today` is the first day of which nothing was delivered."""

    settings: Settings
    pipeline: str
    today: int = field(default=1, init=False)

    @property
    def night(self) -> datetime:
        """The moment that flows run at: it knows everything about the day before `today`."""
        return night(self.today)

    @property
    def stores(self) -> Stores:
        return open_stores(self.pipeline, self.settings)

    @property
    def landing(self) -> Path:
        """Where deliveries of the pipeline arrive."""
        assert isinstance(self.settings.landing, Path)
        return self.settings.landing / self.pipeline

    @property
    def champion(self) -> int | None:
        return self.stores.ledger.champion(self.pipeline)

    def live(self, days: int, world: World) -> tuple[Admission, ...]:
        """Deliver and admit so many days of a world; what became of the deliveries."""
        world.deliver(self.landing, range(self.today, self.today + days))
        return self.pass_by(days)

    def pass_by(self, days: int = 1) -> tuple[Admission, ...]:
        """Admit what was delivered for the next days; what became of it."""
        from flows.ingest import ingest

        self.today += days
        return ingest(self.pipeline, self.night).admissions

    def retrained(self) -> Decision:
        """What a retrain led to. Raises `Terminal` when it was declined."""
        from flows.retrain import retrain

        told = retrain(self.pipeline, self.night)
        if told.decision is None:
            raise Terminal(f"the retrain was declined: {told.declined}")
        return told.decision

    def pin(self, days: int) -> None:
        """Pin the last days: who comes later is judged on them, whatever it learns from."""
        from flows.pin import pin

        first, last = day(self.today - days), day(self.today - 1)
        pin(first, last, "the canaries", "honest", pipeline=self.pipeline, as_of=self.night)

    def promote(self, version: int) -> Decision:
        """A person's promotion."""
        from flows.promote import promote

        return promote(version, "a canary", "the canaries", self.pipeline, self.night)

    def return_to(self, version: int | None) -> None:
        """Let a champion of before serve again, unless it does."""
        from flows.rollback import rollback

        if version is not None and self.champion != version:
            rollback(self.pipeline, self.night, version, "a canary served")


Scene = Callable[[Season], Came]
"""What happens in one case."""


def judged(decision: Decision) -> Came:
    """A retrain's decision: refused unless promoted, by the checks that stood in the way."""
    checks = decision.evidence["checks"]
    assert isinstance(checks, list)
    by = tuple(
        check["code"]
        for check in checks
        if check["status"] in AGAINST and check["severity"] == "blocking"
    )
    return Came(decision.kind is not Kind.PROMOTED, by, decision.reason)
