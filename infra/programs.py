"""The three programs of a stack, as they are started."""

import os
import sys

from config.servers import (
    POOL,
    UNWANTED,
    Addresses,
    Databases,
    Listening,
    mlflow_server,
    prefect_server,
    worker,
)
from config.settings import Settings, inherited
from infra.child import Health, Program


def prefect_program(settings: Settings, listening: Listening, databases: Databases) -> Program:
    """`prefect server start`."""
    return Program(
        name="prefect",
        command=_python("prefect", "server", "start"),
        environment=_environment(prefect_server(settings, listening, databases)),
        health=Health(listening.connected_at, listening.prefect_port, "/api/health"),
    )


def mlflow_program(settings: Settings, listening: Listening, databases: Databases) -> Program:
    """`mlflow server`, with one process that answers."""
    host, port = listening.host, listening.mlflow_port
    app = ("--app-name", "basic-auth") if settings.access.mlflow_user else ()
    where = ("--host", host, "--port", str(port), "--workers", "1")
    quiet = "--uvicorn-opts=--no-access-log"  # a line for every look at its health
    return Program(
        name="mlflow",
        command=_python("mlflow", "server", *where, quiet, *app),
        environment=_environment(mlflow_server(settings, listening, databases)),
        health=Health(listening.connected_at, port, "/health"),
    )


def worker_program(settings: Settings, addresses: Addresses, health_port: int) -> Program:
    """`prefect worker start` for our pool: as many runs at a time as there are cores."""
    pool = ("--pool", POOL, "--type", "process", "--limit", str(os.cpu_count() or 1))
    told = {
        "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
        "PREFECT_WORKER_WEBSERVER_PORT": str(health_port),
    }
    return Program(
        name="worker",
        command=_python("prefect", "worker", "start", "--with-healthcheck", *pool),
        environment=_environment({**worker(settings, addresses), **told}),
        health=Health("127.0.0.1", health_port, "/health"),
        leaves_work=True,
    )


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _environment(own: dict[str, str]) -> dict[str, str]:
    """What we were given, changed; an empty value takes a variable away."""
    kept = {name: value for name, value in inherited().items() if name not in UNWANTED}
    return {name: value for name, value in {**kept, **own}.items() if value}
