"""A table of the lake in memory, as it was on a night."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.data.lake import ALL, LakeTable, Read
from tasks.data.parts import PARTITION
from tasks.errors import NotEnoughData, Terminal

Instants = npt.NDArray[np.datetime64]

NOW = np.datetime64("9999-01-01", "us")


@dataclass(frozen=True)
class Rows:
    """A table's rows in the order of partition and row, and where each partition begins.

    `known` (rows,) is when each was known, `since` (partitions,) from when on each is taken to
    have been there: as soon as all of its rows were known, and at the latest when its day is over;
    but not before any was.
    """

    table: pa.Table
    version: int
    known_at: str
    names: npt.NDArray[np.str_]
    bounds: npt.NDArray[np.intp]
    known: Instants
    since: Instants

    @classmethod
    def of(cls, table: LakeTable, known_at: str, zone: tzinfo) -> "Rows | None":
        """All rows of a table whose days are those of a zone; None for one without any."""
        version = table.version()
        if version is None:
            return None
        rows = table.read()
        names = np.asarray(rows[PARTITION].to_pylist(), dtype=np.str_)
        firsts = np.flatnonzero(np.r_[names[:1] == names[:1], names[1:] != names[:-1]])
        known = rows[known_at].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
        return cls(
            table=rows.combine_chunks(),
            version=version,
            known_at=known_at,
            names=names[firsts],
            bounds=np.append(firsts, len(names)),
            known=known,
            since=_since(names[firsts], known, firsts, zone) if len(firsts) else known,
        )

    def there(self, night: np.datetime64) -> npt.NDArray[np.bool_]:
        """Which partitions (partitions,) had come by then."""
        return np.asarray(self.since <= night)

    def chosen(
        self, partitions: tuple[str, str], by: np.datetime64, night: np.datetime64
    ) -> tuple[int, npt.NDArray[np.bool_]]:
        """The first row of the first to the last partition that was there, and which of the rows
        from there on belong to one and were known by then."""
        first, last = partitions
        wanted = ((self.names >= first) & (self.names <= last)) | (self.names == ALL)
        places = np.flatnonzero(wanted & self.there(night))
        if not len(places):
            return 0, np.zeros(0, dtype=np.bool_)
        start, end = int(self.bounds[places[0]]), int(self.bounds[places[-1] + 1])
        mask = self.known[start:end] <= by
        for gap in np.setdiff1d(np.arange(places[0], places[-1]), places):
            mask[self.bounds[gap] - start : self.bounds[gap + 1] - start] = False
        return start, np.asarray(mask)


@dataclass(frozen=True)
class MemoryTable(LakeTable):
    """What a table held by `night`, as far as its rows tell when their file came."""

    kept: Rows | None = None
    night: np.datetime64 = NOW

    def version(self) -> int | None:
        """The table version that was read, None without rows."""
        return self.kept.version if self.kept else None

    def partitions(self) -> list[str]:
        """Names of the partitions that were there, in order."""
        return list(self.counts())

    def counts(self) -> dict[str, int]:
        """Rows of every partition that was there."""
        if self.kept is None:
            return {}
        there = self.kept.there(self.night)
        names, sizes = self.kept.names[there], np.diff(self.kept.bounds)[there]
        return dict(zip(names.tolist(), sizes.tolist(), strict=True))

    def read(self, query: Read | None = None) -> pa.Table:
        """As any table of a lake reads it, of the partitions that were there."""
        query, kept = query or Read(), self.kept
        if kept is None:
            raise NotEnoughData(f"table {self.path.name!r} has no rows yet")
        if query.version is not None or (query.known_by and query.known_at != kept.known_at):
            raise Terminal(f"{self.path.name} is in memory as it is now, known by {kept.known_at}")
        by = instant(query.known_by) if query.known_by else NOW
        bounds = query.first or "", query.last or str(kept.names[-1])
        start, mask = kept.chosen(bounds, by, self.night)
        columns = list(query.columns or kept.table.column_names)
        table = kept.table if query.where is not None else kept.table.select(columns)
        whole = len(mask) if mask.all() else int(mask.argmin())
        rest = table.slice(start + whole, len(mask) - whole).filter(pa.array(mask[whole:]))
        rows = pa.concat_tables([table.slice(start, whole), rest])
        return rows if query.where is None else rows.filter(query.where).select(columns)


def _since(
    names: npt.NDArray[np.str_], known: Instants, firsts: npt.NDArray[np.intp], zone: tzinfo
) -> Instants:
    over = np.array([_over(str(name), zone) for name in names], dtype="datetime64[us]")
    first, last = (each.reduceat(known, firsts) for each in (np.minimum, np.maximum))
    return np.asarray(np.maximum(first, np.minimum(last, over)))


def _over(partition: str, zone: tzinfo) -> np.datetime64:
    """When the day that a partition is called after is over; never for another name."""
    try:
        day = date.fromisoformat(partition)
    except ValueError:
        return NOW
    return instant(datetime.combine(day + timedelta(days=1), time(), zone))


def instant(moment: datetime) -> np.datetime64:
    """A moment as numpy has it, in UTC."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
