"""The ledger as it stood at a moment: who looks back finds nothing that came after."""

from collections.abc import Sequence
from datetime import date, datetime

from tasks.ledger.ledger import Ledger
from tasks.records import Bet, Decision


class LedgerThen(Ledger):
    """Decisions and bets up to a moment; bets that are placed are kept in memory alone."""

    def __init__(self, url: str, as_of: datetime) -> None:
        super().__init__(url)
        self._as_of = as_of
        self._own: dict[int, dict[date, Bet]] = {}

    def decisions(self, pipeline: str) -> list[Decision]:
        """Decisions taken by then, oldest first."""
        return [each for each in super().decisions(pipeline) if each.as_of <= self._as_of]

    def generation(self, pipeline: str) -> int:
        """Sequence of the last decision of then."""
        return len(self.decisions(pipeline))

    def champion(self, pipeline: str, as_of: datetime | None = None) -> int | None:
        """Who served then."""
        return super().champion(pipeline, min(as_of or self._as_of, self._as_of))

    def place(self, pipeline: str, reign: int, bets: Sequence[Bet], as_of: datetime) -> int:
        """Remembers bets for as long as this is used; how many were new."""
        known = {bet.day for bet in self.bets(pipeline, reign)}
        new = {bet.day: bet for bet in bets if bet.day not in known}
        self._own.setdefault(reign, {}).update(new)
        return len(new)

    def bets(self, pipeline: str, reign: int, as_of: datetime | None = None) -> list[Bet]:
        """Bets placed by then and those remembered, oldest day first."""
        placed = super().bets(pipeline, reign, min(as_of or self._as_of, self._as_of))
        return sorted([*placed, *self._own.get(reign, {}).values()], key=lambda bet: bet.day)
