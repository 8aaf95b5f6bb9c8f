"""Whatever happens to the ledger in whatever order, its history adds up after every step."""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tasks.errors import Conflict, Terminal
from tasks.ledger.deciding import bench
from tasks.ledger.decisions import Entry
from tasks.ledger.ledger import Ledger
from tasks.ledger.rollback import Return, roll_back, target
from tasks.records import Decision, Interval, Kind
from tests.ledger.conftest import entry, model, night

VERSIONS = st.integers(1, 5)
NAME = "flights"


class History(RuleBasedStateMachine):
    """A real ledger on SQLite, retrainers and operators who crash, retry and come too late.

    `alias` stands for the registry's pointer: a decision is taken first, and it follows or not.
    """

    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = Ledger(f"sqlite:///{self.folder}/ledger.db")
        self.alias: int | None = None
        self.taken: list[tuple[Entry, Decision]] = []
        self.stale: Entry | None = None
        self.out: set[int] = set()
        for number in range(1, 6):
            self.ledger.keep_version(model(number), Interval(0.7, 0.6, 0.8))

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)

    def asked(self, kind: Kind, version: int, by: str = "") -> Entry:
        """What somebody wants who has just read the ledger."""
        champion = version if kind is Kind.PROMOTED else self.ledger.champion(NAME)
        wanted = entry(self.ledger, kind, version, champion)
        evidence = {"by": by} if by else {}
        return replace(wanted, key=f"attempt {wanted.generation}", evidence=evidence)

    def decided(self, wanted: Entry, crashes: bool) -> None:
        """Take a decision; a crash right after it leaves the alias where it was."""
        decision = self.ledger.decide(wanted)
        self.taken.append((wanted, decision))
        if decision.kind is Kind.ROLLED_BACK:
            self.out.add(decision.version)
        if not crashes:
            self.alias = self.ledger.champion(NAME)

    @rule(version=VERSIONS, by=st.sampled_from(["", "Ada"]), crashes=st.booleans())
    def promote(self, version: int, by: str, crashes: bool) -> None:
        """By the gate or by a person: the gate never brings a rolled-back version back."""
        wanted = self.asked(Kind.PROMOTED, version, by)
        champion = self.ledger.champion(NAME)
        if version == champion or (version in self.out and not by):
            with suppress(Terminal):
                self.ledger.decide(wanted)
                raise AssertionError(f"v{version} was promoted over v{champion}")
            return
        self.decided(wanted, crashes)
        self.out.discard(version)

    @rule(version=VERSIONS, kind=st.sampled_from([Kind.REFUSED, Kind.EXPIRED]))
    def refuse(self, version: int, kind: Kind) -> None:
        """No, or nobody's yes: on record, and the champion stays."""
        self.decided(self.asked(kind, version), crashes=False)

    @rule(version=st.none() | VERSIONS, crashes=st.booleans())
    def return_to(self, version: int | None, crashes: bool) -> None:
        """A rollback to whom the rules allow, or a clear no."""
        at = night(self.ledger.generation(NAME))
        asked = Return(NAME, at, version, "it went wrong", night(1000))
        found = bench(self.ledger, NAME, at)
        with suppress(Terminal):
            number = target(self.ledger, asked, found)
            assert number not in self.out
            assert number in {each.champion for _, each in self.taken}
            before = found.champion
            assert before is not None
            roll_back(self.ledger, asked, found, number)
            self.out.add(before.number)
            if not crashes:
                self.alias = number

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """The same attempt again, also after its version was rolled back: the stored decision."""
        wanted, decision = data.draw(st.sampled_from(self.taken))
        before = self.ledger.generation(NAME)
        again = replace(wanted, generation=before, reason="said otherwise")
        assert self.ledger.decide(again) == decision
        assert self.ledger.generation(NAME) == before

    @rule(version=VERSIONS)
    def fall_asleep(self, version: int) -> None:
        """Somebody reads the ledger and is stopped before the decision."""
        self.stale = replace(self.asked(Kind.REFUSED, version), key=f"asleep {version}")

    @precondition(lambda self: self.stale is not None)
    @rule()
    def wake_up(self) -> None:
        """Who decides on an older state than there is changes nothing."""
        assert self.stale is not None
        if self.stale.generation != self.ledger.generation(NAME):
            with suppress(Conflict):
                self.ledger.decide(self.stale)
                raise AssertionError("a stale decision was taken")
        self.stale = None

    @rule()
    def reconcile(self) -> None:
        """The pointer follows the ledger."""
        self.alias = self.ledger.champion(NAME)

    @rule()
    def reopen(self) -> None:
        """Another process, later."""
        self.ledger.close()
        self.ledger = Ledger(self.ledger.url)

    @invariant()
    def adds_up(self) -> None:
        """The chain verifies, sequences are gapless, and replaying the rows gives the champion."""
        if not hasattr(self, "ledger"):
            return
        decisions = self.ledger.decisions(NAME)
        assert self.ledger.verify(NAME) == []
        assert [each.sequence for each in decisions] == list(range(1, len(decisions) + 1))
        champion: int | None = None
        for each in decisions:
            if each.kind is Kind.PROMOTED:
                assert each.version != champion
                champion = each.version
            elif each.kind is Kind.ROLLED_BACK:
                assert each.version == champion
                champion = each.champion
            assert each.champion == champion
        assert self.ledger.champion(NAME) == champion
        assert self.ledger.blocklist(NAME) == self.out
        assert champion not in self.out
        assert self.ledger.last_known_good(NAME) not in {*self.out, champion} - {None}
        assert self.alias in {None, *(each.champion for each in decisions)}


History.TestCase.settings = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestHistory = History.TestCase
