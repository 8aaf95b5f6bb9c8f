"""Decisions: appended by compare-and-set, each carrying the hash of the one before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from tasks.errors import Conflict, Corrupt, Terminal
from tasks.ledger.database import Database
from tasks.ledger.tables import DECISIONS, HEADS
from tasks.ledger.text import canonical, digest, stamp
from tasks.ledger.versions import version_digest
from tasks.records import Decision, Kind

Row = dict[str, Any]
"""A stored decision: column name to value."""

FIRST_HASH = "0" * 64
"""What the first decision of a pipeline names as the hash before it."""

BY = "by"
"""Where the evidence of a person's promotion names the person."""

CAUSE = "cause"
"""Where a decision's evidence names the intent that it answers: one decision for a cause."""


@dataclass(frozen=True)
class Entry:
    """A decision to be recorded.

    `version` is the version decided about (for a rollback: the one taken out of service),
    `champion` who serves afterwards, `key` makes it unique in its pipeline, `generation` is the
    last sequence that the caller saw, `recorded_at` the wall time.
    """

    pipeline: str
    kind: Kind
    as_of: datetime
    key: str
    version: int
    champion: int | None
    reason: str
    evidence: Mapping[str, object]
    generation: int
    recorded_at: datetime


def append(database: Database, entry: Entry) -> Decision:
    """The recorded decision; the one already stored for the key or the cause; else `Conflict`."""
    try:
        with database.writing() as connection:
            return _standing(connection, entry) or _appended(connection, entry)
    except IntegrityError as error:
        with database.reading() as connection:
            stored = _standing(connection, entry)
        if stored is not None:
            return stored
        raise _lost(entry, "another decision") from error


def history(database: Database, pipeline: str) -> list[Decision]:
    """Every decision of a pipeline, oldest first."""
    return [_decision(row) for row in rows(database, pipeline)]


def by_key(database: Database, pipeline: str, key: str) -> Decision | None:
    """The decision recorded under a key."""
    with database.reading() as connection:
        return _stored(connection, pipeline, key)


def generation(database: Database, pipeline: str) -> int:
    """Sequence of the last decision, 0 before the first."""
    with database.reading() as connection:
        last = _last(connection, pipeline)
    return 0 if last is None else int(last["sequence"])


def champion(database: Database, pipeline: str, as_of: datetime | None) -> int | None:
    """Who serves after the last of the decisions taken by `as_of`, or after all of them."""
    with database.reading() as connection:
        last = _last(connection, pipeline, as_of)
    return None if last is None else last["champion"]


def blocklist(database: Database, pipeline: str) -> set[int]:
    """Versions that were rolled back, and that no person has promoted since."""
    with database.reading() as connection:
        return _blocklist(connection, pipeline)


def last_known_good(database: Database, pipeline: str) -> int | None:
    """The latest champion before the current one that nothing worse was said about since."""
    columns = DECISIONS.c
    query = (
        select(columns.kind, columns.version, columns.champion)
        .where(columns.pipeline == pipeline)
        .order_by(columns.sequence.desc())
    )
    with database.reading() as connection:
        taken = connection.execute(query).all()
    passed = {serving for _, __, serving in taken[:1]}
    for kind, version, _ in taken:
        if version not in passed and kind == Kind.PROMOTED.value:
            return int(version)
        passed.add(version)
    return None


def rows(database: Database, pipeline: str) -> list[Row]:
    """The decisions as stored, oldest first: what the chain's hashes were taken over."""
    query = select(DECISIONS).where(DECISIONS.c.pipeline == pipeline).order_by(DECISIONS.c.sequence)
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def head(database: Database, pipeline: str) -> Row | None:
    """Sequence and hash of the last decision, kept apart so that a lost tail is noticed."""
    with database.reading() as connection:
        return _one(connection, select(HEADS).where(HEADS.c.pipeline == pipeline))


def row_hash(row: Row) -> str:
    """sha256 over every column of a stored decision but the hash itself."""
    return digest({name: value for name, value in row.items() if name != "hash"})


def _one(connection: Connection, query: Select[Any]) -> Row | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _stored(connection: Connection, pipeline: str, key: str) -> Decision | None:
    query = select(DECISIONS).where(DECISIONS.c.pipeline == pipeline, DECISIONS.c.key == key)
    row = _one(connection, query)
    return None if row is None else _decision(row)


