"""Where deliveries come from."""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Protocol, runtime_checkable

from config.schema import Table
from tasks.data.formats import parsed
from tasks.data.lake import ALL
from tasks.data.raw import Raw
from tasks.data.unpacking import MAX_BYTES
from tasks.errors import Refused
from tasks.records import Delivery


@runtime_checkable
class Source(Protocol):
    """Lists what was delivered by a point in time, and reads one delivery."""

    def deliveries(self, table_name: str, table: Table, as_of: datetime) -> list[Delivery]:
        """Deliveries that had arrived by `as_of`, in order of arrival; reading changes nothing."""
        ...

    def read(self, delivery: Delivery) -> Raw:
        """The delivery's rows, exactly the bytes that were listed. Raises `Refused`."""
        ...


class FilesSource:
    """Files in a landing folder, `<landing>/<pipeline>/<the table's glob>`.

    The partition is the file's name up to its first dot, so that `2013-02-14.r2.csv.gz` corrects
    `2013-02-14.csv.gz`; a file arrived when it was last modified. Unfinished files (`.tmp`) and
    hidden ones (`.`, `_`) are not deliveries.
    """

    def __init__(self, landing: Path, pipeline: str) -> None:
        self.folder = landing / pipeline

    def deliveries(self, table_name: str, table: Table, as_of: datetime) -> list[Delivery]:
        """Deliveries that had arrived by `as_of`, ordered by arrival and path."""
        found = [
            _delivery(table_name, table, path)
            for path in self.folder.glob(table.deliveries)
            if path.is_file() and not is_unfinished(path.name)
        ]
        arrived = [delivery for delivery in found if delivery.arrived_at <= as_of]
        return sorted(arrived, key=lambda delivery: (delivery.arrived_at, delivery.path))

    def read(self, delivery: Delivery) -> Raw:
        """The file's rows. Raises `Refused`, also when the file is gone or no longer the same."""
        path = Path(delivery.path)
        if delivery.size_bytes > MAX_BYTES:
            raise Refused("too_large", f"{delivery.size_bytes} bytes, at most {MAX_BYTES} are read")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Refused("unreadable", f"the file cannot be read: {error.strerror}") from error
        if sha256(data).hexdigest() != delivery.sha256:
            raise Refused("changed", "the file changed after it was listed; it will be listed anew")
        return parsed(delivery.name, data)


def is_unfinished(name: str) -> bool:
    """Whether a file of that name is still being written, or is no delivery at all."""
    return not name or name.startswith((".", "_")) or name.endswith(".tmp")


def partition_of(name: str, table: Table) -> str:
    """The partition that a file of that name delivers."""
    return name.split(".", 1)[0] if table.partition else ALL


def _delivery(table_name: str, table: Table, path: Path) -> Delivery:
    state = path.stat()
    return Delivery(
        table=table_name,
        partition=partition_of(path.name, table),
        path=str(path),
        arrived_at=datetime.fromtimestamp(state.st_mtime, UTC),
        sha256=_digest(path, state.st_ino, state.st_ctime_ns, state.st_size),
        size_bytes=state.st_size,
    )


@lru_cache(maxsize=2**16)
def _digest(path: Path, _inode: int, _changed_ns: int, _size: int) -> str:
    """sha256 of the content, computed once for as long as the file system says it is unchanged.

    The change time, unlike the modification time, cannot be set by whoever writes the file.
    """
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
