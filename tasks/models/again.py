"""One fit with parameters that are known: a twin with another seed, or the winner on all days."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from config.schema import Candidate
from config.values import Scalar
from tasks.models import child
from tasks.models.fitting import fit_within_budget, once
from tasks.models.job import Job
from tasks.records import Failure, Fit


def again(
    job: Job,
    params: Mapping[str, Scalar],
    folder: Path,
    seed: int | None = None,
    frame_path: Path | None = None,
) -> Fit | Failure:
    """Fit a job's candidate once, without a search, into a folder of its own.

    Within the candidate's budget, in a process of its own, and never raising for what the
    candidate does, like any fit. `seed` and `frame_path` default to the job's; a seed given here
    goes before a `random_state` among the parameters. Done before in this folder, it is read
    back: a folder is for one combination of parameters, seed and rows.
    """
    known = replace(
        job,
        candidate=_known(job.candidate, params, seed),
        folder=folder,
        frame_path=frame_path or job.frame_path,
    )
    return once(known, lambda job: fit_within_budget(job, child.fit_again))


def _known(candidate: Candidate, params: Mapping[str, Scalar], seed: int | None) -> Candidate:
    given = dict(params)
    if seed is not None and "random_state" in given:
        given["random_state"] = seed
    seeded = candidate.seed if seed is None else seed
    return candidate.model_copy(update={"params": given, "search": {}, "seed": seeded})


def twin(job: Job, params: Mapping[str, Scalar]) -> Fit | Failure:
    """The fit that differs from one with these parameters in its seed alone; made once a job."""
    folder = job.folder.parent / f"{job.name}-twin"  # no candidate can be called that
    return again(job, params, folder, seed=job.candidate.seed + 1)
