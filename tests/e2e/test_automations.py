"""Every automation that is shipped, fired once for real: a template fails only when it fires."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from config.settings import Settings
from deployments.wanted import Wanted, wanted
from tasks.drift.grounds import Grounds
from tasks.drift.trigger import Due
from tasks.lookout import Conclusion, Sight
from tasks.records import (
    Admission,
    Decision,
    Delivery,
    Intent,
    Interval,
    Kind,
    Outcome,
    Performance,
)
from tasks.signs import Reference, Signal, Why
from tasks.stores import Stores, open_stores
from tests.e2e.servers import Site, site, until
from tests.servers.loopback import listening
from tests.servers.prefect import prefect_server
from tests.shop import NAME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

NOW = datetime(2024, 2, 3, 3, tzinfo=UTC)
NASTY = 'auc "fell"\nto .61 {{ 7*7 }} & <!channel> \\ 🎉'
SAID = NASTY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
EVIDENCE = {"value": 0.61, "labels": 700, "reason": NASTY, "worse": True, "none": None}
PATIENCE = timedelta(seconds=15)
"""Instead of a day and its grace."""


@dataclass(frozen=True)
class Receiver:
    """Where notifications arrive."""

    address: str
    bodies: list[bytes] = field(default_factory=list)

    def texts(self, part: str) -> list[str]:
        """What Slack would show, of those that contain a part; each body has to be JSON."""
        return [text for body in self.bodies if part in (text := json.loads(body)["text"])]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A local HTTP server that keeps what is posted."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(0.3)  # as from far away: posts overlap
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        yield Receiver(f"{address}/planted-hook", bodies)


@dataclass(frozen=True)
class Live:
    """Two pipelines that are deployed, and the receiver of their notifications."""

    site: Site
    receiver: Receiver

    def tell(self, verb: str, *told: Any) -> None:
        """Let the code that ships emit its event, in a run of its own."""
        from prefect import flow
        from prefect.settings import (
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
            PREFECT_LOGGING_TO_API_ENABLED,
            temporary_settings,
        )

        from tasks import tell, warn

        def teller() -> None:
            getattr(warn if verb == "seen" else tell, verb)(*told)

        quick = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_TO_API_ENABLED: False}
        with self.site.server.here(), temporary_settings(quick):
            flow(name="teller")(teller)()

    def run_of(self, deployment: str, **parameters: Any) -> dict[str, Any]:
        """The run that an automation started with these among its parameters."""

        def look() -> dict[str, Any] | None:
            for run in self.site.runs(deployment):
                given = dict(run["parameters"])
                if "as_of" in given:
                    given["as_of"] = datetime.fromisoformat(given["as_of"])
                if all(given.get(name) == value for name, value in parameters.items()):
                    return run
            return None

        return until(look)

    def said(self, part: str) -> str:
        """The notification that contains a part."""
        return until(lambda: self.receiver.texts(part))[0]


def impatient(chosen: Wanted) -> Wanted:
    """The same with a short patience for nights, but at the fair, where nothing else may fail."""
    return replace(
        chosen,
        automations=tuple(
            replace(each, within=PATIENCE) if each.absent and "fair" not in each.name else each
            for each in chosen.automations
        ),
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all of these tests, and everything that is shipped deployed to it."""
    home = tmp_path_factory.mktemp("live")
    with (
        receiving() as receiver,
        prefect_server(Settings.from_environment({"RATCHET_HOME": str(home)})) as server,
    ):
        chosen = site(server, home)
        access = replace(chosen.settings.access, webhook=receiver.address)
        chosen = replace(chosen, settings=replace(chosen.settings, access=access))
        for name in ("market", "fair"):
            chosen.define({"schedule": {"on_data": ["score"]}}, name=name)
        chosen.define({"schedule": {"on_data": ["score", "watch", "retrain"]}})
        chosen.carry_out(impatient(wanted(chosen.settings)))
        yield Live(chosen, receiver)


def seen(live: Live, number: int, pipeline: str = NAME) -> tuple[Stores, Sight, None, Conclusion]:
    """What `watch` saw: the nth drop of a storm, and a feature that has moved."""
    measured = Interval(0.61, 0.6, 0.62)
    days = date(2024, 1, 28), date(2024, 2, 1)
    performance = Performance(
        pipeline, NOW, 1, *days, 700, "roc_auc", measured, 0.7, dropped=True, reason=NASTY
    )
    against = NOW.date(), Reference.TRAINING, f"feature {NASTY}"
    moved = Signal(*against, 70, 0.0, 9.0, 99.0, NOW.date(), 0.2, 0.02, "rank", 1.0, alarmed=True)
    sight = Sight(performance, (), (moved,), (moved,), None, Grounds())
    drop = Intent(pipeline, f"performance dropped: v{number}", NOW, EVIDENCE, "open")
    due = Due(wanted=True, cause=drop.cause, reason=NASTY, why=Why.DROPPED)
    stores = open_stores(pipeline, live.site.settings)
    return stores, sight, None, Conclusion(drop, due, news=True)


