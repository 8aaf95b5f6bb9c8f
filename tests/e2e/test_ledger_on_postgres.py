"""The ledger on PostgreSQL: what holds on SQLite when many act at once holds here too."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from tasks.errors import Terminal, Transient
from tasks.ledger.ledger import Ledger
from tasks.records import Kind
from tests.ledger.conftest import entry, promote
from tests.ledger.test_races import (
    test_claims,
    test_opening_at_once,
    test_racing_processes,
    test_racing_threads,
    test_same_key_at_once,
)
from tests.servers.postgres import RealPostgres, postgres_server

__all__ = [
    "test_claims",
    "test_opening_at_once",
    "test_racing_processes",
    "test_racing_threads",
    "test_same_key_at_once",
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def url(postgres: RealPostgres) -> str:
    """A database of the test's own, where the suite of SQLite has a file."""
    return postgres.database()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger(url)
    yield opened
    opened.close()


def test_locked(ledger: Ledger, url: str) -> None:
    """A table that stays locked is a transient failure, not an endless wait."""
    promote(ledger, 1)
    hurried = Ledger(url, wait_seconds=0.2)
    second = entry(ledger, Kind.PROMOTED, 2, 2)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE decisions IN EXCLUSIVE MODE")
        with pytest.raises(Transient, match="lock timeout; another writer"):
            hurried.decide(second)
        assert ledger.champion("flights") == 1, "readers do not wait for writers"
    assert hurried.decide(second).champion == 2


def test_who_may_not_connect(postgres: RealPostgres) -> None:
    """A wrong password and a database that is not there are a person's to mend; the message has
    no password.
    """
    with pytest.raises(Terminal, match="password authentication failed") as caught:
        Ledger(postgres.url(password="wrong and secret")).generation("flights")
    assert "secret" not in str(caught.value)
    with pytest.raises(Terminal, match='database "nowhere" does not exist'):
        Ledger(postgres.url("nowhere")).generation("flights")


def test_nobody_listens(postgres: RealPostgres, deaf: int) -> None:
    """A server that is down is waited for by whoever tries again."""
    url = re.sub(r":\d+/", f":{deaf}/", postgres.database())
    with pytest.raises(Transient, match="another writer or the network, try again"):
        Ledger(url).generation("flights")
