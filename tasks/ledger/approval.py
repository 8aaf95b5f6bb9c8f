"""A person's word on a challenger that the gate would promote. Silence is a no."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from config.schema import Approval as ApprovalPolicy
from tasks.ledger.telling import verdict_markdown
from tasks.records import Choice, Verdict

Wish = Literal["as configured", "ask", "do not ask"]
"""What whoever starts a retrain says about asking."""


@dataclass(frozen=True)
class Approval:
    """An answer and its reason; `by` is empty when nobody gave one."""

    agreed: bool
    by: str
    reason: str
    asked_at: datetime
    answered_at: datetime

    @property
    def told(self) -> str:
        """The end of the sentence that says why the version serves or not."""
        if not self.by:
            return f"not approved: {self.reason}"
        return f"{'approved' if self.agreed else 'declined'} by {self.by}: {self.reason}"


def wanted(policy: ApprovalPolicy, wish: Wish, verdict: Verdict) -> bool:
    """Whether to ask: only about what the gate would promote."""
    asks = wish == "ask" or (wish == "as configured" and policy.ask)
    return asks and verdict.choice is Choice.PROMOTE


def nobody_can_answer(pipeline: str, number: int, now: datetime) -> Approval:
    """The answer where no run can be paused for somebody: no, and how to say yes."""
    reason = (
        "nobody can be asked without a Prefect server (PREFECT_API_URL); "
        f"`ratchet promote {pipeline} --version {number}` makes it serve"
    )
    return Approval(agreed=False, by="", reason=reason, asked_at=now, answered_at=now)


def question(verdict: Verdict, title: str, until: datetime) -> str:
    """What the person sees above the form: what is asked, until when, and the verdict."""
    asked = (
        f"The gate would let {title} serve. Without an answer by {until:%Y-%m-%d %H:%M} UTC "
        "it does not; it stays registered either way."
    )
    return f"{asked}\n\n{verdict_markdown(verdict, title)}"
