"""How many answers change hands for no better reason than chance.

A retrained model gives answers wrong that were right before, even when it is better on average
(Yan et al., "Positive-Congruent Training", CVPR 2021). Some changes say nothing about the data:
two fits on the same rows that differ in their seed alone disagree as well, and that is the floor
that churn is measured against (Milani Fard, Cormier, Canini and Gupta, "Launch and Iterate:
Reducing Prediction Churn", NeurIPS 2016).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.gate import Churn, Gate
from config.load import Definition
from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.evaluation.contest import Champion
from tasks.evaluation.intervals import Resampling, mean
from tasks.evaluation.trial import Scores, Trial
from tasks.models.again import twin
from tasks.models.estimators import MODEL_STEP, build
from tasks.models.job import Job, Predecessor
from tasks.models.selection import FRAME
from tasks.predictions.scorer import Model
from tasks.records import Check, Failure, Fit, Severity, Status

Answers = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Said:
    """Yes or no to the same rows (n,): the truth, who served, who would, and the latter's twin."""

    y: Answers
    days: npt.NDArray[np.int64]
    champion: Answers
    challenger: Answers
    twin: Answers

    @property
    def flips(self) -> Answers:
        """Answers that the challenger gives otherwise than the champion."""
        return np.not_equal(self.champion, self.challenger)

    @property
    def negative(self) -> Answers:
        """Those that were right and are wrong now."""
        return self.flips & np.not_equal(self.challenger, self.y)

    @property
    def noise(self) -> Answers:
        """Answers that the twin gives otherwise than the challenger."""
        return np.not_equal(self.twin, self.challenger)


@dataclass(frozen=True)
class Measure:
    """One kind of flips (n,), and the share of the noise (n,) that it is held against."""

    code: str
    title: str
    told: str
    flips: Answers
    noise: Answers
    share: float


def churn(
    definition: Definition,
    challenger: Fit,
    champion: Champion | None,
    trial: Trial,
    inputs: pd.DataFrame,
) -> tuple[Check, ...]:
    """Whether the challenger flips more answers of the champion than its seed explains.

    Costs one more fit, the twin's, and only where `gate.churn` is set. `inputs` are those of the
    trial's rows. An estimator whose seed changes nothing has no such noise: churn is told then,
    as a warning, and decides nothing. Never raises for what the twin does.
    """
    gate = definition.pipeline.gate
    if gate.churn is None:
        return (_single(Status.NOT_APPLICABLE, "gate.churn is not set", Severity.NOTE),)
    if champion is None:
        return (_single(Status.NOT_APPLICABLE, "no champion yet whose answers could flip"),)
    if trial.champion is None or not len(trial.y):
        told = f"champion {trial.champion_version} has no answers on {len(trial.y)} rows"
        return (_single(Status.NO_EVIDENCE, told),)
    job = _job(definition, challenger, champion)
    twin = _twin(job, challenger, inputs) if _has_seed(job) else trial.challenger
    if isinstance(twin, str):
        return (_single(Status.NO_EVIDENCE, f"noise could not be measured: {twin}"),)
    said = _said(gate.churn, trial, trial.champion, twin)
    if np.array_equal(twin, trial.challenger):
        return (_noiseless(challenger, said),)
    return churned(gate, gate.churn.max_over_noise, said)


def churned(gate: Gate, most: float, said: Said) -> tuple[Check, Check]:
    """Churn, and negative flips, against `most` times the noise; FAIL when shown to be above.

    Judged is the mean over rows of flip - most * noise, with an interval that resamples days: at
    exactly `most` times the noise a check fails in about (1 - confidence) / 2 of the cases.
    Half of the noise counts for negative flips, as either of two twins may be the one that is
    right; and one flip is always granted to noise, which is never known to be zero.
    One pair of seeds tells the floor within a factor of 1.4 (98 % of the trios among 16 forests
    and 16 boosted models): `most` below 1.5 would block by the luck of a seed.
    """
    wronged = "turn from right to wrong"
    every = Measure("churn", "Churn", "flip", said.flips, said.noise, 1.0)
    negative = Measure("churn:negative", "Negative flips", wronged, said.negative, said.noise, 0.5)
    days = said.days
    return _judged(gate, most, days, every), _judged(gate, most, days, negative)


