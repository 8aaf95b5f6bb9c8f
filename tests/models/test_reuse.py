"""A fit is taken again only when nothing that it follows from has changed."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tasks.data import artifact
from tasks.models import sources
from tasks.models.fitting import LOG_FILE
from tasks.models.job import Job, Predecessor, to_bytes
from tasks.models.reuse import MANIFEST, Fingerprint, attempt, sweep
from tasks.models.sources import own
from tasks.records import Failure, Fit

Make = Callable[..., Job]
SAME = Fingerprint("r0ws", "c0nf19", "c0de", "env")
SERVES = Predecessor(1, "candidate", Path("models/v1"), {artifact.MODEL_FILE: "d1g"}, date.min)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def elsewhere(job: Job, name: str) -> Job:
    """The same job in another attempt."""
    folder = job.folder.parents[1] / name / job.name
    folder.mkdir(parents=True, exist_ok=True)
    return replace(job, folder=folder)


def fitted(job: Job, kept: Path, fingerprint: Fingerprint = SAME) -> Fit:
    told = attempt(job, kept, fingerprint)
    assert isinstance(told, Fit), told
    return told


def keys(kept: Path) -> set[str]:
    return {path.name for path in kept.iterdir()}


def test_the_same_is_taken(job: Make, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In a later attempt it is the same to the byte, for the price that was paid once."""
    caplog.set_level(logging.INFO, "ratchet.fit")
    first = fitted(elsewhere(job(), "monday"), kept)
    tuesday = elsewhere(job(), "tuesday")
    (tuesday.folder / "reference.parquet").write_bytes(b"beside every fit")
    second = fitted(tuesday, kept)
    assert (first.reused, second.reused) == ("", "monday")
    assert second == replace(first, folder=str(tuesday.folder), reused="monday")
    for name in (artifact.MODEL_FILE, LOG_FILE):
        content = (Path(first.folder) / name).read_bytes()
        assert (tuesday.folder / name).read_bytes() == content
    assert {path.name for path in tuesday.folder.iterdir()} == {
        "fit.json", "fit.log", "model.skops", "reference.parquet"
    }  # fmt: skip
    assert "candidate is taken from attempt monday" in caplog.text
    assert fitted(tuesday, kept) == second  # a job that is done is done


@pytest.mark.parametrize("part", ["rows", "config", "code", "environment"])
def test_whatever_changed_is_fitted_anew(job: Make, kept: Path, part: str) -> None:
    """One changed part of the fingerprint is enough, and going back finds the old fit."""
    fitted(elsewhere(job(), "monday"), kept)
    changed = replace(SAME, **{part: "another"})
    assert fitted(elsewhere(job(), "tuesday"), kept, changed).reused == ""
    assert len(keys(kept)) == 2
    assert fitted(elsewhere(job(), "wednesday"), kept).reused == "monday"
    assert fitted(elsewhere(job(), "thursday"), kept, changed).reused == "tuesday"


def test_another_job_is_fitted_anew(job: Make, kept: Path) -> None:
    """Candidate, budget, windows and the champion of a warm start are part of it, places not."""
    cold = job()
    warm = job(warm_start=True, params={"warm_start": True})
    retrained = replace(SERVES, manifest={artifact.MODEL_FILE: "other"})
    wider = cold.windows.model_copy(update={"folds": 1})
    jobs = [
        cold,
        job(name="other"),
        job(params={"C": 0.5}),
        job(seed=8),
        replace(cold, windows=wider),
        warm,
        replace(warm, champion=SERVES),
        replace(warm, champion=replace(SERVES, version=2)),
        replace(warm, champion=retrained),
    ]
    for number, each in enumerate(jobs):
        assert fitted(elsewhere(each, f"attempt-{number}"), kept).reused == ""
    assert len(keys(kept)) == len(jobs)
    moved = replace(warm, champion=replace(SERVES, folder=Path("elsewhere/v1")))
    assert fitted(elsewhere(moved, "later"), kept).reused == "attempt-6"


