"""What a table's deliveries must look like: expectations, grouped by what a breach costs."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, JsonValue, field_validator, model_validator

from config.hints import hint
from config.schema import Table
from config.values import Frozen

SHAPE = re.compile(r"expect(_[a-z0-9]+)+")
COLUMN_ARGUMENTS = ("column_A", "column_B", "column_list", "column_set")

Place = tuple[str | int, ...]


class Expectation(Frozen):
    """One expectation. In YAML `type: {column: name, argument: value, ...}`.

    `arguments` are those beside `column`; `keywords` has both, as the expectation takes them.
    """

    type: str
    column: str | None = None
    arguments: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"type": value}
        if not isinstance(value, dict) or "type" in value:
            return value
        if len(value) != 1:
            raise ValueError("write one expectation as `expect_...: {column: name, ...}`")
        kind, arguments = next(iter(value.items()))
        if not isinstance(arguments, dict | None):
            raise ValueError(f"arguments must be a mapping, not {arguments!r}")
        rest = dict(arguments or {})
        return {"type": kind, "column": rest.pop("column", None), "arguments": rest}

    @field_validator("type")
    @classmethod
    def _has_the_shape_of_a_name(cls, value: str) -> str:
        if not SHAPE.fullmatch(value):
            raise ValueError(f"{value!r} is no expectation: expect_ and words in snake_case")
        return value

    @property
    def keywords(self) -> dict[str, JsonValue]:
        """Every argument of the expectation, `column` included where there is one."""
        named: dict[str, JsonValue] = {} if self.column is None else {"column": self.column}
        return named | self.arguments

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the expectation names, by whichever argument."""
        named = [] if self.column is None else [self.column]
        for argument in COLUMN_ARGUMENTS:
            value = self.arguments.get(argument, [])
            named += [str(each) for each in (value if isinstance(value, list) else [value])]
        return tuple(named)


class Suite(Frozen):
    """A table's expectations: a breach holds the row, refuses the batch, or only warns."""

    row: tuple[Expectation, ...] = Field(
        default=(), description="a row that fails is held, with reason"
    )
    batch: tuple[Expectation, ...] = Field(
        default=(), description="a delivery that fails is refused whole"
    )
    warn: tuple[Expectation, ...] = Field(
        default=(), description="a failure is told and changes nothing"
    )

    def faults(self, table: Table) -> list[tuple[Place, str]]:
        """Where (path inside the suite) and why it cannot judge deliveries of the table."""
        if not self.row + self.batch:
            return [((), "empty suite: it needs an expectation under row or batch")]
        groups = {"row": self.row, "batch": self.batch, "warn": self.warn}
        return [
            ((group, number, expectation.type), fault)
            for group, expectations in groups.items()
            for number, expectation in enumerate(expectations)
            for fault in _faults(expectation, group, table)
        ]


Suites = Mapping[str, Suite]


def _faults(expectation: Expectation, group: str, table: Table) -> list[str]:
    if group == "row" and not expectation.columns:
        return ["names no column, so it cannot single out rows: it belongs under batch"]
    return [
        f"the table has no column {name!r}{hint(name, table.columns)}"
        for name in expectation.columns
        if name not in table.columns
    ]
