"""The loop on a real server and worker: by schedule and by event, through storms and deaths."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import psycopg
import pytest
from psycopg import sql

from config import events
from config.servers import with_driver
from config.settings import Access
from flows.watch import watch
from tasks.records import Decision
from tests.conftest import LATE
from tests.e2e.servers import Site, contents, until
from tests.installation import Installation
from tests.servers.postgres import RealPostgres, postgres_server
from tests.servers.prefect import RealPrefect, prefect_server
from tests.shop import NAME, Changes, day, night

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CAUSE = "performance-dropped:v1:after-1"
RETRAIN = f"retrain/{NAME}"
PASSWORD, HOOK = "planted-password", "http://127.0.0.1:9/planted-hook"
SLOW: Changes = {
    "candidates": {
        "hanging": {
            "estimator": "tests.models.misbehaving.Hangs",
            "budget": {"seconds": 20, "memory_mb": 500, "trials": 1},
        }
    },
    "schedule": {"reconcile_minutes": 1},
}
"""A retrain that is long enough to be hit in the middle, and reconciled soon."""


@dataclass(frozen=True)
class Living:
    """A shop whose drop nobody has answered yet, on a server with a worker."""

    shop: Installation
    site: Site
    database: str

    @property
    def server(self) -> RealPrefect:
        return self.site.server

    def decisions(self) -> list[Decision]:
        """What was decided, the first champion's promotion before all."""
        return self.shop.stores.ledger.decisions(NAME)

    def answered(self) -> bool:
        """Whether the drop has its answer."""
        intents = self.shop.stores.ledger.intents(NAME)
        return [each.state for each in intents] == ["done"]

    def start(self, deployment: str, **parameters: Any) -> str:
        """A run of a deployment, as somebody starts it in the UI."""
        of = self.site.deployments()[deployment]["id"]
        asked = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        run: str = self.site.ask("POST", f"/deployments/{of}/create_flow_run", asked)["id"]
        return run

    def state(self, run: str) -> str:
        """The name of a run's state."""
        return str(self.site.ask("GET", f"/flow_runs/{run}")["state"]["name"])

    def has_begun_to_fit(self) -> bool:
        """Whether a retrain is in the middle of its work."""
        return any(self.shop.settings.work.glob(f"{NAME}/*/*"))

    def holding_secrets(self) -> list[str]:
        """Files of the home and tables of Prefect's database in which a secret stands.

        Prefect's worker tells a run its environment by a private file, which ends with the run.
        """
        secrets = (PASSWORD, HOOK, urlsplit(self.database).password or "")
        known = [each.encode() for each in secrets]
        files = contents(self.shop.home).items()
        kept = {path: text for path, text in files if not path.endswith("/workspace.json")}
        kept |= tables(self.database)
        return [name for name, text in kept.items() if any(each in text for each in known)]

    def one_retrain_for_the_drop(self) -> None:
        """One more decision than before, one more version, and the intent names it."""
        until(self.answered, 400)
        first, second = self.decisions()
        assert (second.version, second.evidence["cause"]) == (2, CAUSE)
        assert len(self.shop.stores.ledger.versions(NAME)) == 2
        assert self.shop.stores.registry.pointed(NAME) == second.champion
        assert first.champion == 1


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    """A PostgreSQL cluster for Prefect's databases."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def living(turned: Installation, postgres: RealPostgres) -> Iterator[Callable[[Changes], Living]]:
    """Starts a server on PostgreSQL with a worker, deployed to, for a shop with these changes."""
    database = postgres.database()
    settings = replace(turned.settings, access=Access(prefect=f"ops:{PASSWORD}", webhook=HOOK))
    stack: AbstractContextManager[RealPrefect]
    stack = prefect_server(settings, with_driver(database, "asyncpg"))
    with stack as server:

        def started(changes: Changes) -> Living:
            turned.define(changes)
            site = Site(server, replace(settings, server_url=server.api))
            site.deploy()
            server.start_worker()
            return Living(turned, site, database)

        yield started


def test_the_schedule_and_the_alarm(living: Callable[[Changes], Living]) -> None:
    """Cron starts a score; a watch's drop starts a retrain; fifty more drops start none."""
    at = living({"schedule": {"cron": {"score": "* * * * *"}}})
    until(lambda: at.site.runs(f"score/{NAME}", name=["Completed"]), 150)
    as_of = night(day(LATE))
    watched = at.start(f"watch/{NAME}", pipeline=NAME, as_of=as_of.isoformat())
    until(lambda: at.state(watched) == "Completed", 180)
    storm(at)
    at.one_retrain_for_the_drop()
    (run,) = at.site.runs(RETRAIN)
    assert run["name"] == "retrain shop as of 2024-02-03 03:00 (performance dropped)"
    assert run["parameters"]["evidence"]["labels"] == 350
    assert at.holding_secrets() == []