@pytest.mark.parametrize("name", [artifact.MODEL_FILE, "fit.json", LOG_FILE, MANIFEST, "gone"])
def test_damaged_bytes_are_not_taken(
    job: Make, kept: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """A flipped byte, or a lost file: it is told, and the fit is made and kept anew."""
    fitted(elsewhere(job(), "monday"), kept)
    (key,) = keys(kept)
    if name == "gone":
        (kept / key / artifact.MODEL_FILE).unlink()
    else:
        content = (kept / key / name).read_bytes() or b"."
        (kept / key / name).write_bytes(bytes([content[0] ^ 1]) + content[1:])
    again = fitted(elsewhere(job(), "tuesday"), kept)
    assert again.reused == ""
    assert "kept fit of candidate is damaged and made anew" in caplog.text
    assert fitted(elsewhere(job(), "wednesday"), kept).reused == "tuesday"


def test_a_fit_under_another_name_is_not_taken(job: Make, kept: Path) -> None:
    """What lies under a key has to say itself that it was made for just this."""
    fitted(elsewhere(job(), "monday"), kept)
    (one,) = keys(kept)
    fitted(elsewhere(job(seed=8), "monday-too"), kept)
    (other,) = keys(kept) - {one}
    for path in (kept / one).iterdir():
        path.write_bytes((kept / other / path.name).read_bytes())
    assert fitted(elsewhere(job(), "tuesday"), kept).reused == ""


def test_failures_are_not_kept(job: Make, kept: Path) -> None:
    """What failed is tried again in the next attempt, and remembered within its own."""
    raises = job("tests.models.misbehaving.Raises")
    assert isinstance(attempt(elsewhere(raises, "monday"), kept, SAME), Failure)
    assert keys(kept) == set()


def test_a_resumed_attempt_made_it_itself(job: Make, kept: Path) -> None:
    """Killed between keeping a fit and noting it, an attempt does not say it took another's."""
    monday = elsewhere(job(), "monday")
    first = fitted(monday, kept)
    (monday.folder / "fit.json").unlink()
    assert fitted(monday, kept) == first


_APART = """\
import sys
from pathlib import Path
from tasks.models.job import Job, from_bytes
from tasks.models.reuse import Fingerprint, attempt
told = attempt(
    from_bytes(Job, Path(sys.argv[1]).read_bytes()),
    Path(sys.argv[2]), Fingerprint("r0ws", "c0nf19", "c0de", "env"),
)
print(told.reused)
"""


def test_threads_at_once(job: Make, kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Threads that ask at once get one fit: one makes it, the others wait and take it."""
    caplog.set_level(logging.WARNING, "ratchet.fit")  # Prefect's handler wants a run's context
    jobs = [elsewhere(job(), name) for name in ("one", "two", "three")]
    with ThreadPoolExecutor(len(jobs)) as pool:
        told = list(pool.map(lambda each: fitted(each, kept), jobs))
    (maker,) = {fit.reused for fit in told} - {""}
    assert sum(fit.reused == maker for fit in told) == 2
    assert len(keys(kept)) == 1  # and no lock is left


def test_what_a_killed_process_left_stops_nobody(job: Make, kept: Path) -> None:
    """A lock that nobody holds, and a fit that was half kept, are passed over."""
    fitted(elsewhere(job(), "monday"), kept)
    (key,) = keys(kept)
    (kept / f"{key}.lock").touch()
    (kept / key).rename(kept / f"{key}.part")
    assert fitted(elsewhere(job(), "tuesday"), kept).reused == ""
    assert keys(kept) == {key}


@pytest.mark.slow
def test_two_at_once(job: Make, kept: Path, tmp_path: Path) -> None:
    """Two processes that ask at once get one fit: one makes it, the other waits and takes it."""
    started = []
    for name in ("one", "two"):
        order = tmp_path / f"{name}.json"
        order.write_bytes(to_bytes(elsewhere(job(), name)))
        command = [sys.executable, "-c", _APART, str(order), str(kept)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    told = {process.communicate(timeout=120)[0].strip() for process in started}
    assert told in ({"", "one"}, {"", "two"})
    one, two = (elsewhere(job(), name).folder for name in ("one", "two"))
    model = artifact.MODEL_FILE
    assert (one / model).read_bytes() == (two / model).read_bytes()
    assert len(keys(kept)) == 1  # and no lock is left


def test_the_newest_stay(job: Make, kept: Path) -> None:
    """Swept, the fits made or taken last are kept, and what killed processes left is gone."""
    for seed in (1, 2, 3):
        fitted(elsewhere(job(seed=seed), f"attempt-{seed}"), kept)
        for path in kept.iterdir():
            age = path.stat().st_mtime - 10
            os.utime(path, (age, age))
    assert fitted(elsewhere(job(seed=1), "later"), kept).reused == "attempt-1"
    (kept / "dead.part").mkdir()
    (kept / "dead.lock").touch()
    sweep(kept, 2)
    assert len(keys(kept)) == 2
    assert fitted(elsewhere(job(seed=1), "monday"), kept).reused == "attempt-1"
    assert fitted(elsewhere(job(seed=3), "monday-3"), kept).reused == "attempt-3"
    assert fitted(elsewhere(job(seed=2), "monday-2"), kept).reused == ""
    sweep(kept / "nowhere", 2)


def test_sources_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An estimator that nobody installed has no version: its sources are part of what is seen."""
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "ours_alone"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('never imported')")
    (package / "deep" / "model.py").write_text("class Model: pass")
    (tmp_path / "single_file.py").write_text("class Model: pass")
    seen = own("ours_alone.deep.model.Model"), own("single_file.Model")
    (package / "deep" / "model.py").write_text("class Model: C = 1")
    (tmp_path / "single_file.py").write_text("class Model: C = 1")
    (package / "notes.txt").write_text("no source")
    edited = own("ours_alone.deep.model.Model"), own("single_file.Model")
    assert len({*seen, *edited, ""}) == 5
    assert own("sklearn.linear_model.LogisticRegression") == ""
    assert own("fractions.Fraction") == own("nowhere.Model") == own("__main__.Model") == ""
    assert own("sys.Model") == ""
    assert own(f"{sources.__name__}.own") != ""
