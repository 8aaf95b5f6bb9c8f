"""The `ratchet` command. Nothing heavy is imported before a command needs it.

Exit codes: 0 done (a refused challenger is a good night's work); 1 unexpected failure; 2 wrong
use or configuration; 3 a delivery was refused; 4 too little data; 5 refused for safety (leaking
features, corrupt bytes, a decision that cannot be taken).
"""

import signal
import sys
from datetime import datetime
from types import FrameType

import click

from deployments import proofs, time_machine
from deployments.options import AS_OF, DAY, JSON, PIPELINE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ratchet")
def cli() -> None:
    """Keep models trained: ingest, retrain, score, watch, and say why.

    Exit codes: 0 done, 1 unexpected failure, 2 wrong use or configuration, 3 a delivery was
    refused, 4 too little data, 5 refused for safety.
    """


@cli.command()
@PIPELINE
@AS_OF
@JSON
def run(pipeline: str, as_of: str | None, as_json: bool) -> None:
    """One night: ingest what arrived, score, watch, and retrain when due."""
    from deployments import embedded

    embedded.answer(embedded.run("nightly", pipeline, as_of), as_json)


@cli.command()
@PIPELINE
@AS_OF
@JSON
def ingest(pipeline: str, as_of: str | None, as_json: bool) -> None:
    """Admit the deliveries that arrived in landing."""
    from deployments import embedded

    embedded.answer(embedded.run("ingest", pipeline, as_of), as_json)


@cli.command()
@PIPELINE
@AS_OF
@click.option("--reason", default="asked for by hand", help="Kept with the decision.")
@JSON
def retrain(pipeline: str, as_of: str | None, reason: str, as_json: bool) -> None:
    """Fit the candidates, judge the best one, and promote it or keep the champion."""
    from deployments import embedded

    embedded.answer(embedded.run("retrain", pipeline, as_of, reason=reason), as_json)


@cli.command()
@PIPELINE
@AS_OF
@JSON
def score(pipeline: str, as_of: str | None, as_json: bool) -> None:
    """Answer the questions that have been asked and not answered yet."""
    from deployments import embedded

    embedded.answer(embedded.run("score", pipeline, as_of), as_json)


@cli.command()
@PIPELINE
@AS_OF
@JSON
def watch(pipeline: str, as_of: str | None, as_json: bool) -> None:
    """Measure the champion on days whose labels are complete, and report drift."""
    from deployments import embedded

    embedded.answer(embedded.run("watch", pipeline, as_of), as_json)


@cli.command()
@PIPELINE
@click.option("--to", "version", type=int, help="Version to return to. Default: last known good.")
@click.option("--reason", default="asked for by hand", help="Kept with the decision.")
@AS_OF
@JSON
def rollback(
    pipeline: str, version: int | None, reason: str, as_of: str | None, as_json: bool
) -> None:
    """Return to an earlier champion, after loading it and predicting with it."""
    from deployments import embedded

    embedded.answer(
        embedded.run("rollback", pipeline, as_of, version=version, reason=reason), as_json
    )


@cli.command()
@PIPELINE
@click.option("--version", type=int, required=True, help="A registered version.")
@click.option("--reason", required=True, help="Kept with the decision.")
@click.option("--by", required=True, metavar="NAME", help="Who takes this decision.")
@AS_OF
@JSON
def promote(  # noqa: PLR0913, PLR0917 - one parameter an option
    pipeline: str, version: int, reason: str, by: str, as_of: str | None, as_json: bool
) -> None:
    """Make a registered version serve by a person's decision, whatever the gate said."""
    from deployments import embedded

    chosen = {"version": version, "reason": reason, "by": by}
    embedded.answer(embedded.run("promote", pipeline, as_of, **chosen), as_json)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--prefect-port", type=int, default=4200, show_default=True)
@click.option("--mlflow-port", type=int, default=5000, show_default=True)
@click.option(
    "--postgres",
    metavar="URL",
    envvar="RATCHET_POSTGRES_URL",
    help="Keep Prefect, MLflow and the ledger in this PostgreSQL server.",
)
def up(host: str, prefect_port: int, mlflow_port: int, postgres: str | None) -> None:
    """Start Prefect, MLflow and a worker, deploy, and stay until Ctrl-C."""
    from config.servers import Listening
    from deployments import up as command

    command.run(Listening(host, prefect_port, mlflow_port), postgres)


