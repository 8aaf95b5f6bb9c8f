"""Arguments and options that several commands share."""

import click

PIPELINE = click.argument("pipeline", default="flights")
AS_OF = click.option(
    "--as-of",
    metavar="WHEN",
    help="Use only what was known by then: a date (that night), or an ISO time. Default: now.",
)
DAY = click.DateTime(["%Y-%m-%d"])
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
