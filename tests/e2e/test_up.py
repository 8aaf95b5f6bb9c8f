"""`ratchet up` as a person types it: a real stack for the shop, until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from config.servers import Addresses, Listening
from config.settings import Settings
from infra.child import Health
from infra.guardian import lives
from infra.ports import free
from infra.stack import running
from tests import shop
from tests.e2e.servers import contents
from tests.servers.postgres import RealPostgres, postgres_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SECRETS = {
    "RATCHET_PROFILE": "production",
    "PREFECT_API_AUTH_STRING": "ops:planted prefect secret",
    "MLFLOW_TRACKING_USERNAME": "ops",
    "MLFLOW_TRACKING_PASSWORD": "planted mlflow secret",
}
COMMAND = (sys.executable, "-c", "from deployments.cli import main; main()")


@dataclass(frozen=True)
class Up:
    """A `ratchet up` that has told where everything is."""

    process: subprocess.Popen[bytes]
    home: Path
    listening: Listening
    environment: Mapping[str, str]
    output: Path

    @property
    def settings(self) -> Settings:
        return Settings.from_environment({**self.environment, "PREFECT_HOME": ""})

    @property
    def addresses(self) -> Addresses:
        return Addresses.of(self.listening)

    @property
    def printed(self) -> str:
        return self.output.read_text()

    @property
    def descendants(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def child(self, words: str) -> psutil.Process:
        """The child with words in its command line."""
        children = psutil.Process(self.process.pid).children()
        [found] = [each for each in children if words in " ".join(each.cmdline())]
        return found

    def status(self, server: str, path: str, secret: str = "") -> int:
        """What a server answers."""
        ports = {"prefect": self.listening.prefect_port, "mlflow": self.listening.mlflow_port}
        return Health("127.0.0.1", ports[server], path).status(secret)

    def ratchet(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same installation."""
        return ratchet({**self.environment, **variables}, *words)


