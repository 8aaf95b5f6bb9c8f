"""A night says what it came to, in words, in the run's log and as an event, nothing included."""

from uuid import UUID

from config import events as names
from flows.alarm import alarm
from flows.ingest import ingest
from flows.nightly import nightly
from flows.reconcile import reconcile
from flows.score import score
from flows.watch import watch
from tests.flows.told import artifacts, events, flow_run, lines, run_of
from tests.installation import Installation
from tests.shop import NAME, day, night


def finished(run_id: UUID) -> list[str]:
    """What the night's last event tells, which its page tells as well."""
    (event,) = events(run_id, names.NIGHT_FINISHED)
    page = str(artifacts(run_id)["night-shop"].data)
    told: list[str] = event["payload"]["told"]
    assert page.splitlines() == [f"- {line}" for line in told]
    return told


def test_no_data_at_all(empty: Installation) -> None:
    """Before the first delivery a night completes and says that there is nothing."""
    run_id = run_of(nightly, NAME, night(day(2)))
    assert finished(run_id) == [
        "nothing was ever delivered",
        "0 rows scored",
        "no champion to watch",
        "no retrain: no champion yet, but too few complete days to train and judge on",
    ]
    assert watch(NAME, night(day(2))).performance.dropped is False
    assert score(NAME, night(day(2))).rows == 0
    assert reconcile(NAME, night(day(2))).told == ()


def test_nothing_new(serving: Installation) -> None:
    """A night on which nothing arrived is no failure and says so, in every line about whom."""
    run_id = run_of(nightly, NAME, night(day(20)))
    arrived, scored, *_ = finished(run_id)
    assert (arrived, scored) == ("nothing new arrived", "0 rows scored")
    (line,) = lines(run_id, "the night is over")
    assert line.startswith("shop as of 2024-01-20 03:00: the night is over: nothing new arrived; ")


def test_lines_say_whom_they_are_about(serving: Installation) -> None:
    """Lines of threads and of steps that know neither pipeline nor moment begin with both."""
    serving.deliver(20, 20)
    told = lines(run_of(ingest, NAME, night(day(21))), "deliveries accepted")
    assert sorted(told) == [
        "shop as of 2024-01-21 03:00: 2 deliveries accepted, 0 refused, 0 rows held",
        "shop as of 2024-01-21 03:00: orders 2024-01-20.csv.gz: accepted, 70 rows, 0 held",
        "shop as of 2024-01-21 03:00: returns 2024-01-20.csv.gz: accepted, 67 rows, 0 held",
    ]


def test_an_alarm(empty: Installation) -> None:
    """It is in the run's name, on the run, in its log as a warning, and an event."""
    run_id = run_of(alarm, "no night finished", "26 h of silence", NAME, night(day(2)))
    assert flow_run(run_id).name == "ALARM shop: no night finished"
    assert "26 h of silence" in str(artifacts(run_id)["alarm-shop"].data)
    assert lines(run_id, "ALARM") == [
        "shop as of 2024-01-02 03:00: ALARM: no night finished (26 h of silence)"
    ]
    (raised,) = events(run_id, names.ALARM_RAISED)
    assert raised["payload"] == {
        "what": "no night finished",
        "detail": "26 h of silence",
        "as_of": "2024-01-02T03:00:00.000000+00:00",
    }
