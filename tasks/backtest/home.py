"""Where an arm lives: stores of its own, beside the real lake and what the real ledger knows."""

import shutil
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock

from config.load import Definition
from tasks.backtest.book import Book
from tasks.backtest.drawer import Drawer
from tasks.backtest.rounds import Inputs, Kept, Rounds
from tasks.data.artifact import MODEL_FILE
from tasks.drift.patrol import Patrol
from tasks.predictions.log import PredictionLog
from tasks.predictions.scorer import Model
from tasks.registry.local import LocalRegistry
from tasks.stores import Stores

MODELS = 24
"""Loaded models that are kept: each arm's champion and some before."""

Models = OrderedDict[str, Model]
"""By the sha256 of their file, the last used at the end."""


@dataclass(frozen=True)
class Common:
    """What the arms of one process have loaded or made together."""

    loaded: Models = field(default_factory=OrderedDict)
    inputs: Inputs = field(default_factory=dict)
    alone: RLock = field(default_factory=RLock)


@dataclass(frozen=True)
class Home(Stores):
    """An arm's stores: what was verified and loaded once is not read again in this process."""

    kept: Kept
    common: Common
    folders: dict[int, Path] = field(default_factory=dict, compare=False, repr=False)

    @property
    def patrol(self) -> Patrol:
        """Watches what is asked and answered."""
        return Rounds(self.definition, self.lake, self.log, self.kept)

    def model(self, number: int) -> Model:
        """A registered version; arms whose models are the same bytes share it."""
        digest = self.ledger.version(self.name, number).manifest[MODEL_FILE]
        with self.common.alone:
            if digest not in self.common.loaded:
                self.common.loaded[digest] = super().model(number)
            self.common.loaded.move_to_end(digest)
            while len(self.common.loaded) > MODELS:
                self.common.loaded.popitem(last=False)
            return self.common.loaded[digest]

    def folder(self, number: int) -> Path:
        """A local copy of a registered version, verified when it was first asked for."""
        known = self.folders.get(number)
        if known is None or not known.exists():
            self.folders[number] = known = super().folder(number)
        return known

    def sweep(self, key: str) -> None:
        """Forget the folder of an attempt; fits stay, for other arms."""
        shutil.rmtree(self.workshop(key), ignore_errors=True)


def opened(real: Stores, definition: Definition, folder: Path, common: Common) -> Home:
    """The stores of who lives in a folder under a definition."""
    log = PredictionLog(Drawer(folder / "log"))
    return Home(
        settings=replace(real.settings, home=folder),
        definition=definition,
        source=real.source,
        lake=real.lake,
        log=log,
        quarantine=real.quarantine,
        ledger=Book(f"sqlite:///{folder / 'ledger.db'}", real.ledger),
        registry=LocalRegistry(folder / "registry"),
        kept=Kept.of(log, common.inputs),
        common=common,
    )
