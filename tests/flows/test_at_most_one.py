"""At most one retrain for a cause, whatever is duplicated, lost, killed or started again."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from config import events as names
from flows.nightly import nightly
from flows.retrain import Retrained, retrain
from flows.watch import watch
from tasks.drift.trigger import SCHEDULE
from tasks.ledger.leases import Claimant, held
from tasks.records import Decision
from tests.conftest import LATE, TRAINED
from tests.flows.killed import elsewhere
from tests.flows.told import artifacts, emitted, flow_run, lines, run_of
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night

CAUSE = "performance-dropped:v1:after-1"
DROPPED = "performance dropped: roc_auc fell"
NIGHT = night(day(LATE))


@pytest.fixture
def dropped(turned: Installation) -> Installation:
    """The shop after a drop that nobody has answered."""
    assert watch(NAME, NIGHT).performance.dropped
    return turned


def under_way(shop: Installation) -> str:
    """Who retrains, as soon as somebody does."""
    deadline = time.monotonic() + 60
    while not (holder := shop.stores.retraining.holder()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return holder


def told_about(decision: Decision) -> bool:
    """Whether the server has the event of a decision, whichever run emitted it."""
    return any(
        each["payload"]["reason"] == decision.reason
        for each in emitted({"name": [names.CHALLENGER_REFUSED]})
    )


@pytest.mark.slow
def test_a_storm_is_one_retrain(dropped: Installation) -> None:
    """Of 50 calls for one cause, four at a time, one trains; all others say why they did not."""

    def call(_: int) -> Retrained:
        return retrain(NAME, NIGHT, DROPPED, CAUSE)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(call, range(50)))
    ledger = dropped.stores.ledger
    assert [each.sequence for each in ledger.decisions(NAME)] == [1, 2]
    assert [each.number for each in ledger.versions(NAME)] == [1, 2]
    assert ledger.decisions(NAME)[-1].evidence["cause"] == CAUSE
    assert Counter(each.news for each in outcomes) == {True: 1, False: 49}
    said = {each.declined.partition(":")[0] for each in outcomes if not each.news}
    assert said <= {"another is under way", "performance-dropped"}
    assert ledger.intents(NAME)[0].state == "done"


@pytest.mark.slow
def test_two_processes(dropped: Installation) -> None:
    """One trains, the other is declined; policy holds in whichever process asks next."""
    dropped.define({"gate": {"floors": {"roc_auc": 0.999}}})
    other = elsewhere("nowhere", NIGHT, DROPPED, CAUSE)
    assert "retrain shop as of 2024-02-03 03:00 (performance dropped)" in under_way(dropped)
    here = retrain(NAME, NIGHT, DROPPED, CAUSE)
    _, said = other.communicate(timeout=120)
    assert other.returncode == 0, said.decode()[-2000:]
    assert (here.decision, here.news) == (None, False)
    assert here.declined.startswith("another is under way: retrain shop as of 2024-02-03 03:00")
    (_, refusal) = dropped.stores.ledger.decisions(NAME)
    assert (refusal.kind, refusal.evidence["cause"]) == ("refused", CAUSE)
    assert told_about(refusal), "the event outlives its process, which ended at once"

    next_night = night(day(LATE + 1))
    assert watch(NAME, next_night).news
    again = retrain(NAME, next_night, DROPPED, "performance-dropped:v1:after-2")
    assert "cooling down until 2024-02-06 after the retrain of 2024-02-03" in again.declined
    dropped.define({"gate": {"floors": {"roc_auc": 0.999}}, "retrain": {"budget": 1}})
    spent = retrain(NAME, night(day(LATE + 4)), DROPPED, "performance-dropped:v1:after-2")
    assert spent.declined.endswith("but 1 retrains in 14 days, 1 allowed")
    assert [each.state for each in dropped.stores.ledger.intents(NAME)] == ["done", "open"]


@pytest.mark.slow
def test_killed_and_taken_up_by_a_later_night(dropped: Installation) -> None:
    """The night after goes on with the first attempt's moment: one version, one decision."""
    died = elsewhere("after the registration", NIGHT, DROPPED, CAUSE)
    died.communicate(timeout=120)
    assert dropped.stores.ledger.claimant(NAME, CAUSE) == "2024-02-03T03:00:00.000000+00:00"
    dropped.forge("UPDATE leases SET until = until - 121")  # two minutes pass
    decision = decided(nightly(NAME, night(day(LATE + 1))).retrained)
    assert (decision.as_of, decision.version) == (NIGHT, 2)
    assert decision.evidence["cause"] == CAUSE
    mlflow = dropped.state()["mlflow"]
    assert isinstance(mlflow, dict)
    assert len(mlflow["model_versions"]) == 2, "the version that was registered before is found"
    assert dropped.stores.ledger.intents(NAME)[0].state == "done"


def test_what_a_declined_retrain_says(dropped: Installation) -> None:
    """Its name, its log and its artifact say that nothing was trained and why."""
    run_id = run_of(retrain, NAME, NIGHT, DROPPED, "performance-dropped:v7:after-7")
    run = flow_run(run_id)
    assert run.name == "retrain shop as of 2024-02-03 03:00 (performance dropped), declined"
    assert run.state_name == "Completed"
    why = "the ledger knows of no cause 'performance-dropped:v7:after-7'"
    assert why in str(artifacts(run_id)["declined-shop"].data)
    assert lines(run_id, why) == [f"shop as of 2024-02-03 03:00: nothing trained: {why}"]


def test_who_waits_is_next(trained: Installation) -> None:
    """With `overlap: wait` a second retrain begins when the first is done."""
    trained.define({"retrain": {"overlap": "wait"}})
    outcomes: list[Retrained] = []

    def wait() -> None:
        outcomes.append(retrain(NAME, night(day(TRAINED)), "first champion"))

    waiting = threading.Thread(target=wait)
    with held(trained.stores.retraining, Claimant("somebody", "s")):
        waiting.start()
        time.sleep(1.5)
        assert outcomes == []
    waiting.join()
    assert decided(outcomes[0]).sequence == 2


def test_who_is_told_to_drop_is_declined(trained: Installation) -> None:
    """By default a person's retrain is declined too while another is under way."""
    before = trained.state()
    with held(trained.stores.retraining, Claimant("somebody", "s")):
        late = retrain(NAME, night(day(TRAINED)))
    assert (late.decision, late.declined) == (None, "another is under way: somebody")
    assert trained.state() == before


def test_a_schedule_keeps_to_the_policy(trained: Installation) -> None:
    """A retrain on a schedule waits for the end of the cool-down like any other."""
    early = retrain(NAME, night(day(TRAINED + 1)), "on its schedule", SCHEDULE)
    assert early.declined.startswith("its schedule asks, but cooling down until 2024-01-22")
    assert len(trained.stores.ledger.decisions(NAME)) == 1
