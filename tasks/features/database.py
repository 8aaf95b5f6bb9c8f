"""SQL over frames and Arrow tables, in a DuckDB of its own that is gone afterwards."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def answers(tables: Mapping[str, Any], *statements: str) -> list[pd.DataFrame]:
    """What each statement returns, an empty frame for one that returns nothing.

    `tables` are read in place under their names; times are in UTC. Raises `ValueError` with
    DuckDB's message when a statement fails.
    """
    # Imported here: held by a module, DuckDB's bindings report leaks when a flow's process ends.
    import duckdb

    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            database.register(name, table)
        try:
            return [database.execute(statement).df() for statement in statements]
        except duckdb.Error as error:
            raise ValueError(str(error)) from error
