"""Whether the ledger still says what was written into it."""

from collections.abc import Iterator

from tasks.ledger import decisions, versions
from tasks.ledger.database import Database
from tasks.ledger.decisions import Row


def problems(database: Database, pipeline: str) -> list[str]:
    """What was edited, removed or added behind the ledger's back; empty when nothing was.

    Every decision carries the hash of the one before and the digest of the version it is
    about; the last hash is kept apart, so a missing tail is found too. Somebody who rewrites
    all of it consistently is found only by comparing with a copy.
    """
    rows = decisions.rows(database, pipeline)
    return [
        *_broken_links(rows),
        *_changed_versions(rows, versions.digests(database, pipeline)),
        *_broken_head(rows, decisions.head(database, pipeline)),
    ]


def _changed_versions(rows: list[Row], digests: dict[int, str]) -> Iterator[str]:
    for row in rows:
        recorded = row["version_digest"]
        if recorded and recorded != digests.get(row["version"]):
            yield f"{_name(row)}: version {row['version']} is not recorded as it was then"


def _broken_links(rows: list[Row]) -> Iterator[str]:
    previous, expected = decisions.FIRST_HASH, 1
    for row in rows:
        if row["sequence"] != expected:
            yield f"{_name(row)}: decision {expected} should stand here"
        if row["previous_hash"] != previous:
            yield f"{_name(row)}: does not follow from the decision before it"
        if decisions.row_hash(row) != row["hash"]:
            yield f"{_name(row)}: its contents are not what was recorded"
        previous, expected = str(row["hash"]), expected + 1


def _broken_head(rows: list[Row], head: Row | None) -> list[str]:
    last = (rows[-1]["sequence"], rows[-1]["hash"]) if rows else None
    recorded = (head["sequence"], head["hash"]) if head else None
    if last == recorded:
        return []
    return [
        f"the last decision is {last[0] if last else 'missing'}, "
        f"on record is {recorded[0] if recorded else 'none'}: decisions were removed or added"
    ]


def _name(row: Row) -> str:
    return f"decision {row['sequence']} ({row['kind']})"
