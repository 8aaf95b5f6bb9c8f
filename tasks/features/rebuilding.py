"""A snapshot built again: as it was, and with what a partition of it holds by now."""

from config.load import Definition
from tasks.data.lake import Lake
from tasks.errors import Terminal
from tasks.features.cohort import complete_days, digest, labelled
from tasks.features.golden import Goldens
from tasks.features.query import Days, Tables, known_tables, span
from tasks.features.redelivery import Redelivery, contents, replaced
from tasks.records import Snapshot


def is_read(definition: Definition, snapshot: Snapshot, redelivery: Redelivery) -> bool:
    """Whether the snapshot was made from what the partition held before, as far as days say."""
    version = snapshot.versions.get(redelivery.table)
    state = None if version is None else redelivery.read_by(version)
    if state is None or state is redelivery.states[-1]:
        return False
    if definition.pipeline.tables[redelivery.table].partition is None:
        return True
    first, last = span(definition, Days(snapshot.first_day, snapshot.last_day))
    return first <= redelivery.partition <= last


def is_changed(
    definition: Definition,
    lake: Lake,
    snapshot: Snapshot,
    redelivery: Redelivery,
    golden: Goldens | None = None,
) -> bool | None:
    """Whether the same rows would be other ones by what the partition holds now.

    None when the snapshot cannot be built again to the digest on record, so that nobody knows.
    """
    then = lake.at(snapshot.versions)
    complete = complete_days(definition, then, snapshot.as_of)
    days = [each for each in complete if snapshot.first_day <= each <= snapshot.last_day]
    if not days:
        return None
    window = Days(days[0], days[-1])
    named = {day.isoformat() for day in days}

    def built(tables: Tables) -> str:
        frame = labelled(definition, tables, window)
        frame = frame[frame["day"].isin(named)]
        pinned = golden.holds(frame) if golden else [False] * len(frame)
        return digest(frame[[not each for each in pinned]].reset_index(drop=True))

    try:
        tables = known_tables(then, definition, window, snapshot.as_of)
        if built(tables) != snapshot.digest:
            return None
        now = redelivery.states[-1].version
        rows = contents(definition, lake, redelivery, now, snapshot.as_of)
        return built(replaced(definition, tables, redelivery, rows)) != snapshot.digest
    except Terminal:
        return None
