"""Tables of accepted rows: Delta tables whose partitions are replaced whole and atomically."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from config.hints import hint
from config.places import Place
from tasks.data.answers import translated
from tasks.data.bucket import S3
from tasks.data.parts import PARTITION, dataset
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

    The one partition of an unpartitioned table is never excluded by bounds.
    """

    columns: tuple[str, ...] | None = None
    first: str | None = None
    last: str | None = None
    known_by: datetime | None = None
    known_at: str = "known_at"
    version: int | None = None


@dataclass(frozen=True)
class Revision:
    """One state of a partition: the table version that made it, and from which delivery."""

    version: int
    delivery: str
    rows: int
    at: datetime


@dataclass(frozen=True)
class Lake:
    """A folder of tables, or a prefix of a bucket."""

    root: Place
    s3: S3 = field(default_factory=S3)

    def table(self, name: str) -> "LakeTable":
        """The table called `name`, whether or not it has rows yet."""
        return LakeTable(self.root / name, self.s3)


@dataclass(frozen=True)
class LakeTable:
    """One Delta table, partitioned by `_partition`.

    Beside its own columns every row has `_partition`, `_delivery` (sha256 of the file that
    brought it) and `_row` (its number in that file, from 0).
    """

    path: Place
    s3: S3 = field(default_factory=S3)

    def replace_partition(
        self, partition: str, rows: pa.Table, delivery: str, seen: int | None = None
    ) -> int:
        """Make `rows` all there is in the partition, or change nothing; the new table version.

        `seen` is the table version that the rows were derived from, by default the latest.
        Raises `Conflict` when somebody else changed the partition meanwhile, `Terminal` when a
        column's type is not the table's.
        """
        stamped = _stamped(rows, partition, delivery)
        table = self._written_from(stamped.schema, seen)
        self._refuse_other_types(table, stamped.schema)
        made_by = {"ratchet.partition": partition, "ratchet.delivery": delivery}
        try:
            with self._reached():
                write_deltalake(
                    table,
                    stamped,
                    mode="overwrite",
                    predicate=f"{PARTITION} = {_quoted(partition)}",
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
        """The latest table version, None before the first row."""
        table = self._found()
        return None if table is None else int(table.version())

    def partitions(self) -> list[str]:
        """Names of the partitions that have rows, in order."""
        table = self._found()
        return [] if table is None else sorted(each[PARTITION] for each in table.partitions())

    def counts(self) -> dict[str, int]:
        """Rows of every partition, from the table's own statistics: no row is read."""
        table = self._found()
        counted = Counter[str]()
        if table is not None:
            files = pa.table(table.get_add_actions(flatten=True))
            names, rows = files[f"partition.{PARTITION}"], files["num_records"]
            for name, number in zip(names.to_pylist(), rows.to_pylist(), strict=True):
                counted[name] += number
        return dict(counted)

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
        table = self._found()
        with self._reached():
            commits = [] if table is None else table.history()
        return [
            _revision(commit) for commit in commits if commit.get("ratchet.partition") == partition
        ]

    def read(self, query: Read | None = None) -> pa.Table:
        """Rows in the order of partition and row number.

        Raises `NotEnoughData` when the table has no rows yet, `Terminal` for an unknown column
        or version.
        """
        query = query or Read()
        table = self._at(query.version)
        schema = pa.schema(table.schema().to_arrow())
        columns = list(query.columns or schema.names)
        for name in set(columns) - set(schema.names):
            raise Terminal(f"{self.path.name} has no column {name!r}{hint(name, schema.names)}")
        # The files as one dataset: a table's own dataset takes twice the time for a year of days.
        files = dataset(
            self.path,
            self.s3,
            table.file_uris(file_pruning_predicate=_partitions(query)),
            schema,
        )
        needed = list(dict.fromkeys([*columns, PARTITION, ROW]))
        rows = files.to_table(columns=needed, filter=_known(query))
        return rows.sort_by([(PARTITION, "ascending"), (ROW, "ascending")]).select(columns)

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
            return self._opened()
        except TableNotFoundError:
            return None

    def _opened(self, version: int | None = None) -> DeltaTable:
        with self._reached():
            return DeltaTable(str(self.path), version=version, storage_options=self._options)

    def _written_from(self, schema: pa.Schema, seen: int | None) -> DeltaTable:
        """The table as the writer saw it; a new and empty one if there is none."""
        table = self._found()
        if table is None:
            table = self._created(schema)
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
            if isinstance(self.path, Path):
                raise
            raise translated(str(self.path), str(error)) from error

    def _refuse_other_types(self, table: DeltaTable, schema: pa.Schema) -> None:
        """Delta would cast silently, text to numbers among others."""
        known = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
        for column in schema:
            if not known.get(column.name, column.type).equals(column.type):
                raise Terminal(
                    f"{self.path.name}.{column.name} is {known[column.name]} in the lake and "
                    f"{column.type} now; a column keeps its type: give the new one another name"
                )


def _stamped(rows: pa.Table, partition: str, delivery: str) -> pa.Table:
    constant: Mapping[str, pa.Array] = {
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


def _partitions(query: Read) -> str | None:
    """Which files to open, decided before any is: SQL over the partition."""
    bounds = [
        f"{PARTITION} {comparison} {_quoted(bound)}"
        for comparison, bound in ((">=", query.first), ("<=", query.last))
        if bound is not None
    ]
    return f"{PARTITION} = {_quoted(ALL)} OR ({' AND '.join(bounds)})" if bounds else None


def _known(query: Read) -> Any:
    if query.known_by is None:
        return None
    return pc.field(query.known_at) <= pa.scalar(query.known_by, pa.timestamp("us", "UTC"))


def _revision(commit: Mapping[str, Any]) -> Revision:
    return Revision(
        version=int(commit["version"]),
        delivery=str(commit["ratchet.delivery"]),
        rows=int(commit["operationMetrics"]["num_added_rows"]),
        at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
