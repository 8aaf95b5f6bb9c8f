"""What a probability has meant: a smooth, rising curve from what was said to what turned out."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from tasks.evaluation.metrics import Floats

_CLIP = 1e-6
_STEPS, _SMALL = 50, 1e-8
_GROUPS = 2000
_AS_SAID = np.array([1.0, 1.0, 0.0])


@dataclass(frozen=True)
class Calibration:
    """Logit of the calibrated probability: a * ln p - b * ln(1 - p) + c, with a, b >= 0."""

    a: float
    b: float
    c: float

    def of(self, p: Floats) -> Floats:
        """The calibrated probabilities (n,) of those said (n,)."""
        return np.asarray(expit(_inputs(p) @ np.array([self.a, self.b, self.c])))


def calibrated(y: npt.ArrayLike, p: npt.ArrayLike, weights: Floats | None = None) -> Calibration:
    """Beta calibration of labels `y` (n,) given probabilities `p` (n,), rows weighted (n,).

    Kull, Silva Filho and Flach, AISTATS 2017: three parameters, so that some thousand rows do
    not make the steps that isotonic regression makes of noise; a parameter that would fall is
    left out and the others fitted again. A standard normal prior around leaving probabilities as
    they are keeps it defined where all are the same, or all labels are.

    >>> said = np.linspace(0.02, 0.98, 2000)
    >>> twice = calibrated(np.arange(2000) % 10 == 0, said)  # one in ten, whatever was said
    >>> [round(float(share), 2) for share in twice.of(np.array([0.1, 0.5, 0.9]))]
    [0.1, 0.1, 0.1]
    """
    labels, said = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    told = _grouped(labels, said, np.ones(len(labels)) if weights is None else weights)
    free = np.array([True, True, True])
    for _ in range(3):
        found = _fitted(told, free)
        falling = free & (found < 0) & np.array([True, True, False])
        if not falling.any():
            break
        free &= ~falling
    return Calibration(*found.tolist())


def _inputs(p: Floats) -> Floats:
    said = np.clip(p, _CLIP, 1 - _CLIP)
    return np.column_stack([np.log(said), -np.log1p(-said), np.ones(len(said))])


@dataclass(frozen=True)
class _Groups:
    """Rows of about the same score: their mean `inputs` (g, 3), `weight` and positives (g,)."""

    inputs: Floats
    weight: Floats
    positive: Floats

    def lost(self, found: Floats) -> float:
        """The negative log posterior of the parameters."""
        logit = self.inputs @ found
        rows = self.weight @ np.logaddexp(0, logit) - self.positive @ logit
        return float(rows + ((found - _AS_SAID) ** 2).sum() / 2)

    def bent(self, found: Floats) -> tuple[Floats, Floats]:
        """Its slope (3,) and curvature (3, 3)."""
        share = expit(self.inputs @ found)
        slope = self.inputs.T @ (self.weight * share - self.positive) + found - _AS_SAID
        steepness = (self.weight * share * (1 - share))[:, np.newaxis]
        return slope, (self.inputs * steepness).T @ self.inputs + np.eye(3)


def _grouped(labels: Floats, p: Floats, weights: Floats) -> _Groups:
    """At most `_GROUPS` groups of neighbours: three parameters do not see the difference."""
    place = np.empty(len(p), dtype=np.intp)
    place[np.argsort(p, kind="stable")] = np.arange(len(p)) * min(_GROUPS, len(p)) // len(p)
    columns = np.column_stack([_inputs(p), labels])
    weight = np.asarray(np.bincount(place, weights=weights), dtype=np.float64)
    sums = np.column_stack([np.bincount(place, weights=weights * each) for each in columns.T])
    some = weight > 0
    inputs = np.asarray(sums[some, :3] / weight[some, np.newaxis])
    return _Groups(inputs, weight[some], np.asarray(sums[some, 3]))


def _fitted(told: _Groups, free: npt.NDArray[np.bool_]) -> Floats:
    """The most likely parameters, others 0: Newton's steps, halved where too far."""
    found = np.where(free, _AS_SAID, 0.0)
    lost = told.lost(found)
    for _ in range(_STEPS):
        slope, bent = told.bent(found)
        step = np.zeros(3)
        step[free] = np.linalg.solve(bent[np.ix_(free, free)], slope[free])
        while (nearer := told.lost(found - step)) > lost + _SMALL:
            step /= 2
        found, gained, lost = found - step, lost - nearer, nearer
        if gained < _SMALL * (1 + abs(lost)):
            break
    return found
