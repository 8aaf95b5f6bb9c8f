"""What servers and worker are told, and what is told to nobody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.servers import (
    Addresses,
    Databases,
    Listening,
    auth_text,
    mlflow_server,
    prefect_server,
    with_driver,
    worker,
)
from config.settings import Settings, SettingsError
from infra.programs import mlflow_program, prefect_program, worker_program

SECRET = "planted%40secret"
POSTGRES = f"postgresql://ratchet:{SECRET}@db:5432/ratchet?sslmode=require"
ACCESS = {
    "PREFECT_API_AUTH_STRING": f"ops:{SECRET}",
    "MLFLOW_TRACKING_USERNAME": "ops",
    "MLFLOW_TRACKING_PASSWORD": SECRET,
}
LISTENING = Listening("127.0.0.1", 4210, 5010)


def settings(**given: str) -> Settings:
    """Settings of a home that nobody looks into."""
    return Settings.from_environment({"RATCHET_HOME": "/srv/ratchet", **given})


def test_the_prefect_server_is_its_own_origin() -> None:
    """Page and API have one address, no other page may call, and nothing is sent to third ones."""
    told = prefect_server(settings(), LISTENING, Databases.embedded(settings()))
    assert told["PREFECT_API_URL"] == told["PREFECT_UI_API_URL"] == "http://127.0.0.1:4210/api"
    allowed = "http://127.0.0.1:4210,http://localhost:4210"
    assert told["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == allowed
    assert told["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert told["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert told["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith("filesystem")
    assert told["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "false"


def test_a_server_and_an_embedded_run_do_not_share_a_file() -> None:
    """Two processes on one SQLite file would lock each other out."""
    embedded = settings().prefect_environment()["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert Databases.embedded(settings()).prefect != embedded


def test_access_turns_everything_on() -> None:
    """With secrets set, Prefect asks for them and checks forms, and MLflow has its first user."""
    chosen = settings(**ACCESS)
    prefect = prefect_server(chosen, LISTENING, Databases.embedded(chosen))
    assert prefect["PREFECT_SERVER_API_AUTH_STRING"] == f"ops:{SECRET}"
    assert prefect["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    mlflow = mlflow_server(chosen, LISTENING, Databases.embedded(chosen))
    assert mlflow["MLFLOW_AUTH_ADMIN_PASSWORD"] == SECRET
    assert mlflow["MLFLOW_AUTH_CONFIG_PATH"] == "/srv/ratchet/mlflow-auth.ini"
    assert SECRET not in mlflow["MLFLOW_FLASK_SERVER_SECRET_KEY"]
    assert mlflow == mlflow_server(chosen, LISTENING, Databases.embedded(chosen))


def test_mlflow_runs_nothing_and_hands_out_nothing() -> None:
    """No jobs, no artifact proxy, and only its own name is an allowed host."""
    told = mlflow_server(settings(), LISTENING, Databases.embedded(settings()))
    assert told["MLFLOW_SERVE_ARTIFACTS"] == "false"
    assert told["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert told["MLFLOW_SERVER_ALLOWED_HOSTS"] == "127.0.0.1:5010,localhost:5010"
    assert told["MLFLOW_BACKEND_STORE_URI"] == "sqlite:////srv/ratchet/mlflow.db"
    assert told["MLFLOW_DEFAULT_ARTIFACT_ROOT"] == "/srv/ratchet/mlartifacts"


def test_the_worker_opens_the_same_installation() -> None:
    """Settings read from the worker's environment are ours, but for the servers' addresses."""
    chosen = settings(
        RATCHET_STORAGE="s3://bucket/prefix",
        RATCHET_LEDGER_URL=with_driver(POSTGRES, "psycopg"),
        RATCHET_PROFILE="production",
        RATCHET_WEBHOOK_URL="http://hook",
        **ACCESS,
    )
    addresses = Addresses.of(LISTENING)
    read = Settings.from_environment(worker(chosen, addresses))
    for name in ("home", "storage", "landing", "pipelines", "ledger_url", "profile"):
        assert getattr(read, name) == getattr(chosen, name), name
    assert read.access == replace(chosen.access, webhook="")  # which is for who deploys
    assert read.server_url == addresses.api
    assert read.tracking_uri == addresses.mlflow


def test_no_secret_is_on_a_command_line() -> None:
    """Anybody on the machine can read command lines; databases and passwords are not in them."""
    chosen, databases = settings(**ACCESS), Databases.postgres(POSTGRES)
    programs = [
        prefect_program(chosen, LISTENING, databases),
        mlflow_program(chosen, LISTENING, databases),
        worker_program(chosen, Addresses.of(LISTENING), 8080),
    ]
    for program in programs:
        assert "planted" not in " ".join(program.command)
        assert "planted" not in repr(program)
        assert any("planted" in value for value in program.environment.values())
    assert "planted" not in repr(databases)


def test_every_program_has_a_postgres_database_of_its_own() -> None:
    """Named after the ledger's, each address as its library reads it."""
    databases = Databases.postgres(POSTGRES)
    there = f"ratchet:{SECRET}@db:5432"
    assert databases.prefect == f"postgresql+asyncpg://{there}/ratchet_prefect?ssl=require"
    assert databases.mlflow == f"postgresql+psycopg://{there}/ratchet_mlflow?sslmode=require"
    assert (
        databases.auth == "postgresql+psycopg://ratchet@db:5432/ratchet_mlflow_auth?sslmode=require"
    )
    assert databases.auth_password == "planted@secret"


