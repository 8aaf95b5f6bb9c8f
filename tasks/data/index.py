"""Which objects of a landing were looked into, and what was found: each is read once.

Losing it costs nothing but reading them again.
"""

import json
import logging
import random
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from tasks.data.cell import Cell, Seen
from tasks.errors import Conflict

_log = logging.getLogger("ratchet.ingest")

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Entry:
    """What an object's address stood for: its state as S3 lists it, its digest and arrival."""

    etag: str
    size: int
    modified: datetime
    sha256: str
    arrived_at: datetime


Entries = Mapping[str, Entry]
"""By address, `s3://bucket/key?versionId=...`."""


@dataclass(frozen=True)
class Index:
    """The entries of one table's landing, in a file that two listers may want to write at once."""

    cell: Cell

    def entries(self) -> dict[str, Entry]:
        """All that is known; nothing when there is no index, or none that can be read."""
        return _entries(self.cell)[0]

    def add(self, found: Entries, gone: Collection[str] = ()) -> None:
        """Add what was found and drop what is gone, beside whatever others write meanwhile.

        Entries are facts, so who comes second reads again and adds to it. Raises `Conflict` when
        that many others write that it never gets its turn.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            known, seen = _entries(self.cell)
            wanted = {path: entry for path, entry in known.items() if path not in gone} | dict(
                found
            )
            if wanted == known:
                return
            try:
                self.cell.replace(_written(wanted), seen)
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311
            else:
                return


def _entries(cell: Cell) -> tuple[dict[str, Entry], Seen]:
    seen = cell.read()
    if not seen.content:
        return {}, seen
    try:
        return {path: _entry(told) for path, told in json.loads(seen.content).items()}, seen
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        _log.warning("%s cannot be read, so every object is read again: %s", cell.place, error)
        return {}, seen


def _entry(told: Mapping[str, str | int]) -> Entry:
    return Entry(
        etag=str(told["etag"]),
        size=int(told["size"]),
        modified=datetime.fromisoformat(str(told["modified"])),
        sha256=str(told["sha256"]),
        arrived_at=datetime.fromisoformat(str(told["arrived_at"])),
    )


def _written(entries: Entries) -> bytes:
    told = {path: asdict(entry) for path, entry in sorted(entries.items())}
    return json.dumps(told, default=datetime.isoformat, indent=0).encode()
