"""Selftests: what was sabotaged on purpose, whether it was refused, and what a miss means."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, func, insert, select

from tasks.ledger.database import Database
from tasks.ledger.tables import SELFTESTS
from tasks.ledger.text import stamp


@dataclass(frozen=True)
class Case:
    """One thing that was pushed through the loop, and what became of it.

    A sabotaged challenger or batch has to be refused for a reason of its own: `expected` are the
    codes of which one has to be among those it was refused by. A control has to be taken.
    """

    name: str
    kind: Literal["challenger", "batch", "control"]
    expected: tuple[str, ...]
    refused: bool
    by: tuple[str, ...]
    reason: str
    seconds: float

    @property
    def missed(self) -> bool:
        """Whether the loop did the wrong thing, or the right one for no reason of its own."""
        if self.kind == "control":
            return self.refused
        return not (self.refused and set(self.by) & set(self.expected))


CASES: TypeAdapter[tuple[Case, ...]] = TypeAdapter(tuple[Case, ...])
"""Cases as JSON and back."""


@dataclass(frozen=True)
class Selftest:
    """Every case of one rehearsal, and of which code."""

    as_of: datetime
    code_version: str
    cases: tuple[Case, ...]

    @property
    def missed(self) -> tuple[Case, ...]:
        return tuple(case for case in self.cases if case.missed)

    @property
    def sabotaged(self) -> tuple[Case, ...]:
        """The cases that had to be refused."""
        return tuple(case for case in self.cases if case.kind != "control")

    @property
    def false_accepts(self) -> int:
        """Sabotaged cases that were not refused for a reason of their own."""
        return sum(case.missed for case in self.sabotaged)

    @property
    def false_accept_rate(self) -> float:
        """Their share; nan without any case."""
        return self.false_accepts / len(self.sabotaged) if self.sabotaged else float("nan")

    @property
    def upper_limit(self) -> float:
        """Exact upper 95 % limit of that share (Clopper and Pearson, Biometrika 26, 1934)."""
        from scipy.stats import binomtest

        if not self.sabotaged:
            return float("nan")
        found = binomtest(self.false_accepts, len(self.sabotaged), alternative="less")
        return float(found.proportion_ci(0.95).high)

    @property
    def told(self) -> str:
        """The outcome in a sentence."""
        controls = [case for case in self.cases if case.kind == "control"]
        taken = sum(not case.missed for case in controls)
        names = ", ".join(case.name for case in self.missed)
        return (
            f"{self.false_accepts} of {len(self.sabotaged)} sabotages accepted "
            f"(rate {self.false_accept_rate:.0%}, below {self.upper_limit:.0%} with 95 % "
            f"confidence), {taken} of {len(controls)} controls taken"
            f"{f'; missed: {names}' if names else ''}"
        )


def keep(database: Database, pipeline: str, selftest: Selftest) -> None:
    """Append a selftest; every one is kept."""
    with database.writing() as connection:
        numbers = select(func.max(SELFTESTS.c.number)).where(SELFTESTS.c.pipeline == pipeline)
        last = connection.execute(numbers).scalar_one()
        row = {
            "pipeline": pipeline,
            "number": (last or 0) + 1,
            "as_of": stamp(selftest.as_of),
            "code_version": selftest.code_version,
            "cases": CASES.dump_json(selftest.cases).decode(),
        }
        connection.execute(insert(SELFTESTS).values(row))


def latest(database: Database, pipeline: str) -> Selftest | None:
    """The selftest that was kept last; none before the first."""
    columns = SELFTESTS.c
    query = (
        select(SELFTESTS)
        .where(columns.pipeline == pipeline)
        .order_by(columns.number.desc())
        .limit(1)
    )
    with database.reading() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _selftest(row)


def _selftest(row: RowMapping) -> Selftest:
    return Selftest(
        datetime.fromisoformat(row["as_of"]),
        row["code_version"],
        CASES.validate_json(row["cases"]),
    )
