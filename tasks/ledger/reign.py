"""A champion's reign: since which decision it serves, and who has challenged it since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.records import Decision, Severity, Status

SCALE = "scale"
"""Where a decision's evidence keeps what a usual daily lead of its challenger comes to."""

_NOT_ITS_FAULT = frozenset({"champion", "wealth", "pace", "canaries"})
_AGAINST = frozenset({Status.FAIL.value, Status.NO_EVIDENCE.value})


@dataclass(frozen=True)
class Rival:
    """A challenger that was judged and did not serve: it may play days that it had not seen.

    `last_day` is the last day whose labels were complete when it was judged; `scale` what a
    usual daily lead came to on days before.
    """

    version: int
    last_day: date
    scale: float


@dataclass(frozen=True)
class Reign:
    """The present champion's time: the decision that began it, and its rivals, oldest first."""

    champion: int
    since: int
    rivals: tuple[Rival, ...]

    def needed(self, days: Collection[date], after: date | None) -> list[Rival]:
        """The rivals that are the newest who had not seen one of the days after `after`."""
        due = [day for day in days if after is None or day > after]
        newest = (self._newest_before(day) for day in due)
        found = {rival.version: rival for rival in newest if rival is not None}
        return [found[version] for version in sorted(found)]

    def _newest_before(self, day: date) -> Rival | None:
        unseeing = (rival for rival in reversed(self.rivals) if rival.last_day < day)
        return next(unseeing, None)


def reign(decisions: Sequence[Decision]) -> Reign | None:
    """The reign after all of the decisions (oldest first); none when nobody serves."""
    champion = decisions[-1].champion if decisions else None
    if champion is None:
        return None
    since = len(decisions)
    while since > 1 and decisions[since - 2].champion == champion:
        since -= 1
    rivals = (_rival(decision) for decision in decisions[since:])
    return Reign(champion, decisions[since - 1].sequence, tuple(r for r in rivals if r is not None))


def _rival(decision: Decision) -> Rival | None:
    """Who was sound and only not shown better: what leaks or fails a floor may not bet."""
    evidence = decision.evidence
    scale, snapshot, checks = (evidence.get(name) for name in (SCALE, "snapshot", "checks"))
    if not isinstance(scale, float) or not isinstance(snapshot, dict):
        return None
    if not isinstance(checks, list) or any(_rules_out(check) for check in checks):
        return None
    return Rival(decision.version, date.fromisoformat(snapshot["last_day"]), scale)


def _rules_out(check: dict[str, str]) -> bool:
    return (
        check["status"] in _AGAINST
        and check["severity"] == Severity.BLOCKING.value
        and check["code"] not in _NOT_ITS_FAULT
    )
