"""A registered version made again in a process of its own."""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import IO

from config.settings import inherited
from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.models.ending import last_line
from tasks.models.job import Predecessor
from tasks.records import ModelVersion
from tasks.registry import recipe
from tasks.registry.recipe import Recipe
from tasks.reproduction.order import Order, Told, from_bytes, to_bytes
from tasks.reproduction.outcome import Reproduction
from tasks.stores import Stores

_ORDER, _TOLD, _LOG = "order.json", "told.json", "reproduction.log"


def reproduced(stores: Stores, number: int) -> Reproduction:
    """Make a version again from what was kept with it, and compare it with what is registered.

    Nothing that is there now is asked but code and libraries: the definition, the rows and the
    champion are those of then. Raises `Terminal` for a version that does not exist, was deleted,
    was registered without a recipe, or whose rows the lake has not kept, and `Corrupt` for one
    whose bytes are not those on record.
    """
    began = time.monotonic()
    version = stores.ledger.version(stores.name, number)
    with tempfile.TemporaryDirectory(
        prefix="ratchet-reproduction-", ignore_cleanup_errors=True
    ) as scratch:
        told = _followed(_order(stores, version, Path(scratch)))
    if told.reproduction is None:
        raise told.error
    return replace(told.reproduction, seconds=time.monotonic() - began)


def _order(stores: Stores, version: ModelVersion, scratch: Path) -> Order:
    folder = _original(stores, version, scratch / "version")
    kept = recipe.read(version, folder)
    pinnings = [each for each in stores.ledger.pinnings(stores.name) if each.number <= kept.golden]
    return Order(version, folder, _parent(stores, kept, scratch), tuple(pinnings), scratch)


def _original(stores: Stores, version: ModelVersion, place: Path) -> Path:
    if not stores.registry.has(version.pipeline, version.number):
        raise Terminal(
            f"version {version.number} of {version.pipeline!r} was deleted from the registry: "
            "restore the registry's database and files from a backup"
        )
    place.mkdir()
    return stores.registry.original(version, place)


def _parent(stores: Stores, kept: Recipe, scratch: Path) -> Predecessor | None:
    """What a warm start went on from, of which every byte has to be that of then."""
    if kept.parent is None:
        return None
    version = stores.ledger.version(stores.name, kept.parent.version)
    if version.manifest[artifact.MODEL_FILE] != kept.parent.digest:
        raise Corrupt(
            f"version {version.number} of {version.pipeline!r} is not the model that was gone on "
            "from: the ledger has another sha256 for it than the recipe"
        )
    folder = _original(stores, version, scratch / "parent")
    return Predecessor(
        version=version.number,
        candidate=version.candidate,
        folder=folder,
        manifest=dict(version.manifest),
        through=version.trained_through,
    )


def _followed(order: Order) -> Told:
    """What a process of its own makes of an order; it ends when we do."""
    path = order.scratch / _ORDER
    path.write_bytes(to_bytes(order))
    log, told = path.with_name(_LOG), path.with_name(_TOLD)
    with log.open("wb") as said:
        code = _ended(path, said)
    if code or not told.exists():
        raise Terminal(
            f"version {order.version.number} of {order.version.pipeline!r} could not be made "
            f"again: its process ended with exit code {code}. {last_line(log)}"
        )
    return from_bytes(Told, told.read_bytes())


def _ended(path: Path, said: IO[bytes]) -> int:
    start = (
        f"import sys; sys.path[:] = {sys.path!r}; from tasks.reproduction.child import follow; "
        f"follow({str(path)!r})"
    )
    with subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        [sys.executable, "-c", start],
        env=inherited(),
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=said,
        start_new_session=True,  # Ctrl-C is ours to handle: we leave, and it follows
    ) as process:
        try:
            return process.wait()
        finally:
            process.kill()
