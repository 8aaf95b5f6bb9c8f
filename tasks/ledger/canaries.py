"""What the last selftest means to the gate: a miss stops what it does alone."""

from tasks.ledger.ledger import Ledger
from tasks.ledger.selftests import Selftest
from tasks.records import Check, Status
from tasks.registry.lineage import code_version

CODE, _TITLE = "canaries", "Sabotage is refused"


def canaries(ledger: Ledger, pipeline: str) -> Check:
    """The check of the pipeline's last selftest, for the code that runs now."""
    return check(ledger.selftest(pipeline), code_version())


def check(selftest: Selftest | None, code: str) -> Check:
    """FAIL after a miss, until a selftest passes; before the first one it does not apply.

    One that passed with another code version passes, and says so: whoever changes code should
    rehearse again, but a deploy at noon is no reason to keep a challenger from serving at night.
    """
    if selftest is None:
        told = "no selftest yet; `ratchet selftest` rehearses sabotage"
        return Check(CODE, _TITLE, Status.NOT_APPLICABLE, told)
    numbers = {"cases": float(len(selftest.cases)), "missed": float(len(selftest.missed))}
    told = f"selftest of {selftest.as_of:%Y-%m-%d %H:%M}: {selftest.told}"
    if selftest.missed:
        told += "; the gate promotes nobody until `ratchet selftest` passes"
        return Check(CODE, _TITLE, Status.FAIL, told, numbers)
    if selftest.code_version != code:
        told += f", with the code of then ({selftest.code_version}, now {code})"
    return Check(CODE, _TITLE, Status.PASS, told, numbers)
