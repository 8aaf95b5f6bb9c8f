"""Leases: who works on something right now, so that others do not begin the same.

A lease saves work and nothing else: a holder that was paused for longer than its lease and goes
on is stopped by the ledger's keys and generations. Time is the database's own clock, so that
machines that disagree about the time agree about leases.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from sqlalchemy import ColumnElement, Double, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from tasks.errors import RatchetError
from tasks.ledger.database import Database
from tasks.ledger.tables import LEASES

SECONDS = 120.0
"""How long a lease outlives a holder that died without a word."""

RENEWAL_SECONDS = 30.0
WAITING_SECONDS = 1.0
"""How often somebody who waits looks again."""

_log = logging.getLogger("ratchet.lease")


class _Clock(FunctionElement[float]):
    """Seconds since 1970 by the clock of the database."""

    type = Double()
    inherit_cache = True


@compiles(_Clock)
def _clock(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch from clock_timestamp()) AS DOUBLE PRECISION)"


@compiles(_Clock, "sqlite")
def _sqlite_clock(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@dataclass(frozen=True)
class Claimant:
    """Who wants a lease: in words for people, and by a token that no other holder has."""

    holder: str
    token: str


@dataclass(frozen=True)
class Lease:
    """What one work of a pipeline is leased under; `seconds` is its life without renewal."""

    database: Database
    pipeline: str
    name: str
    seconds: float = SECONDS

    def take(self, by: Claimant) -> bool:
        """True when it was free, expired, or this claimant's own: of many, one gets it."""
        free = or_(LEASES.c.until <= _Clock(), LEASES.c.token == by.token)
        values = {"holder": by.holder, "token": by.token, "until": _Clock() + self.seconds}
        taking = update(LEASES).where(self._is, free).values(values)
        with self.database.writing() as connection:
            if connection.execute(taking).rowcount == 1:
                return True
        first = insert(LEASES).values(pipeline=self.pipeline, name=self.name, **values)
        try:
            with self.database.writing() as connection:
                connection.execute(first)
        except IntegrityError:
            return False
        return True

    def renew(self, by: Claimant) -> bool:
        """False when another has it by now."""
        longer = update(LEASES).where(self._is, LEASES.c.token == by.token)
        with self.database.writing() as connection:
            renewed = connection.execute(longer.values(until=_Clock() + self.seconds))
            return renewed.rowcount == 1

    def release(self, by: Claimant) -> None:
        """Free at once; nothing happens when another has it by now."""
        with self.database.writing() as connection:
            connection.execute(delete(LEASES).where(self._is, LEASES.c.token == by.token))

    def holder(self) -> str:
        """Who has it, in words; empty when nobody does."""
        held = select(LEASES.c.holder).where(self._is, LEASES.c.until > _Clock())
        with self.database.reading() as connection:
            return connection.execute(held).scalar() or ""

    @property
    def _is(self) -> ColumnElement[bool]:
        return and_(LEASES.c.pipeline == self.pipeline, LEASES.c.name == self.name)


@contextmanager
def held(lease: Lease, by: Claimant, wait: bool = False) -> Iterator[str]:
    """The lease while the block runs, renewed; gives who else has it, empty when we do.

    With `wait` the block starts once the lease is free.
    """
    busy = Event()
    while not lease.take(by):
        other = lease.holder()
        if other and not wait:
            yield other
            return
        busy.wait(WAITING_SECONDS if other else 0)
    done = Event()
    renewing = Thread(target=_renewed, args=(lease, by, done), name="lease", daemon=True)
    renewing.start()
    try:
        yield ""
    finally:
        done.set()
        renewing.join()
        _release(lease, by)


def _renewed(lease: Lease, by: Claimant, done: Event) -> None:
    """Renew until done; a database that does not answer is asked again the next time."""
    while not done.wait(min(RENEWAL_SECONDS, lease.seconds / 4)):
        try:
            if not lease.renew(by):
                _log.warning("%s lost its lease to %s", by.holder, lease.holder() or "nobody")
                return
        except RatchetError as error:
            _log.warning("%s could not renew its lease: %s", by.holder, error)


def _release(lease: Lease, by: Claimant) -> None:
    """Work that is done stays done, whether or not its lease could be given back."""
    try:
        lease.release(by)
    except RatchetError as error:
        _log.warning("%s keeps its lease until it expires: %s", by.holder, error)
