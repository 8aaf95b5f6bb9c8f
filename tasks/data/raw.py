"""Rows as they were delivered: nothing guessed, nothing dropped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

import pyarrow as pa

from tasks.errors import Refused

MAX_COLUMNS = 1000
MAX_CELL_CHARACTERS = 2**20

Payload = Mapping[str, str | None]


@dataclass(frozen=True)
class Misfit:
    """A row that could not be laid out into the delivery's columns."""

    row: int
    reason: str
    payload: Payload


@dataclass(frozen=True)
class Raw:
    """A delivery's rows. `cells` are text unless the format itself is `typed`.

    `numbers` are the row numbers of `cells` in the delivery, from 0; the missing ones are misfits.
    """

    cells: pa.Table
    numbers: Sequence[int]
    misfits: tuple[Misfit, ...] = ()
    typed: bool = False

    @property
    def delivered(self) -> int:
        """Rows in the delivery, misfits included."""
        return len(self.numbers) + len(self.misfits)


def named(header: Sequence[str]) -> list[str]:
    """Column names in Unicode's composed form, so that names that look alike are alike.

    Raises `Refused`: duplicate_header, too_large.
    """
    if len(header) > MAX_COLUMNS:
        raise Refused("too_large", f"{len(header)} columns, at most {MAX_COLUMNS} are read")
    names = [normalize("NFC", name) for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        told = ", ".join(map(repr, twice))
        raise Refused(
            "duplicate_header",
            f"{len(twice)} of {len(names)} column names occur more than once: {told}; "
            "give every column a name of its own",
        )
    return names


def laid_out(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Rows of text as a table of text columns, None as null."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )
