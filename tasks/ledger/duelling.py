"""From a hearing to the record that pages about its challenger are made of."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from config.values import Metric
from tasks.evaluation.calibration import calibration_error, reliability
from tasks.evaluation.hearing import Hearing
from tasks.evaluation.intervals import UNDEFINED, Resampling, Sample, interval
from tasks.evaluation.metrics import measure, usable
from tasks.evaluation.trial import Bench, Scores, Trial
from tasks.evaluation.wealth import curve
from tasks.ledger.duel import (
    CHALLENGER,
    CHAMPION,
    Calibration,
    Duel,
    Part,
    Point,
    Rows,
    Shift,
    Stake,
)
from tasks.records import Check, Importance, Interval, ModelVersion
from tasks.registry.lineage import code_version

if TYPE_CHECKING:
    from tasks.evaluation.explanations import Explained

_MOST_POINTS = 1500


def duel(hearing: Hearing, version: ModelVersion) -> Duel:
    """The record of a hearing and of what the models lean on; scores never make it raise."""
    pipeline, trial = hearing.definition.pipeline, hearing.trial
    bench = Bench(trial, pipeline.gate, pipeline.gate.metric)
    return Duel(
        pipeline=pipeline,
        version=version,
        champion=trial.champion_version,
        why=hearing.reason,
        verdict=hearing.verdict,
        challenger=hearing.challenger,
        attempts=tuple(hearing.attempts),
        measured=hearing.measured,
        lead=_lead(bench),
        shipped=hearing.shipped,
        beside=tuple(_beside(hearing)),
        stakes=tuple(_stakes(trial)),
        parts=tuple(_parts(bench, hearing.verdict.checks)),
        calibration={name: _calibration(bench, p) for name, p in _both(trial).items()},
        shift=_shift(bench),
        importances=_importances(hearing.explained),
        golden=_golden(bench),
        golden_version=trial.golden.version if trial.golden else None,
        training=_rows(hearing, "training"),
        holdout=_rows(hearing, "holdout"),
        snapshot=hearing.cohort.snapshot,
        config_hash=hearing.definition.config_hash,
        code=code_version(),
    )


def _stakes(trial: Trial) -> Iterator[Stake]:
    bets = sorted(trial.bets, key=lambda bet: bet.day)
    for bet, each in zip(bets, curve(bets) if bets else (), strict=True):
        yield Stake(bet, each)


def _lead(bench: Bench) -> Interval:
    ours, theirs = bench.trial.challenger, bench.trial.champion
    if theirs is None or ours.shape != theirs.shape:
        return UNDEFINED
    return bench.lead(theirs)


def _importances(explained: "Explained | None") -> dict[str, tuple[Importance, ...]]:
    found = explained and {CHALLENGER: explained.challenger, CHAMPION: explained.champion}
    return {name: each for name, each in (found or {}).items() if each}


def _beside(hearing: Hearing) -> Iterator[Check]:
    """Checks that say something about the version and decide nothing about its promotion."""
    certificate = hearing.shipped.certificate if hearing.shipped else None
    known = {check.code for check in hearing.verdict.checks}
    if certificate is not None and certificate.code not in known:
        yield certificate


def _both(trial: Trial) -> dict[str, Scores]:
    scores = {CHALLENGER: trial.challenger, CHAMPION: trial.champion}
    return {name: p for name, p in scores.items() if p is not None}


def _rows(hearing: Hearing, which: str) -> Rows:
    split, label = hearing.split, hearing.definition.pipeline.label.name
    is_training = which == "training"
    frame = split.training if is_training else split.holdout
    return Rows(
        digest=split.training_digest if is_training else split.holdout_digest,
        rows=len(frame),
        positives=int(frame[label].sum()),
        first_day=date.fromisoformat(frame["day"].min()),
        last_day=date.fromisoformat(frame["day"].max()),
    )


def _parts(bench: Bench, checks: Sequence[Check]) -> Iterator[Part]:
    """Groups that were compared, declared and found, in the order of their checks."""
    known = _values(bench)
    for check in checks:
        numbers, kind = check.numbers, check.code.partition(":")[0]
        if kind not in ("slice", "weak") or "difference" not in numbers:
            continue
        name = check.title.removeprefix("Group ").removeprefix("Weak where ")
        ours, theirs = known.get(check.code, (math.nan, math.nan))
        lead = Interval(*(numbers.get(each, math.nan) for each in ("difference", "low", "high")))
        yield Part(name, int(numbers.get("rows", 0)), lead, ours, theirs, check)


def _values(bench: Bench) -> dict[str, tuple[float, float]]:
    """The metric of challenger and champion in every declared group, by the check's code."""
    trial, made = bench.trial, {}
    for column, values in trial.slices.items():
        names = np.asarray(values).astype(str)
        for name in np.unique(names):
            rows = names == name
            theirs = math.nan if trial.champion is None else _value(bench, trial.champion, rows)
            ours = _value(bench, trial.challenger, rows)
            made[f"slice:{column}={name}"] = (ours, theirs)
    return made


def _value(bench: Bench, scores: Scores, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    if scores.shape != rows.shape:
        return math.nan
    return measure(bench.metric, bench.trial.y[rows], scores[rows])


def _calibration(bench: Bench, scores: Scores) -> Calibration:
    trial = bench.trial
    if scores.shape != trial.y.shape:
        return Calibration((), UNDEFINED)
    sample = Sample(trial.y, scores, trial.days)
    return Calibration(reliability(trial.y, scores), calibration_error(sample, bench.plan))


def _shift(bench: Bench) -> Shift | None:
    """None where there are not two probabilities a row."""
    trial, churn = bench.trial, bench.gate.churn
    ours, theirs = trial.challenger, trial.champion
    if theirs is None or ours.shape != theirs.shape or not (usable(ours) and usable(theirs)):
        return None
    threshold = churn.threshold if churn else 0.5
    truth = np.asarray(trial.y).astype(bool)
    right, was_right = (ours >= threshold) == truth, (theirs >= threshold) == truth
    gained, lost = right & ~was_right, was_right & ~right
    flipped = np.where(gained, "gained", np.where(lost, "lost", ""))
    shown = np.arange(len(ours))
    if len(shown) > _MOST_POINTS:
        shown = np.sort(np.random.default_rng(0).choice(shown, _MOST_POINTS, replace=False))
    return Shift(
        rows=len(ours),
        threshold=threshold,
        gained=int(gained.sum()),
        lost=int(lost.sum()),
        moved=float(np.abs(ours - theirs).mean()),
        points=tuple(
            Point(float(theirs[row]), float(ours[row]), str(flipped[row])) for row in shown
        ),
    )


def _golden(bench: Bench) -> dict[str, Interval]:
    """The gate's metric on the pinned rows, by whom; empty when none are pinned."""
    found = bench.trial.golden
    if found is None:
        return {}
    said = {CHALLENGER: found.challenger, CHAMPION: found.champion}
    if found.reference_version not in (None, bench.trial.champion_version):
        said[f"approved v{found.reference_version}"] = found.reference
    plan, metric = bench.plan, bench.metric
    return {
        name: _measured(Sample(found.y, scores, found.days), metric, plan)
        for name, scores in said.items()
        if scores is not None
    }


def _measured(sample: Sample, metric: Metric, plan: Resampling) -> Interval:
    if np.shape(sample.y) != np.shape(sample.p):
        return UNDEFINED
    return interval(sample, metric, plan)