def _standing(connection: Connection, entry: Entry) -> Decision | None:
    """What has been decided already: under this key, or for the cause that the evidence names."""
    stored = _stored(connection, entry.pipeline, entry.key)
    cause = entry.evidence.get(CAUSE)
    if stored is not None or not cause:
        return stored
    query = select(DECISIONS).where(DECISIONS.c.pipeline == entry.pipeline)
    taken = (_decision(dict(row)) for row in connection.execute(query).mappings())
    return next((each for each in taken if each.evidence.get(CAUSE) == cause), None)


def _appended(connection: Connection, entry: Entry) -> Decision:
    last = _last(connection, entry.pipeline)
    sequence = 0 if last is None else last["sequence"]
    if sequence != entry.generation:
        raise _lost(entry, f"decision {sequence}")
    _check(entry, None if last is None else last["champion"])
    _check_blocklist(connection, entry)
    row = {
        "pipeline": entry.pipeline,
        "sequence": sequence + 1,
        "kind": entry.kind.value,
        "as_of": stamp(entry.as_of),
        "recorded_at": stamp(entry.recorded_at),
        "key": entry.key,
        "version": entry.version,
        "champion": entry.champion,
        "reason": entry.reason,
        "evidence": canonical(entry.evidence),
        "version_digest": version_digest(connection, entry.pipeline, entry.version),
        "previous_hash": FIRST_HASH if last is None else last["hash"],
    }
    row["hash"] = row_hash(row)
    connection.execute(insert(DECISIONS).values(row))
    _move_head(connection, row)
    return _decision(row)


def _last(connection: Connection, pipeline: str, as_of: datetime | None = None) -> Row | None:
    query = (
        select(DECISIONS)
        .where(DECISIONS.c.pipeline == pipeline)
        .order_by(DECISIONS.c.sequence.desc())
        .limit(1)
    )
    if as_of is not None:
        query = query.where(DECISIONS.c.as_of <= stamp(as_of))
    return _one(connection, query)


def _move_head(connection: Connection, row: Row) -> None:
    values = {"sequence": row["sequence"], "hash": row["hash"]}
    moved = connection.execute(
        update(HEADS).where(HEADS.c.pipeline == row["pipeline"]).values(values)
    )
    if moved.rowcount == 0:
        connection.execute(insert(HEADS).values(pipeline=row["pipeline"], **values))


def _check(entry: Entry, champion: int | None) -> None:
    wrong = {
        Kind.PROMOTED: entry.champion != entry.version or entry.version == champion,
        Kind.REFUSED: entry.champion != champion,
        Kind.EXPIRED: entry.champion != champion,
        Kind.ROLLED_BACK: entry.version != champion or entry.champion == champion,
    }[entry.kind]
    if wrong:
        raise Terminal(
            f"a decision {entry.kind.value!r} about version {entry.version} of "
            f"{entry.pipeline!r} cannot turn champion {champion} into {entry.champion}"
        )


def _check_blocklist(connection: Connection, entry: Entry) -> None:
    """Who was rolled back serves again by a person's promotion that names it, and not otherwise.

    A gate that could bring it back would do so the next time an attempt is made again.
    """
    number, by_a_person = entry.champion, BY in entry.evidence
    changes = entry.kind in (Kind.PROMOTED, Kind.ROLLED_BACK)
    if changes and not by_a_person and number in _blocklist(connection, entry.pipeline):
        raise Terminal(
            f"{entry.pipeline}: v{number} was rolled back and serves again only by a person's "
            f"word: `ratchet promote {entry.pipeline} --version {number}`"
        )


def _blocklist(connection: Connection, pipeline: str) -> set[int]:
    columns = DECISIONS.c
    query = (
        select(columns.kind, columns.version)
        .where(columns.pipeline == pipeline)
        .order_by(columns.sequence)
    )
    out: set[int] = set()
    for kind, version in connection.execute(query):
        if kind == Kind.ROLLED_BACK.value:
            out.add(version)
        elif kind == Kind.PROMOTED.value:
            out.discard(version)  # by a person, or it would not have been taken
    return out


def _lost(entry: Entry, winner: str) -> Conflict:
    return Conflict(
        f"{entry.kind.value} version {entry.version} of {entry.pipeline!r} was decided after "
        f"decision {entry.generation}, but {winner} has been recorded since: "
        "read the ledger again and decide again"
    )


def _decision(row: Row) -> Decision:
    values = dict(row)
    try:
        values["kind"] = Kind(str(row["kind"]))
        values["as_of"] = datetime.fromisoformat(str(row["as_of"]))
        values["evidence"] = json.loads(str(row["evidence"]))
    except ValueError as error:
        raise Corrupt(
            f"decision {row['sequence']} of {row['pipeline']!r} cannot be read: {error}; "
            "verify the ledger"
        ) from error
    del values["recorded_at"], values["version_digest"]
    return Decision(**values)
