"""One door to the ledger's database: opened when first used, safe to open from many at once."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
)

from config.places import database
from tasks.errors import Terminal, Transient
from tasks.ledger.columns import METADATA

_FOR_A_PERSON = re.compile(
    r"authentication failed|no password supplied|permission denied|"
    r"(database|role) .* does not exist"
)
"""What PostgreSQL says, without a code, to who may not or cannot connect."""


class Database:
    """A SQLAlchemy database: SQLite or PostgreSQL.

    Either waits `wait_seconds` for another writer, then `Transient`.
    """

    def __init__(self, url: str, wait_seconds: float = 30.0) -> None:
        self.url = url
        self.wait_seconds = wait_seconds

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is alone from its first read on SQLite; all or nothing."""
        engine = self._engine.execution_options(writes=True)
        with self._translated(), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Lets go of every connection; the next use opens it again."""
        engine = self.__dict__.pop("_engine", None)
        if engine is not None:
            engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        with self._translated():
            engine = _opened(self.url, self.wait_seconds)
            _create_tables(engine.execution_options(writes=True))
            return engine

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            message = f"ledger {_shown(self.url)}: {_first_line(error)}"
            if _heals(error):
                raise Transient(f"{message}; another writer or the network, try again") from error
            raise Terminal(message) from error


def _opened(url: str, wait_seconds: float) -> Engine:
    try:
        parsed = make_url(database(url))
        opened = _OPENERS.get(parsed.get_backend_name(), _opened_plainly)
        return opened(parsed, wait_seconds)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise Terminal(f"ledger {_shown(url)}: {error}") from error


def _opened_sqlite(url: URL, wait_seconds: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise Terminal("a ledger in memory would forget: give a file, sqlite:///path/ledger.db")
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    # No pool: nothing stays open between calls, so threads, forks and tests leave nothing behind.
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": wait_seconds})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        # Two openers may switch at once; the mode stays in the file, so the loser has it too.
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A read that turns into a write deep in a transaction fails at once instead of waiting.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _opened_postgres(url: URL, wait_seconds: float) -> Engine:
    milliseconds = int(wait_seconds * 1000)
    # The address may say otherwise.
    arguments = {"connect_timeout": 10, "options": f"-c lock_timeout={milliseconds}"}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    # No pool here either: a connection is made in milliseconds, and every store has a ledger.
    return create_engine(url, poolclass=NullPool, connect_args=given)


def _opened_plainly(url: URL, _: float) -> Engine:
    return create_engine(url, pool_pre_ping=True)


_OPENERS: dict[str, Callable[[URL, float], Engine]] = {
    "sqlite": _opened_sqlite,
    "postgresql": _opened_postgres,
}


def _create_tables(engine: Engine) -> None:
    try:
        METADATA.create_all(engine)
    except (IntegrityError, OperationalError, ProgrammingError):
        # Somebody created them between our look and our CREATE: look again.
        METADATA.create_all(engine)


def _heals(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    if _FOR_A_PERSON.search(str(error.orig)):
        return False
    return isinstance(error, OperationalError) or error.connection_invalidated


def _first_line(error: DBAPIError) -> str:
    """PostgreSQL shows the statement below it."""
    return str(error.orig).partition("\n")[0]


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "(its address cannot be read)"
