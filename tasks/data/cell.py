"""A small file of ours that many may read, and only who has seen it last may replace."""

import fcntl
import os
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from config.places import Place
from tasks.data.answers import Missing
from tasks.data.bucket import S3
from tasks.errors import Conflict


@dataclass(frozen=True)
class Seen:
    """What was there, and how to tell whether it still is; nothing has no state."""

    content: bytes = b""
    state: str = ""


@dataclass(frozen=True)
class Cell:
    """One file in a folder or a bucket."""

    place: Place
    s3: S3 = field(default_factory=S3)

    def read(self) -> Seen:
        """What is there now; an empty `Seen` if nothing is."""
        if isinstance(self.place, Path):
            return _seen(self.place)
        try:
            return Seen(*self.s3.read(str(self.place)))
        except Missing:
            return Seen()

    def replace(self, content: bytes, seen: Seen) -> None:
        """Write `content` over what was seen; `Conflict` when it is something else by now."""
        if isinstance(self.place, Path):
            _replace(self.place, content, seen)
        else:
            self.s3.replace(self.place, content, seen.state)


def _seen(path: Path) -> Seen:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Seen()
    return Seen(content, sha256(content).hexdigest())


def _replace(path: Path, content: bytes, seen: Seen) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _seen(path).state != seen.state:
            raise Conflict(f"{path}: somebody else wrote first; read again and decide again")
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
