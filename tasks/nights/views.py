"""Stores as they stood in a night: the lake at its versions of then, what was asked by then."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tasks.ledger.then import LedgerThen
from tasks.predictions.then import LogThen
from tasks.records import Admission, Outcome
from tasks.stores import Stores


def on_record(stores: Stores, admissions: Sequence[Admission]) -> dict[str, int]:
    """The last version of each table whose delivery has a verdict in the ledger; 0 without rows.

    A later one was made by somebody who has not said so yet, or was killed before.
    """
    known = {each.delivery.sha256 for each in admissions}
    past = stores.lake.past(stores.definition.pipeline.tables).revisions
    return {
        name: next((each.version for each in made if each.delivery in known), 0)
        for name, made in past.items()
    }


def versions(
    admissions: Iterable[Admission], as_of: datetime, known: Mapping[str, int]
) -> dict[str, int]:
    """The version of each table that had all that had arrived by then, and hardly more.

    That is the last before the first later arrival was admitted; where a delivery was admitted
    out of turn, the one that has it. Without a later arrival it is the last `on_record`, or the
    last that was admitted since. 0 is a table without rows.
    """
    last: dict[str, int] = {}
    later: dict[str, int] = {}
    for each in admissions:
        version, table = each.table_version, each.delivery.table
        if each.outcome is not Outcome.ACCEPTED or version is None:
            continue
        if each.delivery.arrived_at <= as_of:
            last[table] = max(version, last.get(table, 0))
        else:
            later[table] = min(version, later.get(table, version))
    before = {table: first - 1 for table, first in later.items()}
    return {
        table: max(before.get(table, known.get(table, 0)), last.get(table, 0))
        for table in {*known, *last, *later}
    }


def seen_then(stores: Stores, at: Mapping[str, int], as_of: datetime) -> Stores:
    """What is watched: the lake and the log of then; the ledger is asked as of then anyway."""
    log = LogThen(stores.log.lake, asked_by=as_of)
    return replace(stores, lake=stores.lake.at(at), log=log)


def rehearsed_then(stores: Stores, at: Mapping[str, int], as_of: datetime) -> Stores:
    """What a retrain is rehearsed on: lake and ledger of then, and nothing is written to either."""
    ledger = LedgerThen(stores.settings.ledger_url, as_of)
    return replace(stores, lake=stores.lake.at(at), ledger=ledger)
