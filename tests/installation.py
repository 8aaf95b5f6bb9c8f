"""A shop's whole installation in a folder: deliver to it, look at all of it, copy it."""

import fcntl
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from config.settings import Settings
from tasks.data.lake import Lake
from tasks.stores import Stores, open_stores
from tests import shop
from tests.places import folder, pointing_at, settings_of
from tests.shop import NAME, Changes, Shop

State = dict[str, object]

_MLFLOW = ("runs", "experiments", "model_versions", "registered_model_aliases", "logged_models")


@dataclass(frozen=True)
class Installation:
    """The stores under one home, and the shop that delivers to its landing."""

    settings: Settings
    world: Shop = field(default_factory=Shop)

    @property
    def stores(self) -> Stores:
        return open_stores(NAME, self.settings)

    @property
    def home(self) -> Path:
        return self.settings.home

    @property
    def landing(self) -> Path:
        return folder(self.settings.landing)

    def define(self, changes: Changes | None = None, features: str = shop.FEATURES) -> None:
        """Write the pipeline's definition, some of it changed."""
        shop.define(self.settings.pipelines, changes, features)

    def deliver(self, first: int, last: int) -> list[Path]:
        """Let the files of the nth to the mth day arrive."""
        return self.world.deliver(self.landing, shop.day(first), shop.day(last))

    def put(self, table: str, of: date, content: bytes, name: str = "") -> Path:
        """Let one file of any content arrive at the usual time."""
        return shop.put(self.landing, table, of, content, name)

    def forge(self, statement: str) -> None:
        """Change the ledger behind its back."""
        with closing(sqlite3.connect(self.home / "ledger.db")) as connection, connection:
            connection.execute(statement)

    @contextmanager
    def without_models(self) -> Iterator[None]:
        """No version can be loaded: neither the registry's files nor local copies are there."""
        places = [self.home / "mlartifacts", self.home / "models"]
        for place in places:
            place.rename(place.with_suffix(".gone"))
        yield
        for place in places:
            shutil.rmtree(place, ignore_errors=True)
            place.with_suffix(".gone").rename(place)

    def answers(self) -> pd.DataFrame:
        """The prediction log, in order of id."""
        frame = self.stores.log.read(shop.START, date(2100, 1, 1))
        return frame.sort_values("prediction_id", ignore_index=True)

    def state(self) -> State:
        """Everything that a second run may not change, read past our own code where possible."""
        roots = (self.settings.lake, self.settings.log, self.settings.golden)
        lakes = [folder(root) / NAME for root in roots]
        return {
            "ledger": _dump(self.home / "ledger.db"),
            "mlflow": _dump(self.home / "mlflow.db", _MLFLOW),
            "tables": {
                path.name: (Lake(lake).table(path.name).version(), _rows(lake, path.name))
                for lake in lakes
                for path in sorted(lake.glob("*"))
            },
            "landing": _files(self.landing),
            "reports": _files(self.settings.reports),
            "work": _files(self.settings.work),
        }


def copied(template: Installation, home: Path, world: Shop | None = None) -> Installation:
    """The same installation under another home; MLflow's absolute paths are made its own."""
    shutil.copytree(template.home, home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    database = home / "mlflow.db"
    if database.exists():
        _replace(database, str(template.home), str(home))
    return Installation(settings_of(home), world or template.world)


@dataclass(frozen=True)
class Templates:
    """Homes below a folder, each lived in once, by whichever process comes first."""

    folder: Path

    def lived(
        self,
        name: str,
        live: Callable[[Installation], None],
        start: Installation | None = None,
        world: Shop | None = None,
    ) -> Installation:
        """The home after `live`, from an empty one or from a copy of `start`."""
        folder = self.folder / f"template-{name}"
        folder.mkdir(exist_ok=True)
        home, done = folder / "home", folder / "done"
        world = world or (start.world if start else Shop())
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(home, ignore_errors=True)
                shop = Installation(settings_of(home), world)
                with pointing_at(home):
                    live(copied(start, home, world) if start else shop)
                for database in home.glob("*.db"):
                    _checkpoint(database)
                done.touch()
        return Installation(settings_of(home), world)


def _checkpoint(database: Path) -> None:
    """Put everything into the main file: it is copied alone, whoever still has it open."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _dump(database: Path, tables: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    if not database.exists():
        return {}
    with closing(sqlite3.connect(database)) as connection:
        listed = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = sorted(tables or (name for (name,) in listed))
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names
        }


def _replace(database: Path, old: str, new: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.startswith(("VARCHAR", "TEXT")):
                    connection.execute(
                        f"UPDATE {table} SET {column} = replace({column}, ?, ?) "
                        f"WHERE instr({column}, ?)",
                        (old, new, old),
                    )


def _rows(lake: Path, table: str) -> str:
    read = Lake(lake).table(table).read()
    nested = [each.name for each in read.schema if pa.types.is_nested(each.type)]
    frame = read.to_pandas().astype(dict.fromkeys(nested, str))
    rows = np.sort(pd.util.hash_pandas_object(frame, index=False).to_numpy())
    return hashlib.sha256(str(read.schema).encode() + rows.tobytes()).hexdigest()


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