def environment(home: Path, **variables: str) -> dict[str, str]:
    """A person's, without what points at the suite's own Prefect."""
    ours = ("RATCHET_", "PREFECT_", "MLFLOW_", "PYTEST_", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    temporary = home / "temporary"  # Prefect's worker leaves an empty folder there
    temporary.mkdir(parents=True, exist_ok=True)
    where = {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(home / "pipelines")}
    return {**kept, **where, "TMPDIR": str(temporary), **variables}


def ratchet(variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """What came of a command."""
    return subprocess.run(
        [*COMMAND, *words], env=variables, check=False, capture_output=True, text=True
    )


@contextmanager
def up(home: Path, *options: str, **variables: str) -> Iterator[Up]:
    """Start it, wait until it has told its addresses, and see that it ends with nothing left."""
    shop.define(home / "pipelines")
    listening = Listening("127.0.0.1", free(), free())
    ports = ["--prefect-port", str(listening.prefect_port)]
    ports += ["--mlflow-port", str(listening.mlflow_port)]
    told, output = environment(home, **variables), home / "printed"
    with output.open("w") as printed:
        process = subprocess.Popen(
            [*COMMAND, "up", *ports, *options], env=told, stdout=printed, stderr=printed
        )
    started = Up(process, home, listening, told, output)
    try:
        eventually(lambda: "Ctrl-C stops" in started.printed or process.poll() is not None)
        assert process.poll() is None, started.printed
        yield started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def eventually(holds: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.2)


def gone(processes: list[psutil.Process]) -> list[str]:
    """Which of the processes still live."""
    return [str(each) for each in processes if lives(each)]


def ran(stack: Up, deployment: str, timeout: float = 180) -> str:
    """In which state a run of a deployment ended; the client speaks with the stack's server."""
    from prefect.client.schemas.objects import FlowRun
    from prefect.deployments import run_deployment
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    secret = stack.settings.access.prefect or None
    where = {PREFECT_API_URL: stack.addresses.api, PREFECT_API_AUTH_STRING: secret}
    with temporary_settings(where):
        run = run_deployment(deployment, timeout=timeout, poll_interval=1, as_subflow=False)
    assert isinstance(run, FlowRun)
    return (run.state and run.state.name) or ""


@pytest.fixture(scope="module")
def postgres() -> Iterator[RealPostgres]:
    """A PostgreSQL server for this module."""
    with postgres_server() as server:
        yield server


def test_a_stack_lives_works_and_heals(tmp_path: Path) -> None:
    """Healthy, found by other commands, alone in its home, whole again after every killing."""
    with up(tmp_path) as stack:
        shop.Shop().deliver(tmp_path / "landing", shop.day(1), shop.day(3))
        assert stack.addresses.prefect in stack.printed
        assert stack.addresses.mlflow in stack.printed
        assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
        assert running(stack.settings) == stack.addresses
        refused = stack.ratchet("up")
        assert refused.returncode == 2
        assert f"is up already by process {stack.process.pid}" in refused.stderr
        assert ran(stack, "ingest/shop") == "Completed"
        for words in ("prefect server", "mlflow server", "prefect worker"):
            _killed_and_back(stack, words)
        assert ran(stack, "ingest/shop") == "Completed"
        assert stack.printed.count("starting it again") == 3


def _killed_and_back(stack: Up, words: str) -> None:
    killed = stack.child(words)
    killed.kill()

    def is_back() -> bool:
        children = psutil.Process(stack.process.pid).children()
        back = [each for each in children if words in _words(each) and each != killed]
        return bool(back) and stack.status("prefect", "/api/health") == 200

    eventually(is_back)
    eventually(lambda: stack.status("mlflow", "/health") == 200)


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_an_interrupted_stack_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and a closed terminal end all of it in about ten seconds, and well."""
    with up(tmp_path) as stack:
        started = stack.descendants
        assert len(started) >= 5
        stack.process.send_signal(number)
        before = time.monotonic()
        assert stack.process.wait(60) == 0
        assert time.monotonic() - before < 20
        assert gone(started) == []
        assert stack.printed.endswith("stopped\n")
        assert not (tmp_path / "stack.json").exists()


def test_a_stack_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """SIGKILL to `ratchet up` ends its servers and its worker too, and the home is free again."""
    with up(tmp_path) as stack:
        started = stack.descendants
        stack.process.kill()
        stack.process.wait(60)
        eventually(lambda: gone(started) == [])
        assert running(stack.settings) is None


def test_production_asks_everybody_for_a_password(tmp_path: Path) -> None:
    """Both servers refuse strangers and know us; our secrets are in no file, output or command."""
    with up(tmp_path, **SECRETS) as stack:
        ours = SECRETS["PREFECT_API_AUTH_STRING"]
        pool = "/api/work_pools/ratchet"
        assert stack.status("prefect", pool) == 401
        assert stack.status("prefect", pool, "ops:wrong") == 401
        assert stack.status("prefect", pool, ours) == 200
        known = f"ops:{SECRETS['MLFLOW_TRACKING_PASSWORD']}"
        experiment = "/api/2.0/mlflow/experiments/get?experiment_id=0"
        assert stack.status("mlflow", experiment) == 401
        assert stack.status("mlflow", experiment, known) == 200
        shop.Shop().deliver(tmp_path / "landing", shop.day(1), shop.day(3))
        assert ran(stack, "ingest/shop") == "Completed"
        commands = " ".join(_words(each) for each in stack.descendants)
        stack.process.send_signal(signal.SIGINT)
        stack.process.wait(60)
    assert "planted" not in commands
    assert holding(tmp_path, ours, SECRETS["MLFLOW_TRACKING_PASSWORD"]) == []


def holding(home: Path, *secrets: str) -> list[str]:
    """Files that hold a secret as it is, or as a server is told it."""
    told = [b64encode(each.encode()).decode() for each in secrets]
    sought = [each.encode() for each in (*secrets, *told)]
    kept = contents(home).items()
    return [path for path, text in kept if any(each in text for each in sought)]


def test_mlflow_keeps_its_first_password(tmp_path: Path) -> None:
    """Started with another password than at first, the stack says so and ends."""
    with up(tmp_path, **SECRETS):
        pass
    changed = {**SECRETS, "MLFLOW_TRACKING_PASSWORD": "quite another secret"}
    ports = ("--prefect-port", str(free()), "--mlflow-port", str(free()))
    refused = ratchet(environment(tmp_path, **changed), "up", *ports)
    assert refused.returncode == 2
    assert "MLflow knows the user 'ops' by another password" in refused.stderr


def test_production_does_not_start_without_secrets(tmp_path: Path) -> None:
    """The error names every variable that is missing, and nothing was started."""
    shop.define(tmp_path / "pipelines")
    refused = ratchet(environment(tmp_path, RATCHET_PROFILE="production"), "up")
    assert refused.returncode == 2
    for name in list(SECRETS)[1:]:
        assert name in refused.stderr
    assert "starting" not in refused.stdout


def test_a_stack_on_postgres(tmp_path: Path, postgres: RealPostgres) -> None:
    """Databases are made, all three programs use them, and the password is told to nobody."""
    url = postgres.database()
    name = url.rpartition("/")[2]
    with up(tmp_path, RATCHET_POSTGRES_URL=url, **SECRETS) as stack:
        shop.Shop().deliver(tmp_path / "landing", shop.day(1), shop.day(3))
        assert ran(stack, "ingest/shop") == "Completed"
        shown = f"RATCHET_LEDGER_URL=postgresql+psycopg://ratchet:***@127.0.0.1:{postgres.port}"
        assert f"{shown}/{name}" in stack.printed
        ledger = url.replace("postgresql:", "postgresql+psycopg:")
        told = stack.ratchet("status", "shop", "--json", RATCHET_LEDGER_URL=ledger)
        assert json.loads(told.stdout)["pipeline"] == "shop", told.stderr
        assert postgres.password not in " ".join(_words(each) for each in stack.descendants)
        stack.process.send_signal(signal.SIGINT)
        stack.process.wait(60)
    for suffix, table in (
        ("", "admissions"),
        ("_prefect", "flow_run"),
        ("_mlflow", "experiments"),
        ("_mlflow_auth", "users"),
    ):
        assert rows(f"{url}{suffix}", table) > 0
    assert not list(tmp_path.rglob("*.db"))
    assert holding(tmp_path, postgres.password) == []


def rows(url: str, table: str) -> int:
    """How many rows a table has."""
    with psycopg.connect(url) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found[0]) if found else 0


def test_a_role_that_may_not_make_databases_is_told(tmp_path: Path, postgres: RealPostgres) -> None:
    """The error names the database and the statement that somebody else has to run."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE modest LOGIN PASSWORD 'planted'")
    url = f"postgresql://modest:planted@127.0.0.1:{postgres.port}/not_there"
    shop.define(tmp_path / "pipelines")
    ports = ("--prefect-port", str(free()), "--mlflow-port", str(free()))
    refused = ratchet(environment(tmp_path), "up", "--postgres", url, *ports)
    assert refused.returncode == 2
    assert 'CREATE DATABASE "not_there" OWNER "modest"' in refused.stderr
    assert "planted" not in refused.stderr + refused.stdout
