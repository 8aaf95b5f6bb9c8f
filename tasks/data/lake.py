"""Tables of accepted rows: Delta tables whose partitions are replaced whole and atomically."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from config.hints import hint
from config.places import Place
from tasks.data.answers import Missing, translated
from tasks.data.bucket import S3
from tasks.data.cell import Cell
from tasks.data.conditions import condition, partitions, quoted
from tasks.data.kinds import content_of, refuse_other_types
from tasks.data.parts import PARTITION, dataset
from tasks.data.revisions import Past, Revision, commit_of, revisions
from tasks.errors import Conflict, NotEnoughData, Terminal

DELIVERY, ROW = "_delivery", "_row"
SYSTEM_COLUMNS = (PARTITION, DELIVERY, ROW)
ALL = "all"
"""The partition of a table that has only one."""

CONFIGURATION = {
    # Old revisions stay readable: nothing is cleaned up behind a snapshot's back.
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    # Opening a table reads the commits since its last checkpoint: a third of the time of 100.
    "delta.checkpointInterval": "10",
}


@dataclass(frozen=True)
class Read:
    """Which rows: partitions `first` to `last` inclusive, known by a time, at a table version.

    The one partition of an unpartitioned table is never excluded by bounds. `where` is one more
    condition, a pyarrow expression.
    """

    columns: tuple[str, ...] | None = None
    first: str | None = None
    last: str | None = None
    known_by: datetime | None = None
    known_at: str = "known_at"
    version: int | None = None
    where: Any = None


@dataclass(frozen=True)
class Lake:
    """A folder of tables, or a prefix of a bucket."""

    root: Place
    s3: S3 = field(default_factory=S3)
    versions: Mapping[str, int] = field(default_factory=dict)

    def table(self, name: str) -> "LakeTable":
        """The table called `name`, whether or not it has rows yet."""
        return LakeTable(self.root / name, self.s3, self.versions.get(name))

    def past(self, names: Iterable[str]) -> Past:
        """Everything that happened to the tables of these names."""
        return Past({name: self.table(name).revisions() for name in names})

    def at(self, versions: Mapping[str, int]) -> "Lake":
        """The same lake, to be read as it was: a table that is named at its version of then."""
        return replace(self, versions=dict(versions))


@dataclass(frozen=True)
class LakeTable:
    """One Delta table, partitioned by `_partition`.

    Beside its own columns every row has `_partition`, `_delivery` (sha256 of the file that
    brought it) and `_row` (its number in that file, from 0). `pinned` is the version that is
    read; None: the latest.
    """

    path: Place
    s3: S3 = field(default_factory=S3)
    pinned: int | None = None

    def replace_partition(
        self,
        partition: str,
        rows: pa.Table,
        delivery: str,
        seen: int | None = None,
        read: Mapping[str, int] | None = None,
    ) -> int:
        """Make `rows` all there is in the partition, or change nothing; the table version.

        `seen` is the table version that the rows were derived from, by default the latest. What
        the latest version did is not done again: who was killed before saying so finds it done.
        `read` are earlier versions of other tables that the rows were made from, to be kept.
        Raises `Conflict` when somebody else changed the partition meanwhile, `Terminal` when a
        column's type is not the table's.
        """
        stamped = _stamped(rows, partition, delivery)
        table = self._written_from(stamped.schema, seen)
        refuse_other_types(self.path.name, pa.schema(table.schema().to_arrow()), stamped.schema)
        made_by = {"ratchet.partition": partition, "ratchet.delivery": delivery}
        made_by |= {"ratchet.content": content_of(stamped)}
        made_by |= {"ratchet.read": json.dumps(dict(read))} if read else {}
        try:
            with self._reached():
                if seen is None and made_by.items() <= self._last_commit(table).items():
                    return int(table.version())
                write_deltalake(
                    table,
                    stamped,
                    mode="overwrite",
                    predicate=f"{PARTITION} = {quoted(partition)}",
                    schema_mode="merge",
                    commit_properties=CommitProperties(custom_metadata=made_by),
                )
        except CommitFailedError as error:
            raise Conflict(
                f"{self.path.name}/{partition}: another writer replaced it first; read and decide "
                f"again ({str(error).splitlines()[0]})"
            ) from error
        return int(table.version())

    def version(self) -> int | None:
        """The table version that is read, None before the first row."""
        table = self._found()
        return None if table is None else int(table.version())

    def partitions(self) -> list[str]:
        """Names of the partitions that have rows, in order."""
        table = self._found()
        return [] if table is None else sorted(each[PARTITION] for each in table.partitions())

    def beside(self, partition: str, columns: Sequence[str]) -> tuple[str, pa.Table | None]:
        """Columns of the latest earlier partition, else of the first later one, and its name."""
        table = self._found()
        names = {each[PARTITION] for each in (table.partitions() if table else ())}
        others = sorted(names - {partition})
        if table is None or not others:
            return "", None
        nearest = max((name for name in others if name < partition), default=others[0])
        return nearest, self._rows(table, Read(tuple(columns), nearest, nearest))

    def counts(self) -> dict[str, int]:
        """Rows of every partition, from the table's own statistics: no row is read."""
        counted = Counter[str]()
        for name, number in self._files("num_records"):
            counted[name] += number
        return dict(counted)

    def states(self) -> dict[str, str]:
        """A name for what each partition holds: another one once it has been replaced."""
        return dict(sorted(self._files("path")))

    def made(self, rows: pa.Table) -> int:
        """The latest version of a table that is there from now on, without rows if it is new.

        Who derives rows from a table that may not exist yet needs it to lose a race against
        another first writer, instead of replacing what that one wrote.
        """
        return int((self._found() or self._created(_stamped(rows, ALL, "").schema)).version())

    def delivery_of(self, partition: str) -> str | None:
        """sha256 of the delivery that the partition holds, None when it holds none."""
        revisions = self.history(partition)
        return revisions[0].delivery if revisions else None

    def history(self, partition: str) -> list[Revision]:
        """Every state of a partition, newest first; `Read(version=...)` reads one."""
        return [each for each in self.revisions() if each.partition == partition]

    def revisions(self) -> list[Revision]:
        """Every state of every partition, newest first."""
        table = replace(self, pinned=None)._found()
        with self._reached():
            return revisions([] if table is None else table.history())

    def read(self, query: Read | None = None) -> pa.Table:
        """Rows in the order of partition and row number.

        Raises `NotEnoughData` when the table has no rows yet, `Terminal` for an unknown column
        or version.
        """
        query = query or Read()
        return self._rows(self._at(query.version), query)

    def _rows(self, table: DeltaTable, query: Read) -> pa.Table:
        schema = pa.schema(table.schema().to_arrow())
        columns = list(query.columns or schema.names)
        for name in set(columns) - set(schema.names):
            raise Terminal(f"{self.path.name} has no column {name!r}{hint(name, schema.names)}")
        # The files as one dataset: a table's own dataset takes twice the time for a year of days.
        needed = list(dict.fromkeys([*columns, PARTITION, ROW]))
        uris = table.file_uris(file_pruning_predicate=partitions(query, ALL))
        with self._reached():
            files = dataset(self.path, self.s3, uris, schema)
            rows = files.to_table(columns=needed, filter=condition(query))
        return rows.sort_by([(PARTITION, "ascending"), (ROW, "ascending")]).select(columns)

    def _files(self, what: str) -> Iterator[tuple[str, Any]]:
        """The partition of every file, and what the table's own statistics say of the file."""
        table = self._found()
        if table is not None:
            files = pa.table(table.get_add_actions(flatten=True))
            names, told = files[f"partition.{PARTITION}"], files[what]
            yield from zip(names.to_pylist(), told.to_pylist(), strict=True)

    def _at(self, version: int | None) -> DeltaTable:
        table = self._found()
        if table is None:
            raise NotEnoughData(
                f"table {self.path.name!r} has no rows yet: ingest a delivery first"
            )
        if version is not None and not 0 <= version <= table.version():
            raise Terminal(
                f"{self.path.name} has no version {version}; the latest is {table.version()}"
            )
        return table if version is None else self._opened(version)

    def _found(self) -> DeltaTable | None:
        try:
            return self._opened(self.pinned)
        except TableNotFoundError:
            return None

    def _opened(self, version: int | None = None) -> DeltaTable:
        with self._reached():
            return DeltaTable(str(self.path), version=version, storage_options=self._options)

    def _last_commit(self, table: DeltaTable) -> Mapping[str, Any]:
        """What the latest version says of how it was made: one read, where a history lists all."""
        log = self.path / "_delta_log" / f"{table.version():020}.json"
        return commit_of(Cell(log, self.s3).read().content)

    def _written_from(self, schema: pa.Schema, seen: int | None) -> DeltaTable:
        """The table as the writer saw it; a new and empty one if there is none."""
        table = self._found() or self._created(schema)
        return table if seen is None else self._opened(seen)

    def _created(self, schema: pa.Schema) -> DeltaTable:
        if isinstance(self.path, Path):
            self.path.mkdir(parents=True, exist_ok=True)
        try:
            with self._reached():
                return DeltaTable.create(
                    str(self.path),
                    schema,
                    mode="ignore",
                    partition_by=[PARTITION],
                    configuration=CONFIGURATION,
                    # Retried, it would be created anew as a later version, under its first writer.
                    commit_properties=CommitProperties(max_commit_retries=0),
                    storage_options=self._options,
                )
        except DeltaError:  # another writer created it at the same moment: then it is there
            return self._opened()

    @property
    def _options(self) -> dict[str, str] | None:
        return None if isinstance(self.path, Path) else self.s3.delta

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """What S3 says to Delta Lake's own client, in our words."""
        try:
            yield
        except (CommitFailedError, TableNotFoundError):
            raise
        except (DeltaError, OSError) as error:
            if not isinstance(self.path, Path):
                raise translated(str(self.path), str(error)) from error
            if self.pinned is None:
                raise
            raise Missing(
                f"{self.path.name} cannot be read at version {self.pinned} any more: {error}"
            ) from error


def _stamped(rows: pa.Table, partition: str, delivery: str) -> pa.Table:
    constant = {
        PARTITION: pa.repeat(pa.scalar(partition), rows.num_rows),
        DELIVERY: pa.repeat(pa.scalar(delivery), rows.num_rows),
        ROW: pa.array(range(rows.num_rows), pa.int64()),
    }
    if PARTITION in rows.column_names:
        rows = rows.drop_columns([PARTITION])
    for name, values in constant.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, values)
    return rows
