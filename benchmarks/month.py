"""The job that both sides do: retrain on a month of flights, then score the night's flights."""

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from config.load import PIPELINE, Definition, definition
from config.settings import Settings, export
from tasks.data.lake import Lake

NAME = "flights"
TRAIN_DAYS = 30

FIRST_CHAMPION = date(2013, 3, 1)
BEFORE, NIGHT = date(2013, 3, 3), date(2013, 3, 4)
DAYS = (NIGHT - date(2013, 1, 1)).days


_NOT_OURS = (
    "RATCHET_LANDING",
    "RATCHET_LEDGER_URL",
    "MLFLOW_TRACKING_URI",
    "PREFECT_HOME",
    "PREFECT_API_URL",
    "PREFECT_API_KEY",
    "PREFECT_PROFILE",
)
"""What would lead away from the temporary folder."""


@dataclass(frozen=True)
class Month:
    """A folder with a Ratchet home, landing and lake in it, and the flights' definition cut down.

    `windows.max_train_days` is 30 instead of everything since January; nothing else is changed.
    """

    root: Path

    @property
    def home(self) -> Path:
        """What Ratchet works in; the bare side reads the tables of its lake."""
        return self.root / "home"

    @property
    def pipelines(self) -> Path:
        return self.root / "pipelines"

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake" / NAME)

    @property
    def definition(self) -> Definition:
        return definition(self.pipelines / NAME)

    def night(self, day: date, attempt: int = 0) -> datetime:
        """When the night of `day` runs; each further attempt a minute later, so that it is new."""
        schedule = self.definition.pipeline.schedule
        began = datetime.combine(day, schedule.at, tzinfo=schedule.zone)
        return began + timedelta(minutes=attempt)

    def write(self) -> None:
        """Write the definition."""
        packaged = Settings.from_environment({}).pipelines / NAME
        folder = shutil.copytree(packaged, self.pipelines / NAME)
        described = yaml.safe_load((packaged / PIPELINE).read_text())
        described["windows"]["max_train_days"] = TRAIN_DAYS
        (folder / PIPELINE).write_text(yaml.safe_dump(described, sort_keys=False))

    def move_in(self) -> Settings:
        """From now on this process, and those that it starts, work at home."""
        for name in _NOT_OURS:
            os.environ.pop(name, None)
        export({"RATCHET_HOME": str(self.home), "RATCHET_PIPELINES": str(self.pipelines)})
        settings = Settings.from_environment()
        export({**settings.prefect_environment(), **settings.tracking_environment()})
        return settings


@dataclass(frozen=True)
class Kept:
    """A folder as it was once, to start every round from the same state."""

    folder: Path

    @property
    def _copy(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.kept")

    def keep(self) -> None:
        """Remember the folder as it is now."""
        shutil.copytree(self.folder, self._copy)

    def restore(self) -> None:
        """Make the folder what it was."""
        shutil.rmtree(self.folder)
        shutil.copytree(self._copy, self.folder)
