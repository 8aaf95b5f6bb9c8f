"""Sabotage on the terminal: what was pushed through the loop, and what became of it."""

import sys

from deployments import show
from tasks.ledger.rehearsal import rehearsed
from tasks.ledger.selftests import Case, Selftest
from tasks.stores import open_stores

MISSED = 5


def run(pipeline: str, as_json: bool) -> None:
    """Play every case, keep the outcome with the pipeline, and answer with it."""
    stores = open_stores(pipeline)
    found = rehearsed(quiet=as_json)
    stores.ledger.keep_selftest(pipeline, found)
    answer(found, as_json)


def answer(found: Selftest, as_json: bool) -> None:
    """Print every case and what they come to; exit 5 on a miss."""
    if as_json:
        show.document({"selftest": found, "rate": found.false_accept_rate, "told": found.told})
    else:
        columns = ["", "case", "kind", "came to", "by", "seconds"]
        show.table("selftest", columns, [_row(case) for case in found.cases])
        for case in found.missed:
            show.line(f"{case.name}: {case.reason}")
        show.line(found.told)
    if found.missed:
        sys.exit(MISSED)


def _row(case: Case) -> list[str]:
    return [
        "MISSED" if case.missed else "",
        case.name,
        case.kind,
        "refused" if case.refused else "taken",
        _by(case),
        f"{case.seconds:.1f}",
    ]


def _by(case: Case) -> str:
    """The reasons that were looked for, and how many there are beside; all of them on a miss."""
    looked_for = [code for code in case.by if code in case.expected]
    beside = len(case.by) - len(looked_for)
    if case.missed or not beside:
        return ", ".join(case.by)
    return f"{', '.join(looked_for)} and {beside} more"
