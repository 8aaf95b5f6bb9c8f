"""Whether three in ten of the rows that were given 0.3 turn out true."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.evaluation.intervals import Resampling, Sample, draws, expanded
from tasks.evaluation.metrics import Floats, usable
from tasks.evaluation.trial import Bench, Scores
from tasks.records import Check, Interval, Status

_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Rows of similar probability: their mean probability, and the share that was true."""

    rows: int
    predicted: float
    observed: float


def reliability(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = _BINS) -> tuple[Bin, ...]:
    """Labels `y` (n,) against probabilities `p` (n,) in bins of about equally many rows.

    Rows of one probability are never split, so there may be fewer bins. Empty for values that
    are no probabilities. Equal-mass bins as in Nguyen and O'Connor, EMNLP 2015.
    """
    truth, scores = np.asarray(y).astype(np.float64), np.asarray(p, dtype=np.float64)
    if not usable(scores):
        return ()
    place = _places(scores, bins)
    return tuple(
        Bin(int(rows.sum()), float(scores[rows].mean()), float(truth[rows].mean()))
        for rows in (place == each for each in np.unique(place))
    )


def expected_calibration_error(y: npt.ArrayLike, p: npt.ArrayLike, bins: int = _BINS) -> float:
    """Mean distance of observed share and probability over the bins, weighted by rows.

    Between 0 and 1, nan when undefined (Naeini, Cooper and Hauskrecht, AAAI 2015). It is never
    quite 0: noise alone adds about 0.8 * sqrt(p * (1 - p) * bins / n).
    """
    table = reliability(y, p, bins)
    if not table:
        return float("nan")
    rows = sum(each.rows for each in table)
    return sum(each.rows * abs(each.observed - each.predicted) for each in table) / rows


def calibration_error(sample: Sample, plan: Resampling) -> Interval:
    """The expected calibration error less what noise adds to it, with limits; nan if undefined.

    Whole days are resampled, the bins stay. A resample has noise of its own on top of the
    sample's, so that it lies as far above the sample as the sample above the truth, and that
    distance is taken away (bootstrap estimate of bias, Efron and Tibshirani 1993, chapter 10, as
    Kumar, Liang and Ma, NeurIPS 2019, do for errors in bins). Limits are 2 * error - quantile,
    corrected alike (basic bootstrap, Davison and Hinkley 1997, section 5.2), expanded for few
    days as in `interval`. Where all errors are noise about half of it is left.
    """
    truth, scores = np.asarray(sample.y).astype(np.float64), np.asarray(sample.p, dtype=np.float64)
    error = expected_calibration_error(truth, scores)
    days, day = np.unique(np.asarray(sample.days), return_inverse=True)
    if math.isnan(error) or len(days) < 2:
        return Interval(error, math.nan, math.nan)
    missed = _missed(scores, truth, day)
    weights = draws(len(days), plan)
    drawn = np.abs(weights @ missed).sum(axis=1) / (weights @ np.bincount(day))
    least, most = np.quantile(drawn, expanded(len(days), plan.confidence))
    found = np.clip(2 * error - np.array([drawn.mean(), most, least]), 0.0, 1.0)
    return Interval(*found.tolist())


def calibration(bench: Bench) -> tuple[Check, ...]:
    """Probabilities mean what they say, within the expected calibration error allowed.

    What noise adds is not held against the model. An error above what is allowed is a FAIL where
    it is shown, and otherwise lacks evidence: few rows are no excuse.
    """
    trial, allowed, title = bench.trial, bench.gate.max_calibration_error, "Calibration"
    error = _error(bench, trial.challenger)
    if math.isnan(error.low):
        told = "calibration error is undefined"
        return (Check("calibration", title, Status.NO_EVIDENCE, told),)
    predicted, observed = float(np.mean(trial.challenger)), float(np.mean(trial.y))
    numbers = {"error": error.value, "low": error.low, "high": error.high, "allowed": allowed}
    numbers |= {"predicted": predicted, "observed": observed}
    told = f"expected calibration error {error.value:.3f} [{error.low:.3f}, {error.high:.3f}]"
    if trial.champion is not None:
        numbers["champion"] = _error(bench, trial.champion).value
        told += f", champion {trial.champion_version} has {numbers['champion']:.3f}"
    told += (
        f", at most {allowed:g} allowed; {predicted:.3f} predicted on average, "
        f"{observed:.3f} came true"
    )
    if error.value <= allowed:
        return (Check("calibration", title, Status.PASS, told, numbers),)
    status = Status.FAIL if error.low > allowed else Status.NO_EVIDENCE
    told += "" if status is Status.FAIL else ": not shown to be within it yet"
    return (Check("calibration", title, status, told, numbers),)


def _error(bench: Bench, scores: Scores) -> Interval:
    return calibration_error(Sample(bench.trial.y, scores, bench.trial.days), bench.plan)


def _places(scores: Floats, bins: int) -> npt.NDArray[np.intp]:
    """The bin of each row, counted from 0."""
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    return np.searchsorted(edges, scores, side="left")


def _missed(scores: Floats, truth: Floats, day: npt.NDArray[np.intp]) -> Floats:
    """By how much the truth exceeds the probabilities, summed: (days, bins)."""
    place = _places(scores, _BINS)
    shape = int(day.max()) + 1, int(place.max()) + 1
    cells = np.ravel_multi_index((day, place), shape)
    sums = np.bincount(cells, weights=truth - scores, minlength=shape[0] * shape[1])
    return np.asarray(sums.reshape(shape), dtype=np.float64)
