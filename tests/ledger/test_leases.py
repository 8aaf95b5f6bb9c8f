"""One works, others hear who does; who died without a word is succeeded when its time is up."""

import multiprocessing
import sqlite3
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from functools import partial

import pytest

from tasks.ledger import leases
from tasks.ledger.leases import Claimant, held
from tasks.ledger.ledger import Ledger

ANNA, BEN = Claimant("anna's retrain", "a"), Claimant("ben's retrain", "b")


def taken(url: str, token: str) -> bool:
    """Whether one racer got the lease, on a ledger of its own."""
    ledger = Ledger(url)
    try:
        return ledger.lease("flights", "retrain").take(Claimant(token, token))
    finally:
        ledger.close()


def expire(url: str) -> None:
    """Two minutes pass."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE leases SET until = until - 121")


def test_one_holder(ledger: Ledger) -> None:
    """Another hears who has it until it is given back; other pipelines and names are apart."""
    lease = ledger.lease("flights", "retrain")
    assert lease.holder() == ""
    assert lease.take(ANNA)
    assert not lease.take(BEN)
    assert lease.holder() == "anna's retrain"
    assert ledger.lease("bikes", "retrain").take(BEN)
    assert ledger.lease("flights", "backfill").take(BEN)
    lease.release(BEN)
    assert not lease.take(BEN), "nobody gives back what another has"
    lease.release(ANNA)
    assert lease.take(BEN)


def test_taken_over_from_a_dead_self(ledger: Ledger) -> None:
    """Whoever is started again under its own token goes on at once."""
    lease = ledger.lease("flights", "retrain")
    assert lease.take(ANNA)
    assert lease.take(ANNA)


def test_succession(ledger: Ledger, url: str) -> None:
    """When its time is up another takes it, and the first can neither renew nor give it back."""
    lease = ledger.lease("flights", "retrain")
    assert lease.take(ANNA)
    expire(url)
    assert lease.holder() == ""
    assert lease.renew(ANNA), "late, but nobody took it"
    expire(url)
    assert lease.take(BEN)
    assert not lease.renew(ANNA)
    lease.release(ANNA)
    assert lease.holder() == "ben's retrain"


def test_racing_threads(ledger: Ledger, url: str) -> None:
    """Of eight threads one gets it, when it is new and when it has expired."""
    for _ in ("new", "expired"):
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(partial(taken, url), "abcdefgh"))
        assert won.count(True) == 1
        assert ledger.lease("flights", "retrain").holder() == "abcdefgh"[won.index(True)]
        expire(url)


def test_racing_processes(ledger: Ledger, url: str) -> None:
    """Of two processes that try ten times one gets it once."""
    assert ledger.lease("flights", "retrain").holder() == ""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        won = list(pool.map(partial(taken, url), "abcdefghij"))
    assert won.count(True) == 1


def test_held(ledger: Ledger) -> None:
    """The block knows whether it is alone, and the lease is free after it, also when it failed."""
    lease = ledger.lease("flights", "retrain")
    with held(lease, ANNA) as busy:
        assert busy == ""
        with held(lease, BEN) as second:
            assert second == "anna's retrain"
        assert lease.holder() == "anna's retrain", "who was turned away gives nothing back"
    with pytest.raises(KeyError), held(lease, ANNA):
        raise KeyError
    assert lease.holder() == ""


def test_waiting(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits begins when the other is done."""
    monkeypatch.setattr(leases, "WAITING_SECONDS", 0.02)
    lease, order = ledger.lease("flights", "retrain"), []

    def wait() -> None:
        with held(lease, BEN, wait=True) as busy:
            order.append(f"ben {busy}")

    waiting = threading.Thread(target=wait)
    with held(lease, ANNA):
        waiting.start()
        time.sleep(0.1)
        order.append("anna")
    waiting.join()
    assert order == ["anna", "ben "]


def test_renewed(ledger: Ledger) -> None:
    """Work that takes longer than its lease keeps it, and notices when it was lost."""
    lease = leases.Lease(ledger.lease("flights", "retrain").database, "flights", "retrain", 2.0)
    with held(lease, ANNA):
        time.sleep(2.5)
        assert not lease.take(BEN)
    assert lease.holder() == ""


def test_lost(ledger: Ledger, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A holder that was away for too long says that it lost its lease, and goes on."""
    lease = leases.Lease(ledger.lease("flights", "retrain").database, "flights", "retrain", 0.4)
    with held(lease, ANNA):
        expire(url)
        assert lease.take(BEN)
        deadline = time.monotonic() + 10
        while not caplog.messages and time.monotonic() < deadline:
            time.sleep(0.02)
    assert caplog.messages[0].startswith("anna's retrain lost its lease to ")
