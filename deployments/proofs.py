"""Commands that show whether what was decided still holds."""

from datetime import datetime

import click

from deployments.options import AS_OF, DAY, JSON, PIPELINE


@click.command()
@PIPELINE
@click.option("--all", "everything", is_flag=True, help="Every pipeline, not only this one.")
@JSON
def verify(pipeline: str, everything: bool, as_json: bool) -> None:
    """Check the decisions' chain, every registered byte, and that each champion still answers.

    Nothing is changed. Exits with 5 when something is wrong.
    """
    from deployments import verify as command

    command.run(command.defined() if everything else [pipeline], as_json)


@click.group()
def golden() -> None:
    """Rows pinned by a person: every challenger is judged on them, none is trained on them."""


@golden.command("pin")
@PIPELINE
@click.option("--from", "first", type=DAY, required=True, metavar="DATE", help="First day.")
@click.option("--to", "last", type=DAY, required=True, metavar="DATE", help="Last day.")
@click.option("--rows", type=click.IntRange(min=1), help="A sample of so many. Default: all.")
@click.option("--by", required=True, metavar="NAME", help="Who pins them.")
@click.option("--reason", required=True, help="Kept with the rows.")
@AS_OF
@JSON
def golden_pin(  # noqa: PLR0913, PLR0917 - one parameter an option
    pipeline: str,
    first: datetime,
    last: datetime,
    rows: int | None,
    by: str,
    reason: str,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Keep labelled rows of complete days for good: a new version of the golden set."""
    from deployments import golden as command

    wanted = command.Wanted(first.date(), last.date(), rows, by, reason)
    command.pin(pipeline, wanted, as_of, as_json)


@golden.command("list")
@PIPELINE
@JSON
def golden_list(pipeline: str, as_json: bool) -> None:
    """Every version of the golden set, its rows verified."""
    from deployments import golden as command

    command.listed(pipeline, as_json)


@golden.command("show")
@PIPELINE
@click.option("--version", "number", type=int, help="Default: the latest.")
@JSON
def golden_show(pipeline: str, number: int | None, as_json: bool) -> None:
    """What a version consists of, day by day."""
    from deployments import golden as command

    command.shown(pipeline, number, as_json)


@click.command()
@click.argument("prediction_id")
@PIPELINE
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Inputs in the table; JSON has all of them.",
)
@JSON
def explain(prediction_id: str, pipeline: str, top: int, as_json: bool) -> None:
    """Why a prediction is what it is: answered again, and split into its inputs.

    PREDICTION_ID is an id in the prediction log, or the first six characters or more of one.
    """
    from deployments import explain as command

    command.run(prediction_id, pipeline, top, as_json)


@click.command()
@PIPELINE
@JSON
def selftest(pipeline: str, as_json: bool) -> None:
    """Push sabotaged challengers and batches through the loop, in a sandbox.

    All of them have to be refused: a miss stops automatic promotion of the pipeline until a
    selftest passes. Exits with 5 on a miss.
    """
    from deployments import selftest as command

    command.run(pipeline, as_json)


COMMANDS: tuple[click.Command, ...] = (explain, golden, selftest, verify)
