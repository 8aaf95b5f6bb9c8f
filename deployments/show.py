"""Results for people, as tables; for machines, as one JSON document."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from tasks.ledger.played import Planned, Played

Cell = str | int | float | None


def result(value: object, as_json: bool) -> None:
    """Print what a story returned."""
    if as_json:
        document(value)
        return
    from deployments import results  # loads the flows, to know what they return

    results.told(value)


def document(value: object) -> None:
    """Print any of our values as JSON; undefined numbers become null."""
    click.echo(json.dumps(plain(value), indent=2))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table; numbers to the right, text escaped."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(_cell(each)) for each in row))
    Console().print(drawn)


def line(text: str) -> None:
    """Print one line."""
    click.echo(text)


def aside(text: str) -> None:
    """Print one line beside the result, on standard error."""
    click.echo(text, err=True)


def nights(played: "Sequence[Played]") -> None:
    """Print past nights that were played again, and in the end what failed."""
    rows: list[list[Cell]] = [
        [str(n.night), n.deliveries, n.refused, n.predictions, n.measured, n.retrained, n.state]
        for n in played
    ]
    columns = ["night", "deliveries", "refused", "predictions", "measured", "retrained", "came to"]
    table("nights", columns, rows)
    failed = [each for each in played if each.error]
    line(f"{len(failed)} of {len(played)} nights failed" if failed else _played(played))
    for each in failed:
        line(f"  {each.told}")


def plan(cells: "Sequence[Planned]") -> None:
    """Print which steps of nights are to do, and what shows that the others are done."""
    rows = [[str(c.night), c.step, "done" if c.done else "to do", c.evidence] for c in cells]
    table("plan", ["night", "step", "state", "evidence"], rows)
    line(f"{sum(not each.done for each in cells)} of {len(cells)} steps to do")


def _played(played: "Sequence[Played]") -> str:
    idle = sum(each.is_idle for each in played)
    return f"{len(played)} nights played" + (f", {idle} of them done before" if idle else "")


@singledispatch
def told(value: object) -> None:
    """Print a story's result in a few lines."""
    line(str(value))


def plain(value: Any) -> Any:
    """Dataclasses, moments, enums and paths as what JSON can say."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Path) else value


def _cell(value: Cell) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else value
