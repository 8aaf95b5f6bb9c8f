"""The main job: a year of flights replayed night by night, as it would have happened."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import Progress

from config.load import pipeline as load_definition
from config.schema import Schedule
from config.settings import Settings
from deployments.embedded import prefect_here
from deployments.progress import advancing, bars
from infra.airline import Airline
from tasks.data.bucket import S3
from tasks.data.landing import upload

PIPELINE = "flights"
FIRST_CHAMPION = date(2013, 3, 15)


@dataclass(frozen=True)
class Replay:
    """The nights from the first champion's through the last, on one landing folder."""

    settings: Settings
    schedule: Schedule
    airline: Airline
    through: date

    def run(self, progress: Progress) -> None:
        """Deliver and ingest from January, then live every night; the first finds no champion."""
        with prefect_here(self.settings):
            self._begin(progress)
            self._live(progress)

    def _begin(self, progress: Progress) -> None:
        from flows.ingest import ingest

        as_of = self.schedule.night_of(FIRST_CHAMPION)
        delivered = self._deliver(None, as_of)
        with advancing(progress, "ingest since January", len(delivered)):
            ingest(PIPELINE, as_of)

    def _live(self, progress: Progress) -> None:
        from flows.nightly import nightly

        nights = (self.through - FIRST_CHAMPION).days + 1
        bar = progress.add_task("train the first champion", total=nights)
        before = self.schedule.night_of(FIRST_CHAMPION)
        for count in range(nights):
            as_of = self.schedule.night_of(FIRST_CHAMPION + timedelta(days=count))
            self._deliver(before, as_of)
            nightly(PIPELINE, as_of)
            progress.update(bar, advance=1, description=f"night of {as_of:%Y-%m-%d}")
            before = as_of

    def _deliver(self, since: datetime | None, until: datetime) -> list[Path]:
        """Let the airline's files of (since, until] arrive, in a bucket by way of a folder."""
        landing = self.settings.landing
        if isinstance(landing, Path):
            return self.airline.deliver(landing, since, until)
        with TemporaryDirectory() as folder:
            paths = self.airline.deliver(Path(folder), since, until)
            upload(Path(folder), paths, landing, S3(self.settings.endpoint_url))
        return paths


def play(through: date, as_json: bool) -> None:
    """Replay, then print what happened and where to look."""
    settings = Settings.from_environment()
    schedule = load_definition(settings, PIPELINE).pipeline.schedule
    with bars(hidden=as_json) as progress:
        Replay(settings, schedule, Airline(), through).run(progress)
    from deployments import story  # Prefect is imported with it, after its settings are exported

    story.tell(settings, FIRST_CHAMPION, through, as_json)
