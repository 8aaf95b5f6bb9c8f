"""Claims: which attempt answers what asked for a retrain, so that each cause is answered once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tasks.errors import Conflict
from tasks.ledger.decisions import CAUSE
from tasks.ledger.intents import UNANSWERED
from tasks.ledger.ledger import Ledger
from tasks.ledger.text import stamp
from tasks.records import Decision, Intent


@dataclass(frozen=True)
class Claim:
    """What an attempt is for, or why there will be none.

    `cause` names the intent, empty when there is none. `as_of` is the moment to train for: that
    of the first attempt, when one died before it could decide, so that its work is found again.
    """

    cause: str
    as_of: datetime
    reason: str = ""
    evidence: Mapping[str, object] = field(default_factory=dict)
    declined: str = ""
    decision: Decision | None = None
    """The answer that the cause has already."""
    instead_of: str = ""
    """Whose unfinished attempt goes on, as the ledger names it."""

    @property
    def train_days(self) -> int | None:
        """The length of the training window that the cause suggests; None: as configured."""
        suggested = self.evidence.get("suggested")
        days = suggested.get("train_days") if isinstance(suggested, Mapping) else None
        return days if isinstance(days, int) else None


def asked(ledger: Ledger, pipeline: str, cause: str, as_of: datetime) -> Claim:
    """What the ledger says to an attempt as of then; nothing is written.

    Declined: a cause that has its answer, and one that would be decided in the past.
    """
    intent = next((each for each in ledger.intents(pipeline) if each.cause == cause), None)
    if intent is None:
        return Claim("", as_of)
    decisions = ledger.decisions(pipeline)
    claimant = ledger.claimant(pipeline, cause) or ""
    moment = _moment(claimant, decisions, as_of)
    answer = next((each for each in decisions if each.evidence.get(CAUSE) == cause), None)
    declined = _answered(intent, answer) or _late(decisions, moment)
    return Claim(cause, moment, "", intent.evidence, declined, answer, claimant)


def take(ledger: Ledger, pipeline: str, claim: Claim) -> None:
    """Write down whose moment the cause is tried for. `Conflict` when another was faster."""
    by = stamp(claim.as_of)
    if not claim.cause or ledger.claim(pipeline, claim.cause, by, claim.instead_of):
        return
    if ledger.claimant(pipeline, claim.cause) != by:
        raise Conflict(f"{pipeline}: {claim.cause} was claimed or answered by another meanwhile")


def _moment(claimant: str, decisions: list[Decision], as_of: datetime) -> datetime:
    """The first attempt's, unless a decision taken since has made it one in the past."""
    first = datetime.fromisoformat(claimant) if claimant else as_of
    return as_of if _late(decisions, first) else first


def _answered(intent: Intent, answer: Decision | None) -> str:
    if answer is not None:
        return f"{intent.cause} was answered by decision {answer.sequence}: {answer.reason}"
    if intent.state not in UNANSWERED:
        return f"{intent.cause} is {intent.state} already: {intent.outcome}"
    return ""


def _late(decisions: list[Decision], as_of: datetime) -> str:
    if not decisions or decisions[-1].as_of <= as_of:
        return ""
    last = decisions[-1]
    return (
        f"decision {last.sequence} was taken as of {last.as_of:%Y-%m-%d %H:%M}, "
        f"after {as_of:%Y-%m-%d %H:%M}"
    )