def tables(database: str) -> dict[str, bytes]:
    """What every table of a PostgreSQL database holds, as text."""
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        texts = {}
        for name in names:
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
                texts[name] = b"".join(bytes(part) for part in copy)
    assert sum(map(len, texts.values())) > 100_000
    return texts


def storm(at: Living) -> None:
    """Fifty events of the same drop, at once."""
    (told,) = until(lambda: at.site.events(events.PERFORMANCE_DROPPED))

    def again(_: int) -> None:
        copy = {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}
        kept = {key: told[key] for key in ("event", "resource", "related", "payload")}
        at.site.ask("POST", "/events", [{**kept, **copy}])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, range(50)))
    until(lambda: len(at.site.events(events.PERFORMANCE_DROPPED)) >= 50)


def test_a_lost_event_is_recovered(living: Callable[[Changes], Living]) -> None:
    """The event never reached this server; the reconciler finds the intent, and starts one run."""
    at = living({"schedule": {"reconcile_minutes": 1}})
    watch(NAME, night(day(LATE)))
    at.one_retrain_for_the_drop()
    assert at.site.events(events.PERFORMANCE_DROPPED) == []
    (run,) = at.site.runs(RETRAIN)
    assert run["parameters"]["cause"] == CAUSE


def test_a_host_is_lost_in_the_middle(living: Callable[[Changes], Living]) -> None:
    """Worker and run are killed: the run is found dead, goes on, and decides once."""
    at = living(SLOW)
    run = retraining(at)
    worker = psutil.Process(at.server.supervisor.children["worker"].pid)
    runs = worker.children(recursive=True)
    at.server.kill("worker")
    for process in runs:
        process.kill()
    assert at.state(run) == "Running"
    at.server.start_worker()
    at.one_retrain_for_the_drop()
    until(lambda: at.state(run) == "Completed")


def test_the_server_is_restarted_in_the_middle(living: Callable[[Changes], Living]) -> None:
    """The run does not notice, and its end is on the server that came back."""
    at = living(SLOW)
    run = retraining(at)
    at.server.kill("prefect")
    time.sleep(5)
    at.server.start_server()
    at.one_retrain_for_the_drop()
    until(lambda: at.state(run) == "Completed")


def test_a_question_outlives_the_server(living: Callable[[Changes], Living]) -> None:
    """A server that is restarted while a person thinks still takes the answer."""
    at = living({"approval": {"ask": True}})
    run = at.start(RETRAIN, pipeline=NAME, as_of=night(day(LATE)).isoformat(), reason="by hand")
    until(lambda: at.state(run) == "Paused", 180)
    at.server.kill("prefect")
    time.sleep(5)
    at.server.start_server()
    said = {"answer": "no", "reason": "not on a Friday", "name": "Ada"}
    resumed = at.site.ask("POST", f"/flow_runs/{run}/resume", {"run_input": said})
    assert resumed["status"] == "ACCEPT", resumed
    until(lambda: at.state(run) == "Completed", 180)
    decision = at.decisions()[-1]
    assert (decision.version, decision.champion) == (2, 1)
    assert decision.reason.endswith("declined by Ada: not on a Friday")


def retraining(at: Living) -> str:
    """A run that answers the drop and is in the middle of it."""
    watch(NAME, night(day(LATE)))
    shutil.rmtree(at.shop.settings.work, ignore_errors=True)
    as_of = night(day(LATE)).isoformat()
    run = at.start(RETRAIN, pipeline=NAME, as_of=as_of, cause=CAUSE, reason="performance dropped")
    until(at.has_begun_to_fit, 180, every=0.1)
    return run
