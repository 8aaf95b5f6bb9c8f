"""How often the gate may change who serves: a stream that pushes cannot push fast."""

from datetime import datetime, timedelta

from config.gate import Gate
from tasks.ledger.approved import by_a_person
from tasks.ledger.ledger import Ledger
from tasks.records import Check, Kind, Status

WEEK = timedelta(days=7)
_TITLE = "Promotions a week"


def pace(ledger: Ledger, pipeline: str, gate: Gate, as_of: datetime) -> Check:
    """Whether the gate may promote again, after what it promoted in the 7 days up to `as_of`.

    The first champion always may. What a person promoted or agreed to is not counted.
    """
    taken = [each for each in ledger.decisions(pipeline) if each.as_of <= as_of]
    if not taken or taken[-1].champion is None:
        return Check("pace", _TITLE, Status.NOT_APPLICABLE, "no champion yet: there is no pace")
    alone = [each.as_of for each in taken if each.kind is Kind.PROMOTED and not by_a_person(each)]
    recent = sorted(moment for moment in alone if moment > as_of - WEEK)
    limit = gate.promotions_a_week
    numbers = {"promotions": float(len(recent)), "limit": float(limit)}
    told = f"{len(recent)} of {limit} promotions by the gate in the 7 days before"
    if len(recent) < limit:
        return Check("pace", _TITLE, Status.PASS, told, numbers)
    again = recent[-limit] + WEEK
    told += f": the next is possible from {again:%Y-%m-%d %H:%M} UTC"
    return Check("pace", _TITLE, Status.FAIL, told, numbers)
