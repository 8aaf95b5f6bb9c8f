"""One look from all sides: what is kept of it, what people see, and what it starts."""

import json
from dataclasses import replace
from datetime import date, timedelta

from config import events as names
from flows.ingest import ingest
from flows.nightly import nightly
from flows.retrain import retrain
from flows.score import score
from flows.watch import watch
from tasks.signs import Clock, Reference, Route, Why
from tests.conftest import LATE, TURNED
from tests.flows.told import artifacts, events, run_of
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night, written


def test_a_look_is_kept(turned: Installation) -> None:
    """Days are profiled and judged, clocks read, the answer written down; and only once."""
    seen = watch(NAME, night(day(LATE))).sight
    patrol, ledger = turned.stores.patrol, turned.stores.ledger
    answered = {each for each in turned.stores.log.counts() if each < day(LATE)}
    assert set(patrol.asked.kept()) == answered
    assert max(patrol.outcomes.kept()) == day(LATE - 2)
    streams = {each.stream for each in seen.signals if each.reference is Reference.TRAINING}
    assert {"feature amount", "feature store", "label"} <= streams
    assert {each.clock for each in ledger.readings(NAME)} == set(Clock)
    (answer,) = ledger.evaluations(NAME)
    assert (answer.wanted, answer.why) == (True, Why.DROPPED)
    before = turned.state()
    assert watch(NAME, night(day(LATE))).sight.signals == seen.signals
    assert turned.state() == before


def test_a_concept_that_moves_is_no_drift(turned: Installation) -> None:
    """Customers who decide otherwise send as much back as before: no stream is alarmed."""
    watch(NAME, night(day(LATE)))
    signals = turned.stores.patrol.sightings.of(day(TURNED), day(LATE))
    assert signals
    assert not [each for each in signals if each.alarmed]


def test_inputs_that_move_are_an_alarm(trained: Installation) -> None:
    """Prices that rise by half are told once, by stream; nothing is trained for them alone."""
    last = 25
    for number in range(19, last):
        rows = trained.world.orders(day(number))
        risen = [row | {"amount": f"{1.5 * float(row['amount']):.2f}"} for row in rows]
        trained.put("orders", day(number), written(risen))
    ingest(NAME, night(day(last)))
    score(NAME, night(day(last)))
    run_id = run_of(watch, NAME, night(day(last)))
    signals = trained.stores.patrol.sightings.of(day(19), day(last))
    alarmed = {each.stream for each in signals if each.alarmed}
    assert "feature amount" in alarmed
    assert not alarmed & {"feature hour", "feature items", "feature category"}
    (told,) = events(run_id, names.INPUTS_DRIFTED)
    assert told["payload"]["streams"] == sorted(alarmed)
    assert trained.stores.ledger.intents(NAME) == []


def test_what_people_see_of_it(turned: Installation) -> None:
    """Clocks and signals as tables on the run, and a page that the status page links to."""
    run_id = run_of(watch, NAME, night(day(LATE)))
    told = artifacts(run_id)
    clocks = json.loads(str(told["clocks-shop"].data))
    assert {row["clock"] for row in clocks} == {"realised", "so far", "estimated"}
    assert "monitoring as of 2024-02-03 03:00" in str(told["monitoring-shop"].data)
    reports = turned.stores.reports
    assert "<svg" in (reports / "monitoring.html").read_text("utf-8")
    assert 'href="monitoring.html"' in (reports / "status.html").read_text("utf-8")


def test_broken_deliveries_hold_a_drop_back(turned: Installation) -> None:
    """With a file refused the drop is no matter for a retrain: a person is told, nothing trains."""
    turned.define({"retrain": {"max_age_days": 60}})
    turned.put("orders", day(LATE), b"")
    moment = night(day(LATE + 1))
    ingest(NAME, moment)
    run_id = run_of(watch, NAME, moment)
    ledger = turned.stores.ledger
    assert ledger.performances(NAME)[-1].dropped
    assert ledger.intents(NAME) == []
    (answer,) = ledger.evaluations(NAME)
    assert (answer.why, answer.route) == (Why.BROKEN_DATA, Route.BROKEN_DATA)
    (alarm,) = events(run_id, names.ALARM_RAISED)
    assert "refused" in alarm["payload"]["detail"]
    assert events(run_id, names.PERFORMANCE_DROPPED, count=0) == []
    later = nightly(NAME, moment + timedelta(hours=1))
    assert (later.retrained, later.due.why) == (None, Why.BROKEN_DATA)


def test_a_retrain_on_the_window_that_was_suggested(turned: Installation) -> None:
    """What the route suggests reaches the rows that are trained on, and stays on record."""
    watch(NAME, night(day(LATE)))
    (drop,) = turned.stores.ledger.intents(NAME)
    cause, suggested = "performance-dropped:by-hand", {"suggested": {"train_days": 10}}
    evidence = {**drop.evidence, **suggested}
    turned.stores.ledger.intend(replace(drop, cause=cause, evidence=evidence))
    decision = decided(retrain(NAME, night(day(LATE)), cause=cause))
    snapshot = decision.evidence["snapshot"]
    assert isinstance(snapshot, dict)
    last, first = (date.fromisoformat(str(snapshot[name])) for name in ("last_day", "first_day"))
    assert (last - first).days + 1 == 10 + 5  # and the holdout


def test_a_champion_that_never_served_is_looked_at(trained: Installation) -> None:
    """Before the first answer everything is undefined, with a reason; nothing is asked for."""
    seen = watch(NAME, night(day(19)))
    assert seen.sight.signals == ()
    assert all(each.reason for each in seen.sight.readings)
    assert (seen.due.wanted, seen.due.why) == (False, Why.UNDEFINED)
    assert trained.stores.ledger.intents(NAME) == []
