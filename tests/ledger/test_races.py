"""Of many who act on the same state, one wins; the others hear about it."""

import multiprocessing
import sqlite3
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from threading import Barrier

import pytest

from tasks.errors import Conflict, Terminal, Transient
from tasks.ledger.decisions import Entry
from tasks.ledger.ledger import Ledger
from tasks.records import Kind
from tests.ledger.conftest import entry, intent, promote


def decided(url: str, racer: Entry) -> str:
    """What became of one racer's decision, on a ledger of its own."""
    ledger = Ledger(url)
    try:
        return f"won {ledger.decide(racer).version}"
    except Conflict:
        return "conflict"
    finally:
        ledger.close()


def claimed(url: str, by: str) -> bool:
    """Whether one racer got the intent."""
    ledger = Ledger(url)
    try:
        return ledger.claim("flights", "drop", by)
    finally:
        ledger.close()


def racers(ledger: Ledger, count: int) -> list[Entry]:
    """Different promotions, all taken on the same state of the ledger."""
    promote(ledger, 100)
    first = entry(ledger, Kind.PROMOTED, 1, 1)
    return [
        replace(first, version=number, champion=number, key=f"promoted {number}")
        for number in range(1, count + 1)
    ]


def test_racing_threads(ledger: Ledger, url: str) -> None:
    """Eight threads decide on the same state: one wins, seven are told to read again."""
    start = Barrier(8)

    def race(racer: Entry) -> str:
        start.wait()
        return decided(url, racer)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(race, racers(ledger, 8)))
    assert outcomes.count("conflict") == 7
    assert f"won {ledger.champion('flights')}" in outcomes
    assert ledger.generation("flights") == 2
    assert ledger.verify("flights") == []


def test_racing_processes(ledger: Ledger, url: str) -> None:
    """Two processes decide and claim on the same state: one decision and one claim win."""
    entries = racers(ledger, 10)
    ledger.intend(intent("drop"))
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        outcomes = list(pool.map(partial(decided, url), entries))
        claims = list(pool.map(partial(claimed, url), ["anna", "ben"] * 5))
    assert outcomes.count("conflict") == 9
    assert ledger.generation("flights") == 2
    assert claims.count(True) == 1


def test_same_key_at_once(ledger: Ledger, url: str) -> None:
    """Eight threads record the same decision: it is there once, and all of them get it."""
    racer = entry(ledger, Kind.PROMOTED, 1, 1)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(partial(decided, url), [racer] * 8))
    assert Counter(outcomes) == {"won 1": 8}
    assert ledger.generation("flights") == 1


def test_claims(ledger: Ledger, url: str) -> None:
    """Of eight threads that claim an intent exactly one gets it, and its name is kept."""
    ledger.intend(intent("drop"))
    names = [f"run {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = pool.map(partial(claimed, url), names)
        won = [name for name, got in zip(names, outcomes, strict=True) if got]
    assert won == [ledger.claimant("flights", "drop")]


def test_opening_at_once(url: str) -> None:
    """Eight who open a ledger that does not exist yet all find it ready."""
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(partial(claimed, url), ["somebody"] * 8)) == [False] * 8


def test_locked(ledger: Ledger, url: str) -> None:
    """A database that stays locked is a transient failure, not an endless wait."""
    promote(ledger, 1)
    hurried = Ledger(url, wait_seconds=0.05)
    second = entry(ledger, Kind.PROMOTED, 2, 2)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match="database is locked; another writer"):
            hurried.decide(second)
        assert ledger.champion("flights") == 1, "readers do not wait for writers"
    assert hurried.decide(second).champion == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite://", "a ledger in memory would forget"),
        ("no address", "its address cannot be read"),
        ("oracle+nothing://x/y", "ledger oracle"),
        ("nosuchsql://anna:secret@host/db", r"nosuchsql://anna:\*\*\*@host/db"),
    ],
)
def test_wrong_addresses(url: str, message: str) -> None:
    """An address that cannot be opened is told without its password."""
    with pytest.raises(Terminal, match=message) as caught:
        Ledger(url).generation("flights")
    assert "secret" not in str(caught.value)


def test_not_a_database(ledger: Ledger, url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file that is something else is a terminal failure that says so."""
    path = tmp_path_factory.mktemp("other") / "ledger.db"
    path.write_text("these are not the bytes of a database" * 100)
    with pytest.raises(Terminal, match="file is not a database"):
        Ledger(f"sqlite:///{path}").generation("flights")
