"""A season of sabotage: one small world, lived by the real flows in a home that is thrown away.

Runs in a process of its own, whose environment points at that home and nowhere else, and prints
the cases as JSON. One line a case goes to standard error.
"""

import time
from collections.abc import Iterator

import click

from config.settings import Settings, export
from deployments.canaries import CANARIES, NIGHTLY, Canary
from deployments.embedded import prefect_here
from deployments.season import Came, Season
from infra.canary import definition
from tasks.ledger.selftests import CASES, Case

_PIPELINES = {"parcels": CANARIES, "parcels_nightly": NIGHTLY}


@click.command()
@click.option("--blind", is_flag=True, help="With rules that nobody can break: all is missed.")
def main(blind: bool) -> None:
    """Play every case in `RATCHET_HOME`, tell each, and print all of them."""
    export({"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"})  # refusals are no news here
    settings = Settings.from_environment()
    rules = (definition.BLIND,) if blind else ()
    parcels, nightly = _PIPELINES
    definition.define(settings.pipelines, parcels, definition.REFIT, *rules)
    definition.define(settings.pipelines, nightly, definition.SUPERIORITY, *rules)
    cases = []
    with prefect_here(settings):
        for case in _cases(settings):
            click.echo(f"{'MISSED ' if case.missed else 'ok     '}{case.name}", err=True)
            cases.append(case)
    click.echo(CASES.dump_json(tuple(cases)))


def _cases(settings: Settings) -> Iterator[Case]:
    for pipeline, canaries in _PIPELINES.items():
        season = Season(settings, pipeline)
        for canary in canaries:
            yield played(season, canary)


def played(season: Season, canary: Canary) -> Case:
    """What a canary came to. An error refuses it under its type's name; nothing is raised.

    Who served before a sabotaged challenger serves after it, for the next one to face.
    """
    before, began = season.champion, time.monotonic()
    try:
        came = canary.scene(season)
    except Exception as error:  # whatever ends one case ends no other
        came = Came(True, (type(error).__name__,), str(error))
    if canary.kind == "challenger":
        came = _undone(season, before, came)
    seconds = time.monotonic() - began
    return Case(
        canary.name, canary.kind, canary.expected, came.refused, came.by, came.reason, seconds
    )


def _undone(season: Season, champion: int | None, came: Came) -> Came:
    """What it came to, when the champion of before could be brought back; a miss otherwise."""
    try:
        season.return_to(champion)
    except Exception as error:
        told = f"{came.reason}; and v{champion} cannot be brought back: {error}"
        return Came(False, came.by, told)
    return came


if __name__ == "__main__":
    main()
