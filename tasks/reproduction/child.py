"""What happens in the process that makes a version again: it has never seen another model."""

import os
import shutil
import threading
from pathlib import Path

from config.settings import Settings
from tasks.data.bucket import S3
from tasks.data.lake import Lake
from tasks.errors import RatchetError
from tasks.features.golden import Vault
from tasks.reproduction.comparison import reproduction
from tasks.reproduction.order import Order, Told, from_bytes, to_bytes
from tasks.reproduction.steps import Bench

TOLD = "told.json"


def follow(order_file: str) -> None:
    """Follow the order in a file, and write what came of it beside the file."""
    path, leaving = Path(order_file), threading.Lock()
    threading.Thread(target=_outlive_nobody, args=(path.parent, leaving), daemon=True).start()
    try:
        _follow(path)
    finally:
        leaving.acquire()  # where nobody asks any more, cleaning up goes first and ends us


def _follow(path: Path) -> None:
    order = from_bytes(Order, path.read_bytes())
    try:
        told = Told(reproduction(_bench(order)))
    except RatchetError as error:
        told = Told.failed(error)
    path.with_name(TOLD).write_bytes(to_bytes(told))


def _bench(order: Order) -> Bench:
    settings, pipeline = Settings.from_environment(), order.version.pipeline
    s3 = S3(settings.endpoint_url)
    lake, golden = Lake(settings.lake / pipeline, s3), Lake(settings.golden / pipeline, s3)
    return Bench(order, lake, Vault(golden))


def _outlive_nobody(scratch: Path, leaving: threading.Lock) -> None:
    """Our standard input ends when whoever asked has gone: then so do we, and what we made."""
    os.read(0, 1)
    with leaving:
        gone = scratch.with_name(f"{scratch.name}-gone")
        try:
            scratch.rename(gone)  # from now on nothing can be added to it
            shutil.rmtree(gone, ignore_errors=True)
        finally:
            os._exit(1)
