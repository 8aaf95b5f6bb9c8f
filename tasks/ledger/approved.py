"""The last version that a person stood up for: what slow shifts are measured from."""

from collections.abc import Sequence

from tasks.ledger.decisions import BY
from tasks.records import Decision, Kind


def by_a_person(decision: Decision) -> bool:
    """Whether a person promoted the version, or agreed to what the gate would do."""
    asked = decision.evidence.get("approval")
    agreed = isinstance(asked, dict) and bool(asked.get("agreed")) and bool(asked.get("by"))
    return decision.kind is Kind.PROMOTED and (BY in decision.evidence or agreed)


def approved(decisions: Sequence[Decision]) -> int | None:
    """The version that was approved last, of decisions oldest first; None before the first.

    Without any it is the first champion. One that was rolled back is no measure any more until a
    person promotes it again; when that leaves none, it is who serves.
    """
    stood: list[int] = []
    for decision in decisions:
        if decision.kind is Kind.ROLLED_BACK:
            stood = [number for number in stood if number != decision.version]
        elif decision.kind is Kind.PROMOTED and (by_a_person(decision) or not stood):
            stood.append(decision.version)
    serving = decisions[-1].champion if decisions else None
    return stood[-1] if stood else serving