def test_a_storm_of_drops_starts_one_retrain_with_its_evidence(live: Live) -> None:
    """The first drop's cause, moment and numbers reach the flow with their types, and one post."""
    for number in range(5):
        live.tell("seen", *seen(live, number))
    run = live.run_of(f"retrain/{NAME}", cause="performance dropped: v0")
    given = run["parameters"]
    assert given["pipeline"] == NAME
    assert datetime.fromisoformat(given["as_of"]) == NOW
    assert given["evidence"] == EVIDENCE
    assert given["reason"] == f"performance dropped: {NASTY}"
    said = f"{NAME}: performance dropped: {SAID}"
    until(lambda: live.receiver.texts(said))
    causes = [each["parameters"].get("cause", "") for each in live.site.runs(f"retrain/{NAME}")]
    stays(lambda: len(live.receiver.texts(said)) == 1)
    assert live.said(f"{NAME}: drift").startswith(f"{NAME}: drift: feature {SAID}")
    assert len([cause for cause in causes if cause.startswith("performance dropped")]) == 1


def test_new_data_starts_what_was_asked_for(live: Live) -> None:
    """Score, watch and retrain start with the moment of the arrival."""
    delivery = Delivery("orders", "2024-02-02", "orders/2024-02-02.csv.gz", NOW, "0" * 64, 10)
    live.tell("deliveries", NAME, [Admission(delivery, Outcome.ACCEPTED, rows=70)], NOW)
    for flow in ("score", "watch", "retrain"):
        run = live.run_of(f"{flow}/{NAME}", as_of=NOW)
        assert run["parameters"]["pipeline"] == NAME
    run = live.run_of(f"retrain/{NAME}", reason="new data has arrived")
    assert run["parameters"]["cause"] == "data-arrived"


def test_a_night_that_is_missing_is_an_alarm(live: Live) -> None:
    """The deploy itself armed it, and every night that ends arms it again."""
    first = live.run_of(f"alarm/{NAME}", what="a night is missing")
    assert first["parameters"]["detail"] == f"no night of {NAME} has finished for 26 hours"
    live.run_of("alarm/market", what="a night is missing")
    live.tell("night", NAME, NOW, ["nothing arrived"])

    def alarms() -> list[dict[str, Any]]:
        found = live.site.runs(f"alarm/{NAME}")
        return [each for each in found if each["parameters"]["what"] == "a night is missing"]

    until(lambda: len(alarms()) >= 2)


def test_a_crashed_run_is_rescheduled_once(live: Live) -> None:
    """The same run is scheduled again; when it crashes again it stays crashed. Both are told."""
    run = created(live, f"score/{NAME}", name='score "quoted"')
    crash(live, run, "first crash")
    until(lambda: state(live, run)["name"] == "AwaitingRetry")
    assert live.said("first crash") == f'{NAME}: run "score "quoted"" has crashed: first crash'
    crash(live, run, NASTY)
    assert live.said(f"crashed: {SAID}")
    stays(lambda: state(live, run)["type"] == "CRASHED")


@pytest.mark.parametrize("name", ["Failed", "TimedOut"])
def test_a_failed_run_is_told(live: Live, name: str) -> None:
    """What failed or took too long is posted with its message; runs of others are not."""
    run = created(live, f"watch/{NAME}", name=f"watched {name}")
    moved(live, run, {"type": "FAILED", "name": name, "message": NASTY})
    assert live.said(f"watched {name}").endswith(f"has {name.lower()}: {SAID}")
    flow = live.site.ask("POST", "/flows/", {"name": "somebody-elses"})
    other = live.site.ask("POST", "/flow_runs/", {"flow_id": flow["id"], "name": "not ours"})
    moved(live, other["id"], {"type": "FAILED", "message": "not our business"})
    stays(lambda: not live.receiver.texts("not ours"))


