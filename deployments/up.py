"""`ratchet up`: servers and worker in the foreground, deployed to, until Ctrl-C."""

import subprocess
import sys
from dataclasses import replace

import click
from sqlalchemy import make_url

from config.servers import Addresses, Databases, Listening, with_driver
from config.settings import Settings, SettingsError, inherited
from deployments.wanted import wanted
from infra import postgres as server
from infra.child import ChildError
from infra.stack import Stack, stack


def run(listening: Listening, postgres: str | None) -> None:
    """Start, deploy, tell where everything is, and stay; a Ctrl-C is a good end."""
    settings = Settings.from_environment()
    wanted(settings)  # a mistake in a pipeline is told before anything is started
    settings, databases = _stores(settings, postgres)
    try:
        with stack(settings, listening, databases, _warn) as running:
            if postgres:
                server.ensure(with_driver(postgres))
            click.echo("starting Prefect and MLflow")
            running.serve()
            _deploy(running.addresses)
            running.work()
            _tell(running)
            running.stay()
    except KeyboardInterrupt:
        click.echo("stopped")
    except ChildError as error:
        raise click.ClickException(str(error)) from error


def _deploy(addresses: Addresses) -> None:
    """`ratchet deploy`, in a process of its own: its libraries would stay in ours for ever."""
    command = [sys.executable, "-P", "-c", "from deployments.cli import main; main()", "deploy"]
    there = {**inherited(), "PREFECT_API_URL": addresses.api}
    code = subprocess.run(command, env=there, check=False).returncode  # noqa: S603 - our own
    if code:
        sys.exit(code)


def _stores(settings: Settings, postgres: str | None) -> tuple[Settings, Databases]:
    """Where the three programs keep what they know. Raises `SettingsError` for another's MLflow."""
    if postgres:
        ledger = with_driver(postgres, "psycopg")
        return replace(settings, ledger_url=ledger), Databases.postgres(postgres)
    if settings.tracking_uri.startswith("http"):
        raise SettingsError(
            f"MLFLOW_TRACKING_URI is {settings.tracking_uri}, and `ratchet up` starts an MLflow of "
            "its own: unset it, or let it say which database that one shall use"
        )
    return settings, Databases.embedded(settings)


def _tell(running: Stack) -> None:
    addresses, settings = running.addresses, running.settings
    asks = " (asks for a password)"
    click.echo(f"Prefect   {addresses.prefect}{asks if settings.access.prefect else ''}")
    click.echo(f"MLflow    {addresses.mlflow}{asks if settings.access.mlflow_user else ''}")
    click.echo(f"logs      {settings.home / 'logs'}")
    if not settings.ledger_url.startswith("sqlite"):
        click.echo("Other commands find the same ledger and registry with")
        shown = make_url(settings.ledger_url).render_as_string(hide_password=True)
        click.echo(f"  export RATCHET_LEDGER_URL={shown}")
        click.echo(f"  export MLFLOW_TRACKING_URI={addresses.mlflow}")
    click.echo("Ctrl-C stops all of it.")


def _warn(message: str) -> None:
    click.echo(f"ratchet: {message}", err=True)
