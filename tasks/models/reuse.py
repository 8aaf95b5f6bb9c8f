"""Fits kept under everything that they follow from: the same fit is not made twice."""

import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from tasks.data.artifact import MODEL_FILE
from tasks.errors import Corrupt
from tasks.models import sources
from tasks.models.fitting import LOG_FILE, RESULT, fit_within_budget, once
from tasks.models.job import Job, to_bytes
from tasks.records import Failure, Fit

MANIFEST = "manifest.json"
NEWEST = 24
"""Fits that stay for later attempts: those of the last few, whatever candidates there are."""

_LOCK, _PART = ".lock", ".part"
_FIT: TypeAdapter[Fit] = TypeAdapter(Fit)
_log = logging.getLogger("ratchet.fit")


@dataclass(frozen=True)
class Fingerprint:
    """What a fit follows from: equal fingerprints, equal models."""

    rows: str
    config: str
    code: str
    environment: str


def attempt(job: Job, kept: Path, fingerprint: Fingerprint) -> Fit | Failure:
    """Fit a candidate, or take what was fitted under the same fingerprint.

    The job itself counts too: its candidate, and for a warm start the champion. What is taken is
    verified, copied into the job's folder, and says in `reused` which attempt it was made in, the
    name of that attempt's folder. What is damaged is fitted anew, and failures are not kept. Two
    that ask at once get one fit: the second waits. A job that is done is recognised, as ever.
    """
    return once(job, lambda job: _taken_or_made(job, kept, fingerprint))


def sweep(kept: Path, newest: int = NEWEST) -> None:
    """Forget all but the fits that were made or taken last; those in use stay."""
    found = [*kept.glob("*")]
    fits = sorted((each for each in found if not each.suffix), key=_taken_at, reverse=True)
    left = {each.stem for each in found if each.suffix in {_LOCK, _PART}}
    forgotten = {each.name for each in fits[newest:]}
    for key in sorted(forgotten | left):
        with _alone(kept / f"{key}{_LOCK}", wait=False) as mine:
            if not mine:
                continue
            shutil.rmtree(kept / f"{key}{_PART}", ignore_errors=True)
            if key in forgotten:
                shutil.rmtree(kept / key, ignore_errors=True)


def _taken_or_made(job: Job, kept: Path, fingerprint: Fingerprint) -> Fit | Failure:
    seen = _seen(job, fingerprint)
    key = _digest(seen.encode())[:16]
    kept.mkdir(parents=True, exist_ok=True)
    with _alone(kept / f"{key}{_LOCK}"):
        taken = _taken(job, kept / key, seen)
        if taken is not None:
            return taken
        told = fit_within_budget(job)
        if isinstance(told, Fit):
            _keep(job, told, kept / key, seen)
        return told


def _seen(job: Job, fingerprint: Fingerprint) -> str:
    """Everything that a fit follows from, as JSON; where it lies is none of it."""
    champion = replace(job.champion, folder=Path()) if job.champion else None
    anywhere = replace(job, folder=Path(), frame_path=Path(), champion=champion)
    seen = {
        **asdict(fingerprint),
        "job": json.loads(to_bytes(anywhere)),
        "sources": sources.own(job.candidate.estimator),
    }
    return json.dumps(seen, sort_keys=True)


def _taken(job: Job, place: Path, seen: str) -> Fit | None:
    """The kept fit in the job's folder; none when there is none that can be believed."""
    if not place.exists():
        return None
    try:
        files = _verified(place, seen)
    except Corrupt as error:
        _log.warning("kept fit of %s is damaged and made anew: %s", job.name, error)
        shutil.rmtree(place)
        return None
    fit = _FIT.validate_json(files.pop(RESULT))
    _written(job.folder, files)
    os.utime(place)
    here = _attempt(job)
    _log.info("%s is taken from attempt %s: nothing it follows from changed", job.name, fit.reused)
    reused = "" if fit.reused == here else fit.reused
    return replace(fit, folder=str(job.folder.absolute()), reused=reused)


def _keep(job: Job, fit: Fit, place: Path, seen: str) -> None:
    kept = replace(fit, folder="", reused=_attempt(job))
    files = {
        RESULT: _FIT.dump_json(kept),
        **{name: (job.folder / name).read_bytes() for name in (MODEL_FILE, LOG_FILE)},
    }
    manifest = {"seen": seen, "files": {name: _digest(files[name]) for name in files}}
    part = place.with_suffix(_PART)
    shutil.rmtree(part, ignore_errors=True)
    _written(part, {**files, MANIFEST: json.dumps(manifest).encode()})
    part.rename(place)


def _verified(place: Path, seen: str) -> dict[str, bytes]:
    """The kept files by name; `Corrupt` unless every byte is what was kept, for just this."""
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        files = {name: (place / name).read_bytes() for name in manifest["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{place / MANIFEST} cannot be followed: {error}") from error
    if manifest.get("seen") != seen or not {RESULT, MODEL_FILE} <= files.keys():
        raise Corrupt(f"{place / MANIFEST} is of another fit")
    changed = [name for name in files if _digest(files[name]) != manifest["files"][name]]
    if changed:
        raise Corrupt(f"{len(changed)} changed: {', '.join(changed)} under {place}")
    return files


def _written(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _attempt(job: Job) -> str:
    return job.folder.absolute().parent.name


def _taken_at(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except FileNotFoundError:  # somebody else sweeps too
        return 0.0


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _alone(lock: Path, wait: bool = True) -> Iterator[bool]:
    """Whether nobody else, thread or process, holds this lock while the block runs.

    The file goes with the block; who waited for one that is gone asks for the next.
    """
    how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        with lock.open("w") as file:
            try:
                fcntl.flock(file, how)
            except BlockingIOError:
                yield False
                return
            if not _is(lock, file.fileno()):
                continue
            try:
                yield True
            finally:
                lock.unlink(missing_ok=True)
            return


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