@cli.command()
@click.option("--plan", "only_plan", is_flag=True, help="Print what would change, change nothing.")
@JSON
def deploy(only_plan: bool, as_json: bool) -> None:
    """Make the Prefect server match the pipelines: deployments, schedules, automations."""
    from deployments import deploy as command

    command.run(only_plan, as_json)


@cli.command()
@PIPELINE
@JSON
def status(pipeline: str, as_json: bool) -> None:
    """Who is champion, what was decided last, what is held or refused."""
    from deployments import answers

    answers.status(pipeline, as_json)


@cli.command()
@click.argument("asked", nargs=-1, metavar="[PIPELINE] [RUN]")
@click.option("--on", "day", type=DAY, metavar="DATE", help="Only what was decided for that night.")
@JSON
def why(asked: tuple[str, ...], day: datetime | None, as_json: bool) -> None:
    """Why each version was promoted, refused or rolled back, and what a retrain waits for.

    With RUN, why this attempt fitted anew what it fitted: which of its rows, code, config and
    environment changed since the attempt before. RUN is a version as v3, the key of an attempt or
    an MLflow run id, or the first six characters or more of either.
    """
    from deployments import answers

    answers.why(asked, day.date() if day else None, as_json)


@cli.command()
@click.option(
    "--through", type=DAY, default="2013-04-05", show_default=True, help="Last night to replay."
)
@JSON
def demo(through: datetime, as_json: bool) -> None:
    """The main job: the flights of 2013, from first file to a champion that retrains itself."""
    from deployments import demo as story

    story.play(through.date(), as_json)


@cli.group()
def quarantine() -> None:
    """Rows that were held back, with their reasons."""


@quarantine.command("list")
@PIPELINE
@click.option("--all", "everything", is_flag=True, help="Released rows as well.")
@JSON
def quarantine_list(pipeline: str, everything: bool, as_json: bool) -> None:
    """How many rows of which delivery are held, and why."""
    from deployments import answers

    answers.held(pipeline, everything, as_json)


@quarantine.command("show")
@PIPELINE
@click.option("--table", required=True)
@click.option("--partition", required=True)
@JSON
def quarantine_show(pipeline: str, table: str, partition: str, as_json: bool) -> None:
    """The held rows of a partition as they were delivered."""
    from deployments import answers

    answers.held_rows(pipeline, table, partition, as_json)


@quarantine.command("release")
@PIPELINE
@click.option("--table", required=True)
@click.option("--partition", required=True)
@click.option("--row", "rows", type=int, multiple=True, help="Row numbers. Default: all.")
@AS_OF
@JSON
def quarantine_release(  # noqa: PLR0913, PLR0917 - one parameter an option
    pipeline: str,
    table: str,
    partition: str,
    rows: tuple[int, ...],
    as_of: str | None,
    as_json: bool,
) -> None:
    """Let held rows into the lake after all; they count as known from now on."""
    from deployments import embedded

    chosen = {"table": table, "partition": partition, "rows": list(rows)}
    embedded.answer(embedded.run("release", pipeline, as_of, **chosen), as_json)


for _command in (*proofs.COMMANDS, *time_machine.COMMANDS):
    cli.add_command(_command)


def main() -> None:
    """Run the command line and turn our own failures into messages and exit codes."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        cli(standalone_mode=True)
    except Exception as error:  # the last door: what is ours is told, the rest is raised
        code = _exit_code(error)
        if code is None:
            raise
        click.echo(f"ratchet: {error}", err=True)
        sys.exit(code)


def _terminate(number: int, _: FrameType | None) -> None:
    """End like an exit, so that the embedded server and the candidates end as well."""
    sys.exit(128 + number)


def _exit_code(error: Exception) -> int | None:
    from config.load import ConfigError
    from config.settings import SettingsError
    from tasks.errors import NotEnoughData, RatchetError, Refused

    codes: list[tuple[type[Exception], int]] = [
        (ConfigError, 2),
        (SettingsError, 2),
        (Refused, 3),
        (NotEnoughData, 4),
        (RatchetError, 5),
    ]
    return next((code for kind, code in codes if isinstance(error, kind)), None)
