"""Each delivered row is in exactly one of lake, quarantine and landing."""

from collections import Counter
from collections.abc import Iterator

from tests.installation import Installation
from tests.stateful.books import TABLES, Books, Delivered, Kept, books


def rows_astray(shop: Installation, settled: bool = True) -> list[str]:
    """What is wrong with the whereabouts of rows; `settled`: no ingest or release died half-way.

    A delivery that was let in and replaced by a later one has its rows in the table's history
    instead of the table. Until a dead run was run again its rows may be twice, and never nowhere.
    """
    return [told for table in TABLES for told in _astray(books(shop, table), settled)]


def _astray(found: Books, settled: bool) -> Iterator[str]:
    yield from _doubled(found)
    yield from _unknown(found)
    latest = _latest(found)
    for each in found.delivered:
        let_in = (each.partition, each.sha256) in found.accepted
        if let_in:
            # A run that died may have let a later delivery in and not have said so.
            current = settled and latest[each.partition] == each.sha256
            yield from _kept(each, found, current)
        elif settled:
            yield from _in_landing(each, found)
        if let_in and settled:
            yield from _once(each, found)


def _latest(found: Books) -> dict[str, str]:
    """The delivery that each partition shows: of those that were let in the last to arrive."""
    let_in = [d for d in found.delivered if (d.partition, d.sha256) in found.accepted]
    let_in.sort(key=lambda each: each.arrived_at)
    return {each.partition: each.sha256 for each in let_in}


def _doubled(found: Books) -> Iterator[str]:
    """No row is twice at one place."""
    for place, rows in (("lake", found.lake), ("quarantine", found.quarantine)):
        for kept, times in Counter(rows).items():
            if times > 1:
                yield f"{_named(found, kept)} is {times} times in the {place}"


def _unknown(found: Books) -> Iterator[str]:
    """Everything that is anywhere was delivered."""
    known = {Kept(d.sha256, row) for d in found.delivered for row in range(len(d.rows))}
    for kept in {*found.lake, *found.history, *found.quarantine} - known:
        yield f"{_named(found, kept)} was never delivered"


def _kept(each: Delivered, found: Books, current: bool) -> Iterator[str]:
    """Every row of a delivery that was let in is somewhere, as it was delivered."""
    lake = {kept.row: kept for kept in found.lake if kept.sha256 == each.sha256}
    before = {kept.row for kept in found.history if kept.sha256 == each.sha256}
    held = {kept.row: kept for kept in found.quarantine if kept.sha256 == each.sha256}
    for row, cells in enumerate(each.rows):
        place = f"{each.table} {each.partition} {each.sha256[:6]} row {row}"
        there = lake if current else before
        if row not in there and (row not in held or held[row].released):
            yield f"{place} is nowhere"
        if row in held and held[row].cells != cells:
            yield f"{place} is held as {held[row].cells}, delivered as {cells}"
        if row in lake and _other(lake[row], cells, released=row in held):
            yield f"{place} is in the lake as {lake[row].cells}, delivered as {cells}"


def _once(each: Delivered, found: Books) -> Iterator[str]:
    """No row is in two places, and the journal has counted them."""
    lake = {kept.row for kept in found.lake if kept.sha256 == each.sha256}
    before = {kept.row for kept in found.history if kept.sha256 == each.sha256}
    held = {k.row for k in found.quarantine if k.sha256 == each.sha256}
    waiting = {k.row for k in found.quarantine if k.sha256 == each.sha256 and not k.released}
    place = f"{each.table} {each.partition} {each.sha256[:6]}"
    for row in sorted(waiting & (lake | before)):
        yield f"{place} row {row} is held, and is or was in the lake"
    counted = {(a.rows, a.held) for a in found.admissions if a.delivery.sha256 == each.sha256}
    if (len(each.rows) - len(held), len(held)) not in counted:
        yield f"{place}: {len(held)} of {len(each.rows)} rows were held, journal: {counted}"


def _in_landing(each: Delivered, found: Books) -> Iterator[str]:
    """What was refused, or not judged yet, is in its file and nowhere else."""
    elsewhere = [k for k in (*found.history, *found.quarantine) if k.sha256 == each.sha256]
    if elsewhere:
        place = f"{each.table} {each.partition} {each.sha256[:6]}"
        yield f"{place} was not let in; {len(elsewhere)} of its rows are in the lake or held"


def _other(kept: Kept, cells: dict[str, str], released: bool) -> bool:
    """Whether a row differs from what was delivered; a released one is known later."""
    unlike = {name for name, cell in cells.items() if kept.cells.get(name) != cell}
    return bool(unlike - ({"known_at"} if released else set()))


def _named(found: Books, kept: Kept) -> str:
    table = found.delivered[0].table if found.delivered else "?"
    return f"{table} {kept.sha256[:6]} row {kept.row}"
