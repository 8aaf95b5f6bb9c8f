"""Deliveries by the night that admits them: judged ahead and elsewhere, settled in order here."""

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain

from tasks.data.arrivals import arrivals
from tasks.errors import Terminal, Transient
from tasks.nights.grid import Grid
from tasks.nights.views import on_record, versions
from tasks.quality.admission import told
from tasks.quality.ahead import Verdict, ahead
from tasks.records import Admission, Delivery
from tasks.stores import Stores

_WORTH = 40
"""Deliveries a process from which on it is worth its start: a few seconds of imports."""

_log = logging.getLogger("ratchet.ingest")


class Intake:
    """Admits what had arrived by each night, and writes down each verdict at once.

    Landing is listed once, and the ledger asked once what was judged; `verdict` says where
    deliveries are judged.
    """

    def __init__(self, stores: Stores, queues: dict[date, list[Delivery]]) -> None:
        self.queues, self.desk = queues, stores.desk
        self.verdict: Verdict = self.desk.judge.judged
        self._admissions = stores.ledger.admissions(stores.name)
        self._known = on_record(stores, self._admissions)
        self._stores = stores
        self._settled: dict[Delivery, Admission] = {}

    def waits(self, first: date, last: date) -> bool:
        """Whether a delivery of one of these nights has no verdict yet."""
        return any(
            delivery not in self._settled
            for night, queue in self.queues.items()
            if first <= night <= last
            for delivery in queue
        )

    def versions(self, as_of: datetime) -> dict[str, int]:
        """The version that each table had then, by the ledger and what was admitted here."""
        return versions(tuple(self._admissions), as_of, self._known)

    @property
    def has_settled(self) -> bool:
        """Whether anything was admitted or refused here."""
        return bool(self._settled)

    def admit(self, night: date, as_of: datetime) -> list[Admission]:
        """Admit the night's deliveries; called again, it goes on where it was.

        One that fails is told with the first error, after all others were admitted. Raises
        `Transient` at once for what time may heal.
        """
        failed: list[Exception] = []
        queue = self.queues.get(night, [])
        for delivery in queue:
            if delivery in self._settled:
                continue
            try:
                self._settle(delivery, as_of)
            except Transient:
                raise
            except Exception as error:  # a delivery that fails keeps no other one waiting
                failed.append(error)
        if failed:
            raise Terminal(
                f"{len(failed)} of {len(queue)} deliveries failed: {failed[0]}"
            ) from failed[0]
        return [self._settled[delivery] for delivery in queue]

    def _settle(self, delivery: Delivery, as_of: datetime) -> None:
        stores = self._stores
        admission = self.desk.settle(self.verdict(delivery))
        stores.ledger.journal(admission, stores.name, as_of, stores.definition.config_hash)
        self._settled[delivery] = admission
        self._admissions.append(admission)
        _log.info("%s", told(admission))


@contextmanager
def intake(stores: Stores, grid: Grid, workers: int) -> Iterator[Intake]:
    """What there is to admit, and who judges it: processes of their own where that is worth it."""
    queues = queued(stores, grid) if "ingest" in grid.steps else {}
    deliveries = list(chain.from_iterable(queues[night] for night in sorted(queues)))
    made = Intake(stores, queues)
    if workers == 1 or len(deliveries) < _WORTH * workers:
        yield made
    else:
        with ahead(made.desk.judge, deliveries, workers) as verdict:
            made.verdict = verdict
            yield made
    if made.has_settled:
        made.desk.list_docs()


def queued(stores: Stores, grid: Grid) -> dict[date, list[Delivery]]:
    """Deliveries without a verdict, by the first night of the grid that finds them in landing.

    Within a night by table, and then by arrival.
    """
    queues: defaultdict[date, list[Delivery]] = defaultdict(list)
    moments = [grid.schedule.night_of(night) for night in grid.nights]
    judged = stores.ledger.seen(stores.name)
    found = arrivals(stores.source, stores.definition, moments[-1], judged)
    for delivery in chain.from_iterable(found):
        queues[grid.nights[bisect_left(moments, delivery.arrived_at)]].append(delivery)
    return dict(queues)
