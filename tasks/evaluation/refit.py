"""The winner fitted again on all days, and shipped where its certificate says that it may."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from config.load import Definition
from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.evaluation.certificate import Answers, certificate, refused
from tasks.evaluation.contest import Champion
from tasks.evaluation.hearing import Hearing, Shipped
from tasks.evaluation.intervals import Resampling, Sample, paired_difference
from tasks.evaluation.trial import Scores
from tasks.features.splits import Split
from tasks.models import selection
from tasks.models.again import again, twin
from tasks.models.job import Job
from tasks.models.reuse import Fingerprint
from tasks.predictions.scorer import Model
from tasks.records import Check, Choice, Failure, Fit, Status
from tasks.registry.lineage import code_version, environment

ALL_DAYS = "all.feather"
_DAYS = 28  # of training rows that are compared: enough to resample, and soon answered

Fits = Mapping[str, Fit]
"""By name: the evaluated one and its `twin`, the `refit` and its `refit-twin`."""


def candidates(
    definition: Definition, split: Split, folder: Path, champion: Champion | None
) -> list[Job]:
    """One job a candidate on the training rows; a warm start goes on from the champion."""
    before = champion.predecessor if champion else None
    return selection.jobs(definition, split.training, folder, before)


def fingerprint(definition: Definition, split: Split) -> Fingerprint:
    """What the candidates' fits follow from: the same again are not made again."""
    return Fingerprint(split.training_digest, definition.config_hash, code_version(), environment())


def shipped(hearing: Hearing, jobs: Sequence[Job]) -> Hearing:
    """The hearing with what ships: the refit, where one is asked for and certified.

    Only a winner is fitted again, with `windows.refit`. That costs three fits without a search:
    the refit, its twin and, unless churn has needed it before, the evaluated model's. Never raises
    for what a fit does: without a certificate the evaluated model ships, and the reason is told.
    """
    promoted = hearing.verdict.choice is Choice.PROMOTE
    if not (promoted and hearing.definition.pipeline.windows.refit):
        return hearing
    (job,) = (each for each in jobs if each.name == hearing.challenger.candidate)
    everything = all_days(hearing.definition, hearing.split)
    made = fits(hearing.challenger, job, everything)
    if isinstance(made, Failure):
        told = f"{made.candidate} {made.kind}: {made.reason}"
        return replace(hearing, shipped=_kept(hearing, refused(told)))
    return replace(hearing, shipped=certified(hearing, made, everything))


def fits(challenger: Fit, job: Job, everything: pd.DataFrame) -> Fits | Failure:
    """The fits to compare, made at once; the first failure where one did not work."""
    beside, seed = job.folder.parent, job.candidate.seed + 1
    frame = written(job, everything)

    def made(name: str) -> Fit | Failure:
        if name == "twin":
            return twin(job, challenger.params)
        own = beside / f"{job.name}-{name}"  # no candidate can be called that
        return again(job, challenger.params, own, None if name == "refit" else seed, frame)

    names = ("twin", "refit", "refit-twin")
    with ThreadPoolExecutor(len(names)) as pool:
        told = dict(zip(names, pool.map(made, names), strict=True))
    failed = [each for each in told.values() if isinstance(each, Failure)]
    fitted = {name: each for name, each in told.items() if isinstance(each, Fit)}
    return failed[0] if failed else {"evaluated": challenger, **fitted}


def all_days(definition: Definition, split: Split) -> pd.DataFrame:
    """Training and holdout rows; where training looks back some days only, as many of the last."""
    rows = pd.concat([split.training, split.holdout], ignore_index=True)
    most = definition.pipeline.windows.max_train_days
    return rows if most is None else _latest(rows, most)


def written(job: Job, everything: pd.DataFrame) -> Path:
    """The file of all days beside a job, as its refit reads it."""
    frame = job.folder.parent / ALL_DAYS
    everything[["day", *job.features.columns, job.label]].to_feather(frame)
    return frame


def certified(hearing: Hearing, made: Fits, everything: pd.DataFrame) -> Shipped:
    """The refit with its certificate; the evaluated fit where there is none for it."""
    digests = {name: _digest(made[name]) for name in ("evaluated", "refit")}
    check = _compared(hearing, made, everything)
    if check.status is not Status.PASS:
        return _kept(hearing, check, digests)
    refit = made["refit"]
    selection.keep_reference(hearing.definition, everything, Path(refit.folder))
    return Shipped(refit, date.fromisoformat(everything["day"].max()), check, digests)


def _kept(hearing: Hearing, check: Check, digests: Mapping[str, str] | None = None) -> Shipped:
    told = replace(check, reason=f"the evaluated model ships: {check.reason}")
    through = hearing.split.trained_through
    return Shipped(hearing.challenger, through, told, digests or {})


def _compared(hearing: Hearing, made: Fits, everything: pd.DataFrame) -> Check:
    pipeline, golden = hearing.definition.pipeline, _golden(hearing)
    gate = pipeline.gate
    try:
        models = {name: _model(fit) for name, fit in made.items()}
    except Corrupt as error:
        return refused(str(error))

    def answers(name: str, rows: pd.DataFrame) -> Scores:
        inputs = rows[list(pipeline.features.columns)]
        return np.asarray(models[name].predict_proba(inputs)[:, 1], dtype=np.float64)

    lead, rows = None, _seen_by_all(hearing, everything)
    if golden is not None:
        label, plan = pipeline.label.name, Resampling(gate.resamples, gate.confidence)
        refitted = Sample(golden[label], answers("refit", golden), golden["day"])
        lead = paired_difference(refitted, answers("evaluated", golden), gate.metric, plan)
        rows = golden if golden["day"].nunique() >= gate.min_days else rows
    said = Answers(
        rows["day"].to_numpy(),
        *(answers(name, rows) for name in ("evaluated", "twin", "refit", "refit-twin")),
    )
    return certificate(said, gate, lead)


def _golden(hearing: Hearing) -> pd.DataFrame | None:
    """The pinned rows that have every input."""
    pinned = hearing.cohort.golden
    needed = {"day", hearing.definition.pipeline.label.name}
    needed.update(hearing.definition.pipeline.features.columns)
    return pinned.frame if pinned is not None and needed <= set(pinned.frame) else None


def _seen_by_all(hearing: Hearing, everything: pd.DataFrame) -> pd.DataFrame:
    """The latest training rows that the refit was trained on as well."""
    training = hearing.split.training
    shared = training[training["day"] >= everything["day"].min()]
    return _latest(shared, _DAYS)


def _latest(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    days = sorted(rows["day"].unique())[-most:]
    latest: pd.DataFrame = rows[rows["day"].isin(days)].reset_index(drop=True)
    return latest


def _model(fit: Fit) -> Model:
    loaded: Model = artifact.made(Path(fit.folder))
    return loaded


def _digest(fit: Fit) -> str:
    return artifact.manifest(Path(fit.folder)).get(artifact.MODEL_FILE, "")
