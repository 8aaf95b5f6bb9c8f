"""Run a story here and now, against the Prefect server that is embedded in this process."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from config.load import pipeline as load_definition
from config.schema import Schedule
from config.settings import Settings, export


def run(story: str, pipeline: str, as_of: str | None, **parameters: Any) -> Any:
    """Run `flows.<story>.<story>` for a pipeline and give back what it returns."""
    settings = Settings.from_environment()
    definition = load_definition(settings, pipeline)
    moment = parse_moment(as_of, definition.pipeline.schedule)
    with prefect_here(settings):
        flow = getattr(import_module(f"flows.{story}"), story)
        return flow(pipeline=pipeline, as_of=moment, **parameters)


def answer(value: object, as_json: bool) -> None:
    """Print a story's result; exit with 3 when a delivery was refused."""
    from deployments import show
    from flows.ingest import Ingested
    from flows.nightly import Night

    show.result(value, as_json)
    ingested = value.ingested if isinstance(value, Night) else value
    if isinstance(ingested, Ingested) and ingested.refused:
        sys.exit(3)


def parse_moment(text: str | None, schedule: Schedule) -> datetime:
    """A date means that day's night in the pipeline's time zone; so does a time without zone.

    Raises `click.BadParameter` on anything else.
    """
    from click import BadParameter

    if text is None:
        return datetime.now(UTC)
    try:
        if len(text) == len("2013-01-01"):
            return schedule.night_of(date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(
            f"{text!r} is neither a date (2013-03-15) nor a time (2013-03-15T03:00)",
            param_hint="--as-of",
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=schedule.zone)


@contextmanager
def prefect_here(settings: Settings) -> Iterator[None]:
    """Prefect as this installation wants it; set before it is imported for the first time."""
    settings.home.mkdir(parents=True, exist_ok=True)
    export({**settings.prefect_environment(), **settings.tracking_environment()})
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # When it is stopped it warns of every event that it is about to deliver.
    logging.getLogger("prefect.EventsWorker").setLevel(logging.ERROR)
    # Nobody watches an embedded run's heartbeat, and ending it costs a second a flow.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
