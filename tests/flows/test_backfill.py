"""Past nights played again: what was known then, night by night, and nothing live."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.exceptions import ParameterTypeError

from config import events as names
from flows.backfill import Backfilled, NightsFailed, backfill
from flows.ingest import ingest
from flows.score import score
from tasks.data.arrivals import arrivals
from tasks.errors import Terminal
from tasks.records import Outcome
from tests.conftest import LATE, TRAINED
from tests.flows.told import artifacts, events, flow_run, run_of
from tests.installation import Installation
from tests.shop import NAME, arrival, arrives, day, night, written

FIRST, LAST = day(TRAINED + 1), day(TRAINED + 4)


def played(**chosen: Any) -> Backfilled:
    """The four nights after the first champion's."""
    done: Backfilled = backfill(FIRST, LAST, pipeline=NAME, **chosen)
    return done


def test_nights_are_played_as_they_would_have_been(trained: Installation) -> None:
    """Played late, the answers are those of a loop that never slept."""
    trained.deliver(TRAINED, TRAINED + 3)
    done = played()
    assert [each.night for each in done.nights] == [FIRST + timedelta(days=n) for n in range(4)]
    assert [(each.deliveries, each.predictions) for each in done.nights] == [(2, 70)] * 4
    late = trained.answers()
    assert set(late["version"]) == {1}
    for number in range(TRAINED, TRAINED + 4):
        as_of = night(day(number + 1))
        ingest(NAME, as_of)
        score(NAME, as_of)
    assert trained.answers().equals(late)


def test_what_the_ledger_does_not_know_of_is_not_there_yet(trained: Installation) -> None:
    """Killed between lake and ledger, a later correction takes no rows from the nights before."""
    trained.deliver(TRAINED, TRAINED + 1)
    played(steps=("ingest",))
    again = trained.put(
        "orders", FIRST, written(trained.world.orders(FIRST)[:60]), f"{FIRST}.2.csv"
    )
    arrives(again, arrival("orders", day(TRAINED + 2)))
    stores = trained.stores
    ((late,),) = arrivals(stores.source, stores.definition, night(LAST), stores.ledger.seen(NAME))
    assert stores.desk.settle(stores.desk.judge.judged(late)).outcome is Outcome.ACCEPTED
    assert [each.predictions for each in played().nights] == [70, 70, 0, 0]


@pytest.mark.slow
def test_twice_is_once(trained: Installation) -> None:
    """Nights that have been played change nothing when they are played again."""
    trained.deliver(TRAINED, TRAINED + 3)
    played(steps=("ingest", "score", "watch"))
    before = trained.state()
    again = played(steps=("ingest", "score", "watch"))
    assert {(each.deliveries, each.predictions) for each in again.nights} == {(0, 0)}
    assert trained.state() == before


def test_a_failing_night_stops_no_other(trained: Installation) -> None:
    """Its error is told in the end, with how many failed; the others are played."""
    trained.deliver(TRAINED + 2, TRAINED + 2)
    with trained.without_models():  # what there is to score cannot be scored
        state: Any = backfill(FIRST, LAST, order="newest first", pipeline=NAME, return_state=True)
    assert state.is_failed()
    assert "1 of 4 nights failed\nnight of 2024-01-22: score: Corrupt: " in state.message
    with pytest.raises(NightsFailed) as failure:
        state.result()
    done = failure.value.backfilled
    assert [bool(each.error) for each in done.nights] == [False, False, True, False]
    assert sum(each.predictions for each in played().nights) == 70


def test_a_promotion_follows_from_the_one_before(trained: Installation) -> None:
    """Champions of the past are not made backwards."""
    with pytest.raises(Terminal, match="promotions go oldest first"):
        played(steps=("retrain",), order="newest first", promote=True)


def test_another_champion_answers(trained: Installation) -> None:
    """A given version answers also what was asked before anybody served; there has to be one."""
    with pytest.raises(Terminal, match="version 7"):
        played(champion=7)
    before = day(TRAINED - 2)
    done: Backfilled = backfill(before, before, ("score",), pipeline=NAME, champion=1)
    assert [each.predictions for each in done.nights] == [70]
    assert set(trained.answers()["version"]) == {1}


def test_nothing_live_comes_of_it(turned: Installation) -> None:
    """A drop that is measured in the past raises no alarm, and asks for no retrain."""
    run_id = run_of(backfill, day(LATE), day(LATE), ("ingest", "watch"), pipeline=NAME)
    (measured,) = turned.stores.ledger.performances(NAME)
    assert measured.dropped
    assert turned.stores.ledger.intents(NAME) == []
    assert len(turned.stores.ledger.decisions(NAME)) == 1
    assert events(run_id, "prefect.flow-run.Completed")  # which comes after all others
    for name in (names.PERFORMANCE_DROPPED, names.DATA_ARRIVED, names.NIGHT_FINISHED):
        assert events(run_id, name, count=0) == []


def test_what_people_see(trained: Installation) -> None:
    """A name like a sentence, a bar that is full, and a table of the nights."""
    trained.deliver(TRAINED, TRAINED + 3)
    trained.put("orders", day(TRAINED + 1), b"")
    run_id: UUID = run_of(backfill, FIRST, LAST, pipeline=NAME)
    assert flow_run(run_id).name == "backfill shop 2024-01-20 to 2024-01-23"
    told = artifacts(run_id)
    assert float(str(told["progress-shop"].data)) == 100
    rows = json.loads(str(told["nights-shop"].data))
    assert [row["refused"] for row in rows] == [0, 1, 0, 0]


def test_newest_first(trained: Installation) -> None:
    """The order is a choice; what was known in each night is not."""
    trained.deliver(TRAINED, TRAINED + 3)
    done = played(order="newest first")
    assert [each.predictions for each in done.nights] == [70] * 4


TOMORROW = datetime.now(UTC).date() + timedelta(days=2)


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (LAST, FIRST, "comes after the last"),
        (TOMORROW, TOMORROW, "has not come yet"),
    ],
)
def test_impossible_nights(trained: Installation, first: date, last: date, says: str) -> None:
    """No night, and a night to come, are told before anything is played."""
    with pytest.raises(Terminal, match=says):
        backfill(first, last, pipeline=NAME)


@pytest.mark.parametrize("steps", [(), ("rest",)])
def test_impossible_steps(trained: Installation, steps: tuple[str, ...]) -> None:
    """A night does something that nights do."""
    with pytest.raises(ParameterTypeError, match="steps"):
        backfill(FIRST, LAST, steps, pipeline=NAME)  # type: ignore[arg-type]  # that is the point
