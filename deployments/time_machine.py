"""Commands that go back in time: play nights again, ask what came of what, try other policies."""

from datetime import datetime
from pathlib import Path

import click

from deployments.options import DAY, JSON, PIPELINE

FROM = click.option("--from", "first", type=DAY, required=True, metavar="DATE", help="First night.")
TO = click.option("--to", "last", type=DAY, required=True, metavar="DATE", help="Last night.")


@click.command()
@PIPELINE
@FROM
@TO
@click.option(
    "--steps",
    default="ingest,score",
    show_default=True,
    help="What each night does, of ingest, score, watch and retrain.",
)
@click.option(
    "--order",
    type=click.Choice(["oldest", "newest"]),
    default="oldest",
    show_default=True,
    help="Which nights are scored and rehearsed first; ingest and watch go forward always.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How much is done at once.",
)
@click.option(
    "--champion",
    type=click.IntRange(min=1),
    metavar="VERSION",
    help="Who answers, instead of the champion of that day.",
)
@click.option(
    "--promote",
    is_flag=True,
    help="Retrain in earnest: decide, tell, and change who serves. Without it a retrain is "
    "rehearsed, and its verdict kept.",
)
@click.option(
    "--plan",
    "planned",
    is_flag=True,
    help="Only tell what is to do, and what is done by which evidence.",
)
@click.option(
    "--on",
    "where",
    type=click.Choice(["here", "server"]),
    default="here",
    show_default=True,
    help="In this process, or on the Prefect server, whose progress is followed.",
)
@click.option(
    "--affected",
    is_flag=True,
    help="Redo only what deliveries that were corrected since have touched, here: answers of "
    "these days, measurements of these nights, and a retrain if among the steps.",
)
@JSON
def backfill(  # noqa: PLR0913, PLR0917 - one parameter an option
    pipeline: str,
    first: datetime,
    last: datetime,
    steps: str,
    order: str,
    workers: int,
    champion: int | None,
    promote: bool,
    planned: bool,
    where: str,
    affected: bool,
    as_json: bool,
) -> None:
    """Play past nights, each with what was known then; no live event, no new champion.

    What has been done is told by its evidence and skipped: run it again after anything.
    """
    from deployments import backfill as command
    from deployments import redo

    chosen = tuple(steps.split(","))
    days = first.date(), last.date()
    if affected:
        if where == "server":
            raise click.UsageError(f"--affected works here; on the server run redo/{pipeline}")
        redo.run(redo.Days(pipeline, *days, redo.TRAIN in chosen), planned, as_json)
        return
    nights = command.Nights(pipeline, *days, chosen, order, workers, champion, promote)
    if planned:
        command.plan(nights, as_json)
    else:
        command.play(nights, where == "server", as_json)


@click.command()
@click.argument("partition")
@PIPELINE
@JSON
def impact(partition: str, pipeline: str, as_json: bool) -> None:
    """What depended on a partition before it was delivered again: scores, measurements, versions.

    PARTITION is TABLE/PARTITION, as in departures/2013-03-08.
    """
    from deployments import impact as command

    command.run(partition, pipeline, as_json)


@click.command()
@click.argument("version", type=click.IntRange(min=1))
@PIPELINE
@JSON
def reproduce(version: int, pipeline: str, as_json: bool) -> None:
    """Rebuild a version from its manifest in a fresh process, and compare its answers.

    Identical, within 1e-9, or different; then the first step that diverged is told, and the
    exit code is 5.
    """
    from deployments import reproduce as command

    command.run(version, pipeline, as_json)


@click.command()
@click.argument("names", nargs=-1, metavar="[PREDICTION_ID] [PIPELINE]")
@click.option("--version", type=click.IntRange(min=1), help="The partitions that it scored.")
@click.option("--file", "file", metavar="PATH", help="What came of a delivered file.")
@JSON
def trace(names: tuple[str, ...], version: int | None, file: str | None, as_json: bool) -> None:
    """Where a prediction came from: version, run, snapshot, files, evidence, code, configuration.

    PREDICTION_ID is an id in the prediction log, or the first six characters or more of one; PATH
    a delivered file's path, the end of it, or the beginning of its sha256. Exits with 5 when the
    prediction cannot be given again to the bit.
    """
    from deployments import trace as command

    command.run(*command.meant(names, version, file), as_json)


@click.command()
@PIPELINE
@click.option(
    "--policies",
    "grid",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The arms: what each of them says otherwise than pipeline.yaml.",
)
@FROM
@TO
@click.option("--apply", "apply", is_flag=True, help="Write the recommended policy down.")
@JSON
def backtest(  # noqa: PLR0913, PLR0917 - one parameter an option
    pipeline: str, grid: Path, first: datetime, last: datetime, apply: bool, as_json: bool
) -> None:
    """Live the nights again under other policies, each with its own ledger and models."""
    from deployments import backtest as command

    command.run(command.Asked(pipeline, grid, first.date(), last.date(), apply), as_json)


COMMANDS: tuple[click.Command, ...] = (backfill, backtest, impact, reproduce, trace)
