"""How soon a drop is a running retrain, beside the shortest way to start a run at all.

One Prefect server and one process worker, as `ratchet up` starts them, run both sides in turns:
the event of a drop, which the shipped automation turns into a run of `retrain/flights`, and a bare
`run_deployment` of a flow that does nothing. Seconds are from just before the event is posted, or
the call is made, until the run's own start time; the next turn begins when the run has ended.

The automation is the shipped one but for its ten minutes in which further drops are the same storm:
without them every event starts a run. The retrains find that the ledger knows no such cause,
and train nothing: what is measured ends when they are running.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.command import Command, told
from config import events
from config.servers import POOL, Addresses, Databases, Listening, with_driver
from config.settings import Settings, export
from deployments.deploy import deploy
from deployments.wanted import Wanted, wanted
from infra import ports
from infra.programs import prefect_program, worker_program
from infra.supervisor import Supervisor

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

PIPELINE = "flights"
GOAL = 1.2
"""Times the bare run's seconds that a drop may take, at the median and at the 95th percentile."""

_PATIENCE_SECONDS = 180


@dataclass
class Report:
    """Seconds until RUNNING of every turn, a pair a round."""

    database: str
    alarm: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, float]:
        """The alarm's percentile over the bare run's."""
        return {
            "p50": median(self.alarm) / median(self.bare),
            "p95": _p95(self.alarm) / _p95(self.bare),
        }

    @property
    def meets_goal(self) -> bool:
        return max(self.ratios.values()) <= GOAL

    @property
    def table(self) -> str:
        """For people."""
        rows = [("drop -> retrain running", self.alarm), ("run_deployment -> running", self.bare)]
        lines = [f"{'seconds, ' + self.database:<30}{'p50':>8}{'p95':>8}{'least':>8}{'most':>8}"]
        lines += [
            f"{name:<30}{median(s):>8.2f}{_p95(s):>8.2f}{min(s):>8.2f}{max(s):>8.2f}"
            for name, s in rows
        ]
        ratios = self.ratios
        return "\n".join([*lines, f"{'ratio':<30}{ratios['p50']:>8.2f}{ratios['p95']:>8.2f}"])

    @property
    def line(self) -> str:
        """All in one line of figures."""
        ratios, word = self.ratios, "met" if self.meets_goal else "missed"
        return (
            f"drop to running retrain p50 {ratios['p50']:.2f}, p95 {ratios['p95']:.2f} times a "
            f"bare run's {median(self.bare):.2f} and {_p95(self.bare):.2f} s, "
            f"{len(self.alarm)} rounds on {self.database}; goal {GOAL}: {word}"
        )

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {**asdict(self), "goal": GOAL, "ratios": self.ratios}


@dataclass(frozen=True)
class Race:
    """Both ways to a running flow, on one server."""

    client: "SyncPrefectClient"

    def round(self, number: int) -> tuple[float, float]:
        """Seconds of the alarm, then of the bare run."""
        return self._drop(number), self._bare(number)

    def _drop(self, number: int) -> float:
        from prefect.events import Event

        cause = f"benchmark {number}"
        payload = {
            "as_of": "2013-03-23T03:00:00-04:00",
            "cause": cause,
            "reason": "performance dropped",
        }
        resource = f"ratchet.pipeline.{PIPELINE}"
        event = Event(
            event=events.PERFORMANCE_DROPPED,
            resource={"prefect.resource.id": resource, "ratchet.pipeline": PIPELINE},
            payload={**payload, "evidence": {"value": 0.7, "labels": 1000}},
        )
        began = datetime.now(UTC)
        self.client.request("POST", "/events", json=[event.model_dump(mode="json")])
        run = self._run({"cause": cause})
        return (self._started(run) - began).total_seconds()

    def _bare(self, number: int) -> float:
        from prefect.deployments import run_deployment

        began = datetime.now(UTC)
        run: Any = run_deployment("idle/idle", parameters={"number": number}, timeout=0)
        return (self._started(run.id) - began).total_seconds()

    def _run(self, parameters: dict[str, Any]) -> UUID:
        """The run with these parameters among its own, as soon as there is one."""
        for _ in _patiently("no run was created: the automation did not fire"):
            for run in self._latest():
                if parameters.items() <= run.parameters.items():
                    return run.id
        raise AssertionError

    def _latest(self) -> list["FlowRun"]:
        from prefect.client.schemas.sorting import FlowRunSort

        return self.client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=20)

    def _started(self, run_id: UUID) -> datetime:
        """When the run was running; it has ended when this returns."""
        for _ in _patiently(f"run {run_id} did not end"):
            run = self.client.read_flow_run(run_id)
            if run.state and run.state.is_final():
                break
        if not run.start_time or not run.state or not run.state.is_completed():
            raise SystemExit(
                f"{run.name} ended {run.state_name}: {run.state and run.state.message}"
            )
        return run.start_time


