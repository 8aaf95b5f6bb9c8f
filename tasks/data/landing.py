"""Deliveries that arrive as objects in a bucket."""

import logging
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from itertools import takewhile
from pathlib import Path

from config.places import Bucket, Place
from config.schema import Table
from tasks.data.answers import Missing
from tasks.data.bucket import S3, Content, Deleted, Stored
from tasks.data.cell import Cell
from tasks.data.formats import parsed
from tasks.data.index import Entries, Entry, Index
from tasks.data.raw import Raw
from tasks.data.source import is_unfinished, partition_of
from tasks.data.unpacking import MAX_BYTES
from tasks.errors import Conflict, Refused
from tasks.records import Delivery

ARRIVED_AT = "ratchet-arrived-at"
"""Metadata that says when an object first arrived, elsewhere; ISO 8601 with a time zone."""

_READERS = 8
_WILD = re.compile(r"[*?\[]")

_log = logging.getLogger("ratchet.ingest")


class S3Source:
    """Objects in a bucket, `<landing>/<pipeline>/<the table's glob>`, named as files are.

    An object arrived when S3 says that it was last modified. One that was moved here from
    elsewhere may say in its metadata `ratchet-arrived-at` that it had arrived earlier, never
    later. Where the bucket keeps versions every one of them is a delivery, and one that was
    deleted is none from then on.

    Every listing is whole, for keys do not come in order of arrival; `index` remembers what was
    read, so that only new objects are.
    """

    def __init__(self, landing: Bucket, pipeline: str, index: Place, s3: S3 | None = None) -> None:
        self.folder = landing / pipeline
        self.index = index / pipeline
        self.s3 = s3 or S3()

    def deliveries(self, table_name: str, table: Table, as_of: datetime) -> list[Delivery]:
        """Deliveries that had arrived by `as_of`, ordered by arrival and key.

        An object that is replaced or deleted while it is read is left to the next listing.
        """
        states = self._states(table)
        entries = self._entries(table_name, states)
        found = [
            Delivery(
                table=table_name,
                partition=partition_of(stored.place.name, table),
                path=stored.path,
                arrived_at=entries[stored.path].arrived_at,
                sha256=entries[stored.path].sha256,
                size_bytes=stored.size,
            )
            for stored in _standing(states, as_of)
            if stored.path in entries and entries[stored.path].arrived_at <= as_of
        ]
        # Of one key and second the order of the listing stays: oldest first.
        return sorted(found, key=lambda each: (each.arrived_at, each.path.partition("?")[0]))

    def read(self, delivery: Delivery) -> Raw:
        """The object's rows, of exactly the version that was listed.

        Raises `Refused`, also when it is gone or no longer the same, and `Transient` when it
        cannot be had whole.
        """
        if delivery.size_bytes > MAX_BYTES:
            raise Refused("too_large", f"{delivery.size_bytes} bytes, at most {MAX_BYTES} are read")
        try:
            data, _ = self.s3.read(delivery.path, delivery.size_bytes)
        except Missing as error:
            raise Refused("unreadable", f"the object cannot be read: {error}") from error
        if sha256(data).hexdigest() != delivery.sha256:
            raise Refused(
                "changed", "the object changed after it was listed; it will be listed anew"
            )
        return parsed(delivery.name, data)

    def _states(self, table: Table) -> list[Stored | Deleted]:
        """Every state of the objects that the table's glob names."""
        pattern = table.deliveries.split("/")
        fixed = list(takewhile(lambda part: not _WILD.search(part), pattern))
        ended = fixed == pattern
        prefix = "/".join([self.folder.prefix, *fixed]) + ("" if ended else "/")
        depth = self.folder.prefix.count("/") + 1
        return [
            state
            for state in self.s3.states(self.folder.bucket, prefix)
            if _matches(state.place.prefix.split("/")[depth:], pattern)
            and not is_unfinished(state.place.name)
        ]

    def _entries(self, table_name: str, states: Sequence[Stored | Deleted]) -> Entries:
        """What is in every object, by its address; those that nobody has read yet are read."""
        index = Index(Cell(self.index / f"{table_name}.json", self.s3))
        stored = {each.path: each for each in states if isinstance(each, Stored)}
        known = index.entries()
        new = [each for path, each in stored.items() if not _is_of(known.get(path), each)]
        found, failure = self._looked_into(new)
        # What was read before a failure is not read again.
        index.add(found, gone=known.keys() - stored.keys())
        if failure:
            raise failure
        return known | found

    def _looked_into(self, new: Sequence[Stored]) -> tuple[dict[str, Entry], BaseException | None]:
        """Entries of objects, and the first failure, after which no further object is read."""
        pool = ThreadPoolExecutor(_READERS)
        try:
            reading = {each.path: pool.submit(self._entry, each) for each in new}
            wait(reading.values(), return_when=FIRST_EXCEPTION)
        finally:
            pool.shutdown(cancel_futures=True)
        ended = {path: future for path, future in reading.items() if not future.cancelled()}
        failures = [error for future in ended.values() if (error := future.exception())]
        read = {path: future.result() for path, future in ended.items() if not future.exception()}
        return {path: entry for path, entry in read.items() if entry}, next(iter(failures), None)

    def _entry(self, stored: Stored) -> Entry | None:
        """None when it is not what was listed any more."""
        try:
            content = self.s3.content(stored)
        except (Missing, Conflict) as error:
            _log.warning("%s: left to the next listing: %s", stored.path, error)
            return None
        return Entry(
            etag=stored.etag,
            size=stored.size,
            modified=stored.modified,
            sha256=content.sha256,
            arrived_at=_arrival(stored, content),
        )


def upload(folder: Path, paths: Iterable[Path], landing: Bucket, s3: S3) -> None:
    """Move files of a landing folder to a landing in a bucket; each arrived when it had."""
    for path in paths:
        arrived_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        s3.put(
            landing / path.relative_to(folder).as_posix(),
            path.read_bytes(),
            {ARRIVED_AT: arrived_at.isoformat()},
        )


def _standing(states: Sequence[Stored | Deleted], as_of: datetime) -> list[Stored]:
    """Oldest first, without what had been deleted by `as_of`."""
    deleted = {
        each.place: datetime.max.replace(tzinfo=UTC) if each.latest else each.at
        # Newest first: of several the latest stays.
        for each in reversed(states)
        if isinstance(each, Deleted) and each.at <= as_of
    }
    return [
        each
        for each in reversed(states)
        if isinstance(each, Stored)
        and not (each.place in deleted and each.modified < deleted[each.place])
    ]


def _is_of(entry: Entry | None, stored: Stored) -> bool:
    """Whether the entry is of the very state that is listed."""
    now = (stored.etag, stored.size, stored.modified)
    return entry is not None and (entry.etag, entry.size, entry.modified) == now


def _arrival(stored: Stored, content: Content) -> datetime:
    told = content.metadata.get(ARRIVED_AT)
    if told is None:
        return stored.modified
    try:
        return min(datetime.fromisoformat(told), stored.modified)
    except (ValueError, TypeError) as error:  # no time, or one without a zone
        _log.warning("%s: %s is no arrival (%s)", stored.path, told, error)
        return stored.modified


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """As `Path.glob` does: `*` stays within a folder, `**` goes through any number of them."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