def test_refusals_and_alarms_are_told(live: Live) -> None:
    """A refused and an expired challenger, a refused delivery and an alarm say what and why."""
    decision = Decision(NAME, 3, Kind.REFUSED, NOW, "key", 7, 5, NASTY, {}, "", "")
    live.tell("decision", decision)
    live.tell("decision", replace(decision, sequence=4, kind=Kind.EXPIRED, version=8))
    delivery = Delivery("orders", "2024-02-02", "orders/2024-02-02.csv.gz", NOW, "0" * 64, 10)
    refused = Admission(delivery, Outcome.REFUSED, code="empty_file", message=NASTY)
    live.tell("deliveries", NAME, [refused], NOW)
    live.tell("alarm", NAME, "somebody should look", NASTY, NOW)
    assert live.said("challenger v7") == f"{NAME}: challenger v7 refused: {SAID}"
    assert live.said("challenger v8") == f"{NAME}: challenger v8 expired: {SAID}"
    assert live.said("delivery") == f"{NAME}: delivery orders/2024-02-02 refused: empty_file"
    assert live.said("somebody should look") == f"{NAME}: alarm: somebody should look. {SAID}"


def test_posts_at_the_same_moment_all_arrive(live: Live) -> None:
    """A night that refuses many deliveries tells of each; none cuts another one off."""
    days = [f"2024-03-0{day}" for day in range(1, 9)]
    refused = [
        Admission(
            Delivery("orders", day, f"orders/{day}.csv.gz", NOW, "0" * 64, 10),
            Outcome.REFUSED,
            code="empty_file",
        )
        for day in days
    ]
    live.tell("deliveries", "market", refused, NOW)
    for day in days:
        assert live.said(day) == f"market: delivery orders/{day} refused: empty_file"
    stays(lambda: not failures(live, "ratchet market: tell of a refused delivery"))


def test_an_action_that_fails_is_an_alarm_and_does_not_feed_on_itself(live: Live) -> None:
    """An automation whose deployment is gone raises an alarm; the watcher's own failure ends it."""
    fair = live.site.deployments()
    live.site.ask("DELETE", f"/deployments/{fair['retrain/fair']['id']}")
    live.tell("seen", *seen(live, 100, "fair"))
    name = "ratchet fair: retrain when performance drops"
    alarm = live.run_of("alarm/fair", what="an automation failed")
    assert alarm["parameters"]["detail"].startswith(f"{name}: ")
    assert live.said(f"an automation failed: {name}").startswith("fair: ")

    for gone in ("score", "alarm"):
        live.site.ask("DELETE", f"/deployments/{fair[f'{gone}/fair']['id']}")
    delivery = Delivery("orders", "2024-02-02", "orders/2024-02-02.csv.gz", NOW, "0" * 64, 10)
    live.tell("deliveries", "fair", [Admission(delivery, Outcome.ACCEPTED)], NOW)
    watcher = "ratchet watches fair: alarm when an automation fails"
    until(lambda: failures(live, watcher))
    stays(lambda: len(failures(live, watcher)) == 1)
    assert "planted" not in json.dumps(live.site.events("prefect.automation.action.failed"))


def test_every_shipped_automation_was_fired_here(live: Live) -> None:
    """An automation that is added has to be added here as well."""
    kinds = {name.partition(": ")[2] for name in live.site.automations()}
    assert kinds == {
        "retrain when performance drops",
        "score when data arrives",
        "watch when data arrives",
        "retrain when data arrives",
        "alarm when a night is missing",
        "reschedule a crashed run once",
        "tell of a failed run",
        "tell of a drop",
        "tell of a drift alarm",
        "tell of a refused challenger",
        "tell of an approval that nobody gave",
        "tell of a refused delivery",
        "tell of an alarm",
        "alarm when an automation fails",
    }


def created(live: Live, deployment: str, name: str) -> str:
    """A run of a deployment that is under way."""
    of = live.site.deployments()[deployment]["id"]
    run: str = live.site.ask("POST", f"/deployments/{of}/create_flow_run", {"name": name})["id"]
    return run


def moved(live: Live, run: str, to: dict[str, str]) -> None:
    """Let a run come to a state."""
    live.site.ask("POST", f"/flow_runs/{run}/set_state", {"state": to, "force": True})


def crash(live: Live, run: str, message: str) -> None:
    """Let a run start and crash."""
    moved(live, run, {"type": "RUNNING"})
    moved(live, run, {"type": "CRASHED", "message": message})


def state(live: Live, run: str) -> dict[str, Any]:
    """The state of a run."""
    found: dict[str, Any] = live.site.ask("GET", f"/flow_runs/{run}")["state"]
    return found


def failures(live: Live, automation: str) -> list[dict[str, Any]]:
    """Failed actions of an automation."""
    found = live.site.events("prefect.automation.action.failed")
    return [each for each in found if each["resource"]["prefect.resource.name"] == automation]


def stays(look: Callable[[], object], seconds: float = 8) -> None:
    """Something is true, and still is after a while in which an automation would have fired."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    until(lambda: not look() or datetime.now(UTC) > end)
    assert look()
