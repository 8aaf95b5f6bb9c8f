"""What was asked and what turned out, by the rows of a lake that were known at a moment."""

from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Protocol, TypeVar, runtime_checkable

import pandas as pd

from config.load import Definition
from tasks.data.lake import Lake, Read
from tasks.features.query import Days, features, known_tables, labels, questions

T = TypeVar("T")


@runtime_checkable
class Knowing(Protocol):
    """A lake that has computed features and labels before, for all who ask of it.

    What it gives equals what would be computed, and belongs to everybody: it is not changed.
    """

    def once(self, of: Hashable, make: Callable[[], T]) -> T:
        """As the function of this name."""
        ...

    def asked(self, definition: Definition, days: Days, known_by: datetime) -> pd.DataFrame:
        """As the function of this name."""
        ...

    def turned_out(
        self, definition: Definition, partitions: tuple[str, str], known_by: datetime
    ) -> pd.DataFrame:
        """As the function of this name."""
        ...


def once(lake: Lake, of: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives; of a lake that knows, the same for all who ask `of` it on a night."""
    return lake.once(of, make) if isinstance(lake, Knowing) else make()


def asked(definition: Definition, lake: Lake, days: Days, known_by: datetime) -> pd.DataFrame:
    """Every question of `days` with its features, as `features` gives them, by rows known then."""
    if isinstance(lake, Knowing):
        return lake.asked(definition, days, known_by)
    return features(definition, known_tables(lake, definition, days, known_by), days)


def open_questions(
    definition: Definition, lake: Lake, days: Days, known_by: datetime
) -> pd.DataFrame:
    """Every question of `days` as `questions` gives them; of a lake that knows, features beside."""
    if isinstance(lake, Knowing):
        return lake.asked(definition, days, known_by)
    return questions(definition, lake, days, known_by)


def turned_out(
    definition: Definition, lake: Lake, partitions: tuple[str, str], known_by: datetime
) -> pd.DataFrame:
    """The labels known by then in the first to the last of some partitions, as `labels` says."""
    if isinstance(lake, Knowing):
        return lake.turned_out(definition, partitions, known_by)
    name = definition.pipeline.label.table
    return labels(
        definition, {name: lake.table(name).read(label_rows(definition, partitions, known_by))}
    )


def label_rows(definition: Definition, partitions: tuple[str, str], known_by: datetime) -> Read:
    """Which rows of the label table those are."""
    table = definition.pipeline.tables[definition.pipeline.label.table]
    first, last = partitions
    return Read(
        columns=tuple(table.columns),
        first=first,
        last=last,
        known_by=known_by,
        known_at=table.known_at,
    )