def test_mlflows_file_holds_no_password() -> None:
    """The password of its user database travels in the environment, as libpq reads it."""
    databases = Databases.postgres(POSTGRES.replace("ratchet:", "rat%40chet:"))
    assert "planted" not in auth_text(databases)
    assert "rat%%40chet@db" in auth_text(databases)
    told = mlflow_server(settings(**ACCESS), LISTENING, databases)
    assert told["PGPASSWORD"] == "planted@secret"


@pytest.mark.parametrize(
    ("url", "said"),
    [("mysql://u:p@h/d", "begins with 'mysql'"), ("postgresql://u:p@h", "names no database")],
)
def test_an_address_that_is_no_postgres_is_refused(url: str, said: str) -> None:
    """The message says what is wrong with the address, without repeating it."""
    with pytest.raises(SettingsError, match=said) as error:
        with_driver(url, "psycopg")
    assert "u:p" not in str(error.value)


@pytest.mark.parametrize(
    ("host", "only_here", "address"),
    [
        ("127.0.0.1", True, "http://127.0.0.1:4200"),
        ("localhost", True, "http://localhost:4200"),
        ("::1", True, "http://[::1]:4200"),
        ("0.0.0.0", False, "http://127.0.0.1:4200"),
        ("::", False, "http://127.0.0.1:4200"),
        ("10.1.2.3", False, "http://10.1.2.3:4200"),
        ("stack.example", False, "http://stack.example:4200"),
    ],
)
def test_where_a_stack_is_reached(host: str, only_here: bool, address: str) -> None:
    """Addresses are written as this machine connects to them."""
    listening = Listening(host)
    assert listening.only_here == only_here
    assert Addresses.of(listening).prefect == address


def test_another_prefects_variables_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key or a profile of somebody else's Prefect would send our programs there."""
    monkeypatch.setenv("PREFECT_API_KEY", "of a cloud")
    monkeypatch.setenv("PREFECT_PROFILE", "cloud")
    monkeypatch.setenv("AWS_REGION", "somewhere")
    program = worker_program(settings(), Addresses.of(LISTENING), 8080)
    assert "PREFECT_API_KEY" not in program.environment
    assert "PREFECT_PROFILE" not in program.environment
    assert program.environment["AWS_REGION"] == "somewhere"
    assert Path(program.command[0]).is_absolute()
