"""Golden rows: pinned by a person, kept as they were known then, and believed only when verified.

Nothing that happens to the lake reaches them: they are a copy, in a table and under a root of
their own, and what their bytes must be is written in the ledger.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.lake import Lake, LakeTable
from tasks.data.parts import PARTITION
from tasks.errors import Conflict, Corrupt, Terminal
from tasks.features.pinning import Pinning

TABLE = "golden"
_UTC = pa.timestamp("us", "UTC")
_NOTHING = pa.table({PARTITION: pa.array([], pa.string())})


@dataclass(frozen=True)
class GoldenSet:
    """One version of the pinned rows, verified: the columns of a cohort, in its order."""

    pinning: Pinning
    frame: pd.DataFrame


@dataclass(frozen=True)
class Goldens:
    """Every version of the pinned rows, oldest first; `key` are the columns of a question."""

    key: tuple[str, ...]
    versions: tuple[GoldenSet, ...] = ()

    @property
    def latest(self) -> GoldenSet | None:
        """What challengers are judged on; None when nothing was ever pinned."""
        return self.versions[-1] if self.versions else None

    def holds(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which rows (n,) are about a question that was ever pinned, whichever the version."""
        asked = pd.MultiIndex.from_frame(frame[[*self.key]])
        found = np.zeros(len(frame), dtype=bool)
        for each in self.versions:
            found |= asked.isin(pd.MultiIndex.from_frame(each.frame[[*self.key]]))
        return found


@dataclass(frozen=True)
class Vault:
    """The golden rows of one pipeline, apart from the tables that it learns from."""

    lake: Lake

    @property
    def table(self) -> LakeTable:
        return self.lake.table(TABLE)

    def keep(self, number: int, frame: pd.DataFrame) -> str:
        """Write the rows of a version down; what their content is, for the ledger.

        The rows of two writers of one number lie side by side: the ledger says which are meant.
        """
        rows = stored(frame)
        found = content(rows)
        self.table.replace_partition(_partition(number, found), rows, found)
        return found

    def read(self, pinnings: Sequence[Pinning], key: tuple[str, ...]) -> Goldens:
        """The versions on record; `Corrupt` when the rows of one are not what was recorded."""
        rows = self.table.read() if pinnings and self.table.partitions() else _NOTHING
        return Goldens(key, tuple(_verified(each, rows, key) for each in pinnings))

    def require_recorded(self, pinnings: Sequence[Pinning]) -> None:
        """Raise `Conflict` when there are rows of a later version than is on record."""
        last = max((each.number for each in pinnings), default=0)
        if any(int(name.partition("-")[0]) > last for name in self.table.partitions()):
            raise Conflict(
                f"golden v{last + 1} of {self.lake.root.name} has rows and is not on record: "
                "somebody is pinning just now, or was interrupted (then pin again), or the record "
                "was removed from the ledger"
            )


def content(rows: pa.Table) -> str:
    """sha256 over names and values, row by row in their order.

    Numbers as 64-bit floats, all else as text: the same rows have the same content whatever
    library, file or chunk they come from.
    """
    found = hashlib.sha256()
    for name in rows.column_names:
        column = rows[name]
        found.update(f"{len(name)} {name} {len(column)}\n".encode())
        found.update(column.is_valid().to_numpy().astype("u1").tobytes())
        found.update(_bytes(column))
    return found.hexdigest()


def stored(frame: pd.DataFrame) -> pa.Table:
    """The frame as the lake keeps it, so that what is read back has the content it was given."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    return table.cast(pa.schema([field.with_type(_kept(field.type)) for field in table.schema]))


def _kept(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_null(kind) or pa.types.is_large_string(kind):
        return pa.string()
    return _UTC if pa.types.is_timestamp(kind) and kind.tz else kind


def _bytes(column: pa.ChunkedArray) -> bytes:
    if pa.types.is_floating(column.type):
        return bytes(column.cast(pa.float64()).fill_null(0.0).to_numpy().astype("<f8").tobytes())
    texts = column.cast(pa.string()).fill_null("")
    lengths = np.asarray(pc.binary_length(texts)).astype("<i8").tobytes()
    return bytes(lengths + "".join(texts.to_pylist()).encode())


def _partition(number: int, found: str) -> str:
    return f"{number:06d}-{found[:16]}"


def _verified(pinning: Pinning, rows: pa.Table, key: tuple[str, ...]) -> GoldenSet:
    mine = rows.filter(pc.field(PARTITION) == _partition(pinning.number, pinning.content))
    missing = [name for name in pinning.columns if name not in mine.column_names]
    if missing or content(mine.select(list(pinning.columns))) != pinning.content:
        raise Corrupt(
            f"golden v{pinning.number} of {pinning.pipeline}: {mine.num_rows:,} rows were found "
            f"that are not the {pinning.rows:,} on record; somebody edited them. Nothing is "
            "judged on them: restore the table from a copy"
        )
    unknown = [name for name in key if name not in pinning.columns]
    if unknown:
        raise Terminal(
            f"golden v{pinning.number} of {pinning.pipeline} has no {', '.join(unknown)}: the "
            "question's key is another now, so its rows cannot be kept out of training; give the "
            "pipeline another name"
        )
    return GoldenSet(pinning, mine.select(list(pinning.columns)).to_pandas())
