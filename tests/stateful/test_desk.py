"""Rows without Prefect: what is delivered, let in, held, released, corrected and withdrawn."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tasks.data.arrivals import arrivals
from tasks.errors import Terminal
from tasks.ledger.deciding import journal
from tasks.quality.release import release
from tests.installation import Installation
from tests.places import pointing_at
from tests.shop import NAME, day, night
from tests.stateful.conftest import pace
from tests.stateful.dying import Countdown, PowerCut, mortal, power_cut
from tests.stateful.rows import rows_astray
from tests.stateful.world import TABLES, Content, Parcel, Table, again, defined, shown

pytestmark = pytest.mark.timeout(3600)

SALTS = st.integers(0, 999)
MOMENTS = st.none() | st.integers(0, 8)
CONTENTS = st.sampled_from(["whole", "some held", "changed", "fewer", "more", "refused"])


class Desk(RuleBasedStateMachine):
    """The shop's desk for deliveries; the process dies between two writes."""

    @initialize()
    def begin(self) -> None:
        """A new shop, with a day's files in landing."""
        self.folder = Path(tempfile.mkdtemp())
        self.open = ExitStack()
        self.shop = Installation(self.open.enter_context(pointing_at(self.folder / "home")))
        defined(self.shop)
        self.today, self.now = 4, night(day(4))
        self.died: list[Callable[[], None]] = []
        self.files = 0
        self.a_day("whole", 0)

    def teardown(self) -> None:
        if hasattr(self, "open"):
            self.open.close()
            shutil.rmtree(self.folder)

    @rule(orders=CONTENTS, salt=SALTS)
    def a_day(self, orders: Content, salt: int) -> None:
        """It is over: its orders and what turned out on it arrive."""
        self.today += 1
        self.now = night(day(self.today))
        self.deliver("returns", 1, "whole", salt)
        self.deliver("orders", 1, orders, salt)

    @rule(table=st.sampled_from(TABLES), back=st.integers(1, 3), content=CONTENTS, salt=SALTS)
    def deliver(self, table: Table, back: int, content: Content, salt: int) -> None:
        """A file of one of the last days, the first or another."""
        self.files += 1
        parcel = Parcel(table, self.today - back, content, salt)
        parcel.lands(self.shop.landing, self.tick(), self.files)

    @rule(data=st.data(), table=st.sampled_from(TABLES))
    def the_same_bytes_again(self, data: st.DataObject, table: Table) -> None:
        """What came last for a day comes once more, and is no other delivery."""
        self.files += 1
        recent = shown(self.shop.landing, table)[-4:]
        again(data.draw(st.sampled_from(recent)), self.tick(), self.files)

    @rule(moments=MOMENTS)
    def ingest(self, moments: int | None) -> None:
        """What arrived is let in, held or refused."""
        as_of = self.tick()

        def ingests() -> None:
            stores = self.shop.stores
            judged = stores.ledger.seen(NAME)
            queues = arrivals(stores.source, stores.definition, as_of, judged)
            admissions = [each for queue in queues for each in stores.desk.admit_all(queue)]
            journal(stores.ledger, stores.definition, admissions, as_of)

        self.run(ingests, moments)

    @precondition(lambda self: not self.died and self.shop.stores.quarantine.held())
    @rule(data=st.data(), moments=MOMENTS)
    def release(self, data: st.DataObject, moments: int | None) -> None:
        """A held row is let in after all, where that is possible."""
        row = data.draw(st.sampled_from(self.shop.stores.quarantine.held()))
        as_of = self.tick()

        def releases() -> None:
            try:
                release(self.shop.stores.desk, [row], as_of)
            except Terminal:
                return

        self.run(releases, moments)

    @precondition(lambda self: self.died)
    @rule()
    def what_died_runs_again(self) -> None:
        """In the order in which it died."""
        for each in self.died:
            each()
        self.died.clear()

    @invariant()
    def adds_up(self) -> None:
        """Every row is where it belongs, and nowhere else."""
        if hasattr(self, "shop"):
            wrong = rows_astray(self.shop, settled=not self.died)
            assert not wrong, "\n".join(wrong)

    def tick(self) -> datetime:
        """A minute passes."""
        self.now += timedelta(minutes=1)
        return self.now

    def run(self, work: Callable[[], None], moments: int | None) -> None:
        """To its end, or to its death after some moments, whichever comes first."""
        countdown = Countdown(10**6 if moments is None else moments, power_cut)
        try:
            with mortal(countdown):
                work()
        except PowerCut:
            self.died.append(work)


Desk.TestCase.settings = settings(
    pace(), max_examples=2 * pace().max_examples, stateful_step_count=15
)
TestDesk = pytest.mark.slow(Desk.TestCase)
