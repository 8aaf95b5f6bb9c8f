"""What a model card is made of: sections of paragraphs and tables."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.records import Check


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; without one the first cell of a row names it."""

    rows: tuple[tuple[str, ...], ...]
    head: tuple[str, ...] = ()


Block = str | Table


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs and tables."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """What a link to it is called."""
        return self.title.lower().replace(" ", "-")


def facts(*rows: tuple[str, str]) -> Table:
    """Named values."""
    return Table(rows)


def checks_table(checks: Iterable[Check]) -> Table:
    """Checks with their reasons."""
    rows = ((each.title, each.status.value, each.severity.value, each.reason) for each in checks)
    return Table(tuple(rows), ("check", "result", "severity", "why"))
