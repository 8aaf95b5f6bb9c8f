"""Fit one candidate in a process of its own, within its budget, whatever it does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tasks.data.artifact import MODEL_FILE
from tasks.models import child
from tasks.models.ending import cause, last_line
from tasks.models.job import Job, Told, from_bytes, to_bytes
from tasks.models.keeper import Ended, Limits
from tasks.models.nursery import run
from tasks.records import Failure, Fit, Parent

LOG_FILE, RESULT = "fit.log", "fit.json"
_RESULT: TypeAdapter[Fit | Failure] = TypeAdapter(Fit | Failure)


def once(job: Job, fit: Callable[[Job], Fit | Failure]) -> Fit | Failure:
    """Do a job, or recognise that it has been done: a run that died resumes where it was."""
    result = job.folder / RESULT
    if result.exists():
        return _RESULT.validate_json(result.read_bytes())
    told = fit(job)
    part = result.with_suffix(".tmp")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(_RESULT.dump_json(told))
    part.replace(result)
    return told


def fit_within_budget(job: Job, work: Callable[[bytes], bytes] = child.fit) -> Fit | Failure:
    """Search, fit and save one candidate; a `Failure` with its kind when that does not work.

    Kinds: `error` (it raised), `timeout` (killed at `budget.seconds`), `memory` (it asked for more
    than `budget.memory_mb`), `crashed` (it died), `invalid` (its answers are no probabilities,
    all the same, or change when it is saved). Never raises for what the candidate does. Blocks
    until the child has ended; safe to call from several threads at once.
    """
    # The server's working directory is that of its start: only absolute paths mean the same there.
    job = replace(job, folder=job.folder.absolute(), frame_path=job.frame_path.absolute())
    budget = job.candidate.budget
    (job.folder / MODEL_FILE).unlink(missing_ok=True)
    limits = Limits(seconds=budget.seconds, memory_mb=budget.memory_mb)
    log = job.folder / LOG_FILE
    ended = run(work, to_bytes(job), limits, log)
    told = _told(job, ended, log)
    if told.kind:
        spent = (ended.seconds, ended.cpu_seconds, ended.peak_mb)
        return Failure(job.name, told.kind, told.reason, *spent)
    return Fit(
        candidate=job.name,
        folder=str(job.folder),
        params=told.params,
        folds=told.folds,
        trials=told.trials,
        seconds=ended.seconds,
        cpu_seconds=ended.cpu_seconds,
        peak_mb=ended.peak_mb,
        parent=_parent(job) if told.warm else None,
        cold=told.cold,
    )


def _parent(job: Job) -> Parent | None:
    champion = job.champion
    return Parent(champion.version, champion.manifest[MODEL_FILE]) if champion else None


def _told(job: Job, ended: Ended, log: Path) -> Told:
    budget = job.candidate.budget
    if ended.timed_out:
        return Told("timeout", f"killed after {ended.seconds:.1f} s of {budget.seconds:g} s")
    if ended.code == 0 and ended.result is not None:
        try:
            return from_bytes(Told, ended.result)
        except ValidationError:
            return Told("crashed", f"left {len(ended.result)} unreadable bytes")
    last = last_line(log)
    if "bad_alloc" in last:
        return Told("memory", f"more than {budget.memory_mb} MB were asked for: {last}")
    return Told("crashed", cause(ended.code, log))
