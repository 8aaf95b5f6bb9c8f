"""A shop's life in any order: what is delivered, what runs, what people do, and who dies when."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import event, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tasks.errors import Terminal
from tests.installation import Installation, State, copied
from tests.places import pointing_at
from tests.shop import NAME, day, night
from tests.stateful import invariants
from tests.stateful.dying import dies, killed, story
from tests.stateful.world import TABLES, TODAY, Content, Parcel, Table, again, defined, shown

SALTS = st.integers(0, 999)
BACK = st.integers(1, 4)
"""Days back from the last one that is over."""

LIVES = {"nightly": 66, "retrain": 42, "backfill": 60, "ingest": 8, "rollback": 4, "release": 4}
"""How many moments a run has at most."""

DAYS = st.sampled_from(["whole", "whole", "whole", "some held", "refused", "late"])
CORRECTIONS = st.sampled_from(["changed", "fewer", "more", "some held", "refused", "whole"])
RUNS = st.sampled_from(["retrain", "ingest", "score", "reconcile"])

MORTAL = st.sampled_from(["nightly", "retrain", "backfill", "ingest"])
SOON = st.sampled_from([True, False])

Run = tuple[str, dict[str, Any]]


class Life(RuleBasedStateMachine):
    """The small shop and everything that may happen to it; time only goes forward."""

    template: Installation

    @initialize()
    def begin(self) -> None:
        """The second champion was promoted last night."""
        self.folder = Path(tempfile.mkdtemp())
        self.shop = copied(self.template, self.folder / "home")
        self.open = ExitStack()
        self.open.enter_context(pointing_at(self.shop.home))
        self.today, self.now = TODAY, night(day(TODAY))
        self.late: list[Parcel] = []
        self.dead: list[Run] = []
        self.ended: Run | None = None
        self.strict, self.files = False, 0

    def teardown(self) -> None:
        if hasattr(self, "open"):
            self.open.close()
            shutil.rmtree(self.folder)

    # What arrives.

    @rule(orders=DAYS, returns=DAYS, salt=SALTS)
    def nobody_is_awake(self, orders: str, returns: str, salt: int) -> None:
        """A day passes, and no night is run."""
        self.pass_a_day({"orders": orders, "returns": returns}, salt)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def what_was_late_comes(self, data: st.DataObject) -> None:
        """A file that was due some nights ago."""
        parcel = data.draw(st.sampled_from(self.late))
        self.late.remove(parcel)
        parcel.lands(self.shop.landing, self.tick())

    @rule(table=st.sampled_from(TABLES), back=BACK, content=CORRECTIONS, salt=SALTS)
    def a_correction(self, table: Table, back: int, content: Content, salt: int) -> None:
        """Another file for a day that was delivered, or was not."""
        parcel = Parcel(table, self.today - back, content, salt)
        parcel.lands(self.shop.landing, self.tick(), self.number())

    @rule(data=st.data(), table=st.sampled_from(TABLES))
    def the_same_bytes_again(self, data: st.DataObject, table: Table) -> None:
        """What came last for a day comes once more, and is no other delivery."""
        recent = shown(self.shop.landing, table)[-4:]
        again(data.draw(st.sampled_from(recent)), self.tick(), self.number())

    # What runs.

    @rule(salt=SALTS)
    def quiet_nights(self, salt: int) -> None:
        """Two days pass as they should, and the whole loop runs after each."""
        for _ in range(2):
            self.pass_a_day({}, salt)
            self.run("nightly")

    @rule(orders=DAYS, returns=DAYS, salt=SALTS)
    def a_night(self, orders: str, returns: str, salt: int) -> None:
        """A day passes on which anything may arrive, and the loop runs once."""
        self.pass_a_day({"orders": orders, "returns": returns}, salt)
        self.run("nightly")
        self.require(invariants.unanswered(self.shop, self.now))

    @rule(name=RUNS)
    def between_two_nights(self, name: str) -> None:
        """One part of the loop is run; a retrain may find too few days since the last."""
        self.tick()
        self.attempt(name) if name == "retrain" else self.run(name)
        if name == "score":
            self.require(invariants.unanswered(self.shop, self.now))
        if name == "reconcile":
            self.require(invariants.alias(self.shop))

    @rule(back=BACK, newest=st.booleans(), watch=st.booleans())
    def a_backfill(self, back: int, newest: bool, watch: bool) -> None:
        """Past nights are played; nothing live comes of it."""
        before = self.live()
        self.run("backfill", **self.nights(back, newest, watch))
        assert self.live() == before

    @precondition(lambda self: self.ended)
    @rule()
    def the_same_run_again(self) -> None:
        """It finds its work done, and changes nothing."""
        assert self.ended is not None
        before = self.lasting()
        story(self.ended[0])(**self.ended[1])
        assert self.lasting() == before

    # What people do.

    @rule(name=st.sampled_from(["promote", "rollback"]), data=st.data())
    def a_person_decides(self, name: str, data: st.DataObject) -> None:
        """To promote, whatever the gate said; to return to the last good version, or another."""
        numbers = st.sampled_from(self.numbers())
        asked: dict[str, Any] = {"version": data.draw(st.none() | numbers)}
        if name == "promote":
            asked = {"version": data.draw(numbers), "reason": "I know better", "by": "Ada"}
        self.tick()
        self.attempt(name, **asked)

    @precondition(lambda self: not self.dead and self.held())
    @rule(data=st.data(), all_of_it=st.booleans())
    def a_release(self, data: st.DataObject, all_of_it: bool) -> None:
        """Held rows are let in after all, where that is possible."""
        table, partition, row = data.draw(st.sampled_from(self.held()))
        rows = None if all_of_it else [row]
        self.tick()
        self.attempt("release", table=table, partition=partition, rows=rows)

    @rule()
    def another_gate(self) -> None:
        """From a gate that lets nearly all through to one that nobody passes, and back."""
        self.strict = not self.strict
        defined(self.shop, self.strict)
        self.ended = None

    @rule(data=st.data())
    def a_hand_on_the_alias(self, data: st.DataObject) -> None:
        """Somebody clicks in MLflow; the next run that looks puts it right."""
        self.shop.stores.registry.point(NAME, data.draw(st.sampled_from(self.numbers())))
        self.run("reconcile")
        self.require(invariants.alias(self.shop))

    # Who dies.

    @rule(data=st.data(), name=MORTAL, soon=SOON)
    def a_run_dies(self, data: st.DataObject, name: str, soon: bool) -> None:
        """Between two writes, after a day on which enough arrived for there to be some."""
        self.pass_a_day({"orders": data.draw(DAYS)}, data.draw(SALTS))
        self.die(self.of(name), data.draw(st.integers(0, LIVES[name])), soon)

    @precondition(lambda self: not self.dead and self.held())
    @rule(data=st.data(), moments=st.integers(0, LIVES["release"]), soon=SOON)
    def a_release_dies(self, data: st.DataObject, moments: int, soon: bool) -> None:
        """Held rows are let in by half."""
        table, partition, _ = data.draw(st.sampled_from(self.held()))
        self.tick()
        name, asked = self.of("release")
        self.die((name, {**asked, "table": table, "partition": partition}), moments, soon)

    @rule(moments=st.integers(0, LIVES["rollback"]), soon=SOON)
    def a_rollback_dies(self, moments: int, soon: bool) -> None:
        """Before the ledger knows of it, or before the alias does."""
        self.tick()
        self.die(self.of("rollback"), moments, soon)

    @rule(data=st.data(), name=st.sampled_from(["nightly", "retrain", "backfill"]), soon=SOON)
    def kill_dash_nine(self, data: st.DataObject, name: str, soon: bool) -> None:
        """A process of its own is killed, without any chance to clear up."""
        self.pass_a_day({}, 0)
        run = self.of(name)
        if killed(*run, data.draw(st.integers(0, LIVES[name])), self.folder / "scratch"):
            self.died(run, "killed with -9", soon)

    @precondition(lambda self: self.dead)
    @rule()
    def the_dead_run_again(self) -> None:
        """Two minutes later; what was decided meanwhile may have made them late."""
        self.shop.forge("UPDATE leases SET until = until - 121")
        for name, parameters in self.dead:
            again = self.run if name in ("ingest", "backfill") else self.attempt
            again(name, **parameters)
        self.dead.clear()

    # What stays true.

    @invariant()
    def adds_up(self) -> None:
        """After every step; what a dead run left half done counts once it ran again."""
        if hasattr(self, "shop"):
            self.require(invariants.broken(self.shop, settled=not self.dead, latest=2))

    def require(self, told: Iterable[str]) -> None:
        """Nothing is told to be wrong."""
        wrong = list(told)
        assert not wrong, "\n".join(wrong)

    def tell(self, what: str) -> None:
        """Into the life's story and Hypothesis's statistics."""
        event(what)
        note(what)

    def tick(self) -> datetime:
        """A minute passes."""
        self.now += timedelta(minutes=1)
        self.ended = None
        return self.now

    def number(self) -> int:
        """Of a file beside those that were due."""
        self.files += 1
        return self.files

    def pass_a_day(self, arrives: Mapping[Table, str], salt: int) -> None:
        """Until the next night; what arrives is whole, or faulty, or comes later."""
        for table in TABLES:
            content: Any = arrives.get(table, "whole")
            if content == "late":
                self.late.append(Parcel(table, self.today))
            else:
                Parcel(table, self.today, content, salt).lands(self.shop.landing)
        self.today += 1
        self.now = night(day(self.today))
        self.ended = None

    def of(self, name: str) -> Run:
        """A flow and what it is asked for now."""
        if name == "backfill":
            return name, self.nights(back=2, newest=False, watch=True)
        return name, {"pipeline": NAME, "as_of": self.now}

    def run(self, name: str, **parameters: Any) -> None:
        """Run a flow as of now; it must not fail."""
        given = self.of(name)[1] | parameters
        story(name)(**given)
        self.ended = (name, given)
        self.tell(f"{name} ended")

    def attempt(self, name: str, **parameters: Any) -> None:
        """Run a flow that may say why it cannot be."""
        try:
            self.run(name, **parameters)
        except Terminal as error:
            self.tell(f"{name} was declined")
            note(str(error))

    def die(self, run: Run, moments: int, soon: bool) -> None:
        """Run a flow that does not live to its end, if it has that many moments."""
        try:
            where = dies(*run, moments)
        except Terminal as error:
            where = ""
            note(str(error))
        if where:
            self.died(run, where, soon)

    def died(self, run: Run, where: str, soon: bool) -> None:
        """It is run again at once, after it was looked at, or some steps later."""
        self.tell(f"{run[0]} died")
        note(where)
        self.dead.append(run)
        if soon:
            self.adds_up()
            self.the_dead_run_again()

    def nights(self, back: int, newest: bool, watch: bool) -> dict[str, Any]:
        """Which nights a backfill plays."""
        return {
            "first": day(self.today - back + 1),
            "last": day(self.today),
            "steps": ("ingest", "score", "watch") if watch else ("ingest", "score"),
            "order": "newest first" if newest else "oldest first",
            "pipeline": NAME,
        }

    def live(self) -> State:
        """What a backfill has no business with."""
        stores = self.shop.stores
        return {
            "decisions": stores.ledger.decisions(NAME),
            "alias": stores.registry.pointed(NAME),
            "intents": stores.ledger.intents(NAME),
        }

    def lasting(self) -> State:
        """What no run changes twice."""
        versions = self.shop.stores.registry.numbers(NAME)
        return {"tables": self.shop.state()["tables"], "versions": versions, **self.live()}

    def numbers(self) -> list[int]:
        """Versions that have been decided on."""
        return [version.number for version in self.shop.stores.ledger.versions(NAME)]

    def held(self) -> list[tuple[str, str, int]]:
        """Rows in quarantine: table, partition and number."""
        rows = self.shop.stores.quarantine.held()
        return [(each.table, each.partition, each.row) for each in rows]
