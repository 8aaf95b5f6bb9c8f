"""Where a pipeline stands: who serves, since when, with what promise, and after which attempts."""

from dataclasses import dataclass
from datetime import datetime

from tasks.ledger.intents import UNANSWERED
from tasks.ledger.ledger import Ledger
from tasks.records import Decision, Intent, ModelVersion, Promise


@dataclass(frozen=True)
class Standing:
    """The ledger's answers as of a moment; decisions taken at that moment included."""

    ledger: Ledger
    pipeline: str
    as_of: datetime

    @property
    def decisions(self) -> list[Decision]:
        """Decisions taken by then, oldest first."""
        return [d for d in self.ledger.decisions(self.pipeline) if d.as_of <= self.as_of]

    @property
    def champion(self) -> ModelVersion | None:
        """Who serves, None before the first promotion."""
        number = self.ledger.champion(self.pipeline, self.as_of)
        return None if number is None else self.ledger.version(self.pipeline, number)

    @property
    def promise(self) -> Promise | None:
        """What the champion promised when it was judged, and since when it serves."""
        decisions = self.decisions
        number = decisions[-1].champion if decisions else None
        if number is None:
            return None
        since = decisions[-1].as_of
        for decision in reversed(decisions):
            if decision.champion != number:
                break
            since = decision.as_of
        return Promise(number, since, self.ledger.reference(self.pipeline, number).value)

    @property
    def attempts(self) -> list[datetime]:
        """When a challenger was judged."""
        return [decision.as_of for decision in self.decisions if decision.judged]

    @property
    def unanswered(self) -> list[Intent]:
        """Intents without an outcome: open, or claimed by a run that has not finished."""
        return [
            intent
            for intent in self.ledger.intents(self.pipeline)
            if intent.state in UNANSWERED and intent.as_of <= self.as_of
        ]
