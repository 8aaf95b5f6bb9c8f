"""An arm's own tables: a file for each partition, and the newest of them in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather

from config.hints import hint
from tasks.data.lake import DELIVERY, ROW, Lake, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.errors import NotEnoughData, Terminal

AT_HAND = 100
"""Partitions in memory: a night looks back on a window, its reference and some days more."""

_SUFFIX = ".arrow"


@dataclass(frozen=True)
class Drawer(Lake):
    """A lake of one writer and reader, whose tables have no history.

    A commit to a Delta table takes 20 ms and more, a file takes one. What is read is what was
    kept, also after a process was killed: a partition's file is replaced whole.
    """

    opened: dict[str, "DrawerTable"] = field(default_factory=dict, compare=False, repr=False)

    def table(self, name: str) -> "DrawerTable":
        """The table called `name`, whether or not it has rows yet."""
        if name not in self.opened:
            assert isinstance(self.root, Path)
            self.opened[name] = DrawerTable(self.root / name)
        return self.opened[name]


@dataclass(frozen=True)
class DrawerTable(LakeTable):
    """One table: how many rows each partition has, the newest ones' rows, and its columns."""

    sizes: dict[str, int] = field(default_factory=dict, compare=False, repr=False)
    parts: dict[str, pa.Table] = field(default_factory=dict, compare=False, repr=False)
    empty: list[pa.Table] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            self._put(file.stem, feather.read_table(file))

    def made(self, rows: pa.Table) -> int:
        """How many partitions there are; of none, what columns they will have is remembered."""
        if not self.empty:
            self.empty.append(_stamped(rows.slice(0, 0), "", ""))
        return len(self.sizes)

    def version(self) -> int | None:
        """How many partitions there are; None before anything is known of the table."""
        return len(self.sizes) if self.empty else None

    def partitions(self) -> list[str]:
        """Names of the partitions that have rows, in order."""
        return sorted(self.sizes)

    def counts(self) -> dict[str, int]:
        """Rows of every partition."""
        return dict(self.sizes)

    def replace_partition(
        self,
        partition: str,
        rows: pa.Table,
        delivery: str,
        seen: int | None = None,
        read: Mapping[str, int] | None = None,
    ) -> int:
        """Make `rows` all there is in the partition, or change nothing."""
        stamped = _stamped(rows, partition, delivery)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._file(partition).with_suffix(".part")
        feather.write_feather(stamped, str(part), compression="uncompressed")
        part.replace(self._file(partition))
        self._put(partition, stamped)
        return len(self.sizes)

    def read(self, query: Read | None = None) -> pa.Table:
        """Rows in the order of partition and row number, as any table of a lake gives them."""
        query = query or Read()
        if not self.empty:
            raise NotEnoughData(f"table {self.path.name!r} has no rows yet")
        known = self.empty[0].column_names
        columns = list(query.columns or known)
        for column in columns:
            if column not in known:
                raise Terminal(f"{self.path.name} has no column {column!r}{hint(column, known)}")
        names = [name for name in self.partitions() if _is_asked_for(query, name)]
        rows = pa.concat_tables([*self.empty, *map(self._part, names)])
        if query.known_by is not None:
            moment = pa.scalar(query.known_by, pa.timestamp("us", "UTC"))
            rows = rows.filter(pc.field(query.known_at) <= moment)
        if query.where is not None:
            rows = rows.filter(query.where)
        return rows.select(columns)

    @property
    def _folder(self) -> Path:
        assert isinstance(self.path, Path)
        return self.path

    def _file(self, partition: str) -> Path:
        return self._folder / f"{partition}{_SUFFIX}"

    def _part(self, partition: str) -> pa.Table:
        known = self.parts.get(partition)
        return feather.read_table(self._file(partition)) if known is None else known

    def _put(self, partition: str, rows: pa.Table) -> None:
        self.sizes[partition], self.parts[partition] = rows.num_rows, rows
        self.made(rows)
        for name in sorted(self.parts)[:-AT_HAND]:
            del self.parts[name]


def _is_asked_for(query: Read, partition: str) -> bool:
    return (query.first or partition) <= partition <= (query.last or partition)


def _stamped(rows: pa.Table, partition: str, delivery: str) -> pa.Table:
    kept = [n for n in rows.column_names if n not in (PARTITION, DELIVERY)]
    rows = rows.select(kept)
    if ROW not in kept:
        rows = rows.append_column(ROW, pa.array(range(rows.num_rows), pa.int64()))
    for name, value in ((PARTITION, partition), (DELIVERY, delivery)):
        rows = rows.append_column(name, pa.repeat(pa.scalar(value), rows.num_rows))
    return rows.sort_by(ROW).combine_chunks()
