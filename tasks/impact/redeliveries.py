"""Which partitions were delivered again, and what states they went through, by lake and ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches

from config.hints import hint
from tasks.data.lake import ALL
from tasks.errors import Terminal
from tasks.features.redelivery import Redelivery, State
from tasks.records import Outcome
from tasks.stores import Stores


def redelivered(stores: Stores, as_of: datetime) -> list[Redelivery]:
    """Every partition that by `as_of` held something else than at first.

    Because another delivery of it was accepted, or held rows were released into it.
    """
    deliveries: dict[tuple[str, str], set[str]] = {}
    for judged in stores.ledger.judged(stores.name):
        delivery = judged.admission.delivery
        if judged.as_of <= as_of and judged.admission.outcome is Outcome.ACCEPTED:
            deliveries.setdefault((delivery.table, delivery.partition), set()).add(delivery.sha256)
    several = {each for each, found in deliveries.items() if len(found) > 1}
    several |= {each for each, moments in _released(stores).items() if moments[0] <= as_of}
    known = stores.definition.pipeline.tables
    return [_states(stores, *each, as_of) for each in sorted(several) if each[0] in known]


def redelivery(stores: Stores, name: str, as_of: datetime) -> Redelivery:
    """The states of the partition `TABLE/PARTITION`; one, where it was delivered once.

    Raises `Terminal`, with the nearest name, for a table or partition that nobody delivered.
    """
    tables = stores.definition.pipeline.tables
    table, _, partition = name.partition("/")
    if table not in tables:
        raise Terminal(f"{stores.name} has no table {table!r}{hint(table, tables)}")
    partition = partition or (ALL if tables[table].partition is None else "")
    there = stores.lake.table(table).partitions()
    if partition not in there:
        held = f"{len(there):,}" + (f", {there[0]} to {there[-1]}" if there else "")
        near = hint(partition, get_close_matches(partition, there))
        raise Terminal(f"{table} has no partition {partition!r} among its {held}{near}")
    return _states(stores, table, partition, as_of)


def _states(stores: Stores, table: str, partition: str, as_of: datetime) -> Redelivery:
    """What a partition held by then; two states in a row of the same rows are one."""
    judged = {
        each.admission.table_version: each.as_of
        for each in stores.ledger.judged(stores.name)
        if (each.admission.delivery.table, each.admission.delivery.partition) == (table, partition)
    }
    released = iter(_released(stores).get((table, partition), []))
    states: list[State] = []
    held: tuple[str, int] | None = None
    for revision in reversed(stores.lake.table(table).history(partition)):
        since = judged.get(revision.version, revision.at)
        if held == (revision.delivery, revision.rows):
            # Admitted, killed before that was written down, and admitted again.
            states[-1] = replace(states[-1], since=min(states[-1].since, since))
        else:
            is_release = held is not None and held[0] == revision.delivery
            since = next(released, since) if is_release else since
            states.append(State(since, revision.version, revision.at))
        held = revision.delivery, revision.rows
    return Redelivery(table, partition, _by_then(states, as_of))


def _released(stores: Stores) -> dict[tuple[str, str], list[datetime]]:
    """When held rows were let into which partitions, in order of time."""
    found: dict[tuple[str, str], set[datetime]] = {}
    for held in stores.quarantine.held(include_released=True):
        if held.released_at is not None:
            found.setdefault((held.table, held.partition), set()).add(held.released_at)
    return {name: sorted(moments) for name, moments in found.items()}


def _by_then(states: Sequence[State], as_of: datetime) -> tuple[State, ...]:
    """The states that began by then; the first is always among them.

    None begins after the one that follows it: nights may have been played later than they were.
    """
    found: list[State] = []
    for state in reversed(states):
        since = min(state.since, found[-1].since) if found else state.since
        found.append(replace(state, since=since))
    ordered = found[::-1]
    return (*ordered[:1], *(each for each in ordered[1:] if each.since <= as_of))