def _judged(gate: Gate, most: float, days: npt.NDArray[np.int64], each: Measure) -> Check:
    rows, flips = len(each.flips), float(each.flips.mean())
    floor = each.share * float(each.noise.mean())
    plan = Resampling(gate.resamples, gate.confidence)
    excess = mean(each.flips - most * each.share * each.noise, days, plan)
    told = (
        f"{flips:.2%} of {rows:,} answers {each.told}, {floor:.2%} by another seed alone; at most "
        f"{most:g} times as many allowed"
    )
    numbers = {
        "rows": float(rows),
        "flips": flips,
        "noise": floor,
        "excess": excess.value,
        "low": excess.low,
        "high": excess.high,
        "allowed": most,
    }
    if np.isnan(excess.low):
        reason = f"{told}: without an interval on {len(np.unique(days))} days"
        return Check(each.code, each.title, Status.NO_EVIDENCE, reason, numbers)
    worse = excess.low > most * each.share / rows
    status = Status.FAIL if worse else Status.PASS
    return Check(each.code, each.title, status, told, numbers)


def _noiseless(challenger: Fit, said: Said) -> Check:
    flips, negative = float(said.flips.mean()), float(said.negative.mean())
    told = (
        f"{flips:.2%} of {len(said.y):,} answers flip, {negative:.2%} from right to wrong; another "
        f"seed changes no answer of {challenger.candidate}: no noise to measure that against"
    )
    numbers = {"rows": float(len(said.y)), "flips": flips, "negative": negative, "noise": 0.0}
    return Check("churn", "Churn", Status.NOT_APPLICABLE, told, numbers, Severity.WARNING)


def _said(rules: Churn, trial: Trial, champion: Scores, twin: Scores) -> Said:
    champion_says, says, twin_says = (
        np.asarray(each) >= rules.threshold for each in (champion, trial.challenger, twin)
    )
    return Said(trial.y.astype(bool), trial.days, champion_says, says, twin_says)


def _has_seed(job: Job) -> bool:
    model = build(job.candidate, job.features)
    return "random_state" in model.named_steps[MODEL_STEP].get_params()


def _twin(job: Job, challenger: Fit, inputs: pd.DataFrame) -> Scores | str:
    """The answers of a fit that differs from the challenger in its seed; or why there are none."""
    told = twin(job, challenger.params)
    if isinstance(told, Failure):
        return f"the twin of {told.candidate} {told.kind}: {told.reason}"
    try:
        model: Model = artifact.made(Path(told.folder))
    except Corrupt as error:
        return str(error)
    return np.asarray(model.predict_proba(inputs)[:, 1])


def _job(definition: Definition, challenger: Fit, champion: Champion) -> Job:
    """The challenger's job again: the same rows, and the same champion to go on from."""
    pipeline, folder = definition.pipeline, Path(challenger.folder)
    return Job(
        name=challenger.candidate,
        candidate=pipeline.candidates[challenger.candidate],
        features=pipeline.features,
        metric=pipeline.metric,
        windows=pipeline.windows,
        frame_path=folder.parent / FRAME,
        label=pipeline.label.name,
        folder=folder,
        champion=_predecessor(champion) if challenger.parent else None,
    )


def _predecessor(champion: Champion) -> Predecessor | None:
    version = champion.version
    if champion.folder is None:
        return None
    return Predecessor(
        version.number,
        version.candidate,
        champion.folder,
        dict(version.manifest),
        version.trained_through,
    )


def _single(status: Status, reason: str, severity: Severity = Severity.BLOCKING) -> Check:
    return Check("churn", "Churn", status, reason, {}, severity)
