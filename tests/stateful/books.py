"""Where every delivered row is, read past our own code: landing, lake with its history, held."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
from deltalake import DeltaTable

from tasks.records import Admission, Outcome
from tests.installation import Installation
from tests.places import folder
from tests.shop import NAME

TABLES = ("orders", "returns")

Cells = dict[str, str]
"""One row as its file says it."""


@dataclass(frozen=True)
class Delivered:
    """What a sender delivered for a partition: the same bytes, however often they came."""

    table: str
    partition: str
    sha256: str
    rows: tuple[Cells, ...]
    arrived_at: datetime
    """When it last came."""


@dataclass(frozen=True)
class Kept:
    """A row of the lake or of the quarantine, by the delivery that brought it."""

    sha256: str
    row: int
    cells: Cells = field(default_factory=dict, compare=False)
    partition: str = field(default="", compare=False)
    released: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Books:
    """One table's rows at every place they can be at."""

    delivered: tuple[Delivered, ...]
    accepted: frozenset[tuple[str, str]]
    """Partition and sha256 of the deliveries that the journal says were let in."""
    lake: tuple[Kept, ...]
    history: frozenset[Kept]
    """Every row that any version of the table ever had."""
    quarantine: tuple[Kept, ...]
    admissions: tuple[Admission, ...]


def books(shop: Installation, table: str) -> Books:
    """The books of one table as they are now."""
    admissions = [a for a in shop.stores.ledger.admissions(NAME) if a.delivery.table == table]
    accepted = {
        (each.delivery.partition, each.delivery.sha256)
        for each in admissions
        if each.outcome is Outcome.ACCEPTED
    }
    return Books(
        delivered=tuple(_delivered(shop.landing / NAME / table, table)),
        accepted=frozenset(accepted),
        lake=tuple(_lake(shop, table)),
        history=frozenset(_history(shop, table)),
        quarantine=tuple(_quarantine(shop, table)),
        admissions=tuple(admissions),
    )


def opened(shop: Installation, table: str, version: int | None = None) -> DeltaTable | None:
    """A table of the lake; None before its first row."""
    path = folder(shop.settings.lake) / NAME / table
    return DeltaTable(str(path), version=version) if (path / "_delta_log").exists() else None


def rows_of(table: DeltaTable | None) -> list[dict[str, Any]]:
    """Its rows, as plain values."""
    return [] if table is None else list(table.to_pyarrow_table().to_pylist())


def _delivered(landing: Path, table: str) -> Iterator[Delivered]:
    found: dict[tuple[str, str], Delivered] = {}
    for path in sorted(landing.glob("*.csv.gz")):
        data = path.read_bytes()
        partition, sha256 = path.name.split(".", 1)[0], hashlib.sha256(data).hexdigest()
        arrived = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        before = found.get((partition, sha256))
        if before is None or before.arrived_at < arrived:
            found[partition, sha256] = Delivered(table, partition, sha256, _parsed(data), arrived)
    yield from found.values()


def _parsed(data: bytes) -> tuple[Cells, ...]:
    header, *lines = [line.split(",") for line in gzip.decompress(data).decode().splitlines()]
    return tuple(dict(zip(header, cells, strict=True)) for cells in lines)


def _lake(shop: Installation, table: str) -> Iterator[Kept]:
    for row in rows_of(opened(shop, table)):
        cells = {name: _text(cell) for name, cell in row.items() if not name.startswith("_")}
        yield Kept(row["_delivery"], row["_row"], cells, row["_partition"])


def _history(shop: Installation, table: str) -> Iterator[Kept]:
    """What the commits say that they added; files that no commit names were never there."""
    path = folder(shop.settings.lake) / NAME / table
    for commit in sorted((path / "_delta_log").glob("*.json")):
        actions = map(json.loads, commit.read_text().splitlines())
        for added in (path / unquote(each["add"]["path"]) for each in actions if "add" in each):
            rows = pq.read_table(added, columns=["_delivery", "_row"]).to_pylist()
            yield from (Kept(row["_delivery"], row["_row"]) for row in rows)


def _quarantine(shop: Installation, table: str) -> Iterator[Kept]:
    for row in rows_of(opened(shop, "_quarantine")):
        if row["table"] == table:
            cells = json.loads(row["payload"])
            released = row["released_at"] is not None
            yield Kept(row["_delivery"], row["_row"], cells, row["partition"], released)


def _text(cell: object) -> str:
    """A value of the lake as the shop writes it into its files."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)