def measured(rounds: int, postgres: str) -> Report:
    """Run everything in a temporary folder."""
    report = Report("PostgreSQL" if postgres else "SQLite")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = Settings.from_environment({"RATCHET_HOME": folder})
        with _stack(settings, postgres) as api, _client(api) as client:
            _deploy_idle(client)
            race = Race(client)
            race.round(-1)
            for number in range(rounds):
                seconds = race.round(number)
                report.alarm.append(seconds[0])
                report.bare.append(seconds[1])
                _say(f"round {number + 1}: {seconds[0]:.2f} s, bare {seconds[1]:.2f} s")
    return report


@contextmanager
def _stack(settings: Settings, postgres: str) -> Iterator[str]:
    """The API of a server that is deployed to, with a worker beside it."""
    listening = Listening(prefect_port=ports.free())
    addresses = replace(Addresses.of(listening), mlflow=settings.tracking_uri)
    databases = Databases.embedded(settings)
    if postgres:
        databases = replace(databases, prefect=with_driver(postgres, "asyncpg"))
    export({**settings.prefect_environment(), "PREFECT_API_URL": addresses.api})
    with Supervisor(settings.home / "logs") as supervisor:
        _say("start the server, deploy, start the worker")
        supervisor.start(prefect_program(settings, listening, databases))
        supervisor.wait_until_healthy()
        deploy(settings, addresses.api, without_storm(wanted(settings)))
        supervisor.start(worker_program(settings, addresses, ports.free()))
        supervisor.wait_until_healthy()
        yield addresses.api


def without_storm(chosen: Wanted) -> Wanted:
    """Every drop of its own, and nothing beside that would start runs meanwhile."""
    alarms = [each for each in chosen.automations if events.PERFORMANCE_DROPPED in each.expect]
    quiet = [replace(each, recurrence=None) for each in chosen.deployments]
    return replace(
        chosen,
        automations=tuple(replace(each, within=timedelta(0)) for each in alarms),
        deployments=tuple(quiet),
    )


@contextmanager
def _client(api: str) -> Iterator["SyncPrefectClient"]:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        yield client


def _deploy_idle(client: "SyncPrefectClient") -> None:
    from benchmarks.idle import idle

    flow_id = client.create_flow(idle)
    client.create_deployment(
        flow_id,
        name="idle",
        entrypoint="benchmarks.idle.idle",
        work_pool_name=POOL,
        job_variables={"working_dir": str(Path(__file__).parents[1])},
        parameter_openapi_schema=idle.parameters.model_dump_for_openapi(),
    )


def _patiently(otherwise: str) -> Iterator[None]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
    raise SystemExit(f"{otherwise} within {_PATIENCE_SECONDS} s")


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """The command line; 1 when `--check` finds the goal missed."""
    command = Command("alarm", __doc__, rounds=20)
    command.add_argument("--postgres", default="", metavar="URL", help="Prefect's, not SQLite")
    arguments = command.given()
    return told(measured(arguments.rounds, arguments.postgres), arguments)


if __name__ == "__main__":
    sys.exit(main())
