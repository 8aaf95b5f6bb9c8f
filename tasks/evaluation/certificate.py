"""Whether a winner that was fitted again on all days is still what was judged.

Two fits of one recipe on the same rows differ in their seed, and so do their answers: that is the
noise floor (Milani Fard, Cormier, Canini and Gupta, "Launch and Iterate: Reducing Prediction
Churn", NeurIPS 2016). The refit has to be as near to a twin of its own as the evaluated model is
to its twin, and may leave the evaluated model by a few times that.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from config.gate import Churn, Gate
from tasks.evaluation.intervals import Resampling, mean
from tasks.records import Check, Interval, Severity, Status

Floats = npt.NDArray[np.float64]

CODE, TITLE = "refit", "Refit is what was judged"
_ALIKE = 1.25  # times the noise: what two pairs of twins may differ by
_EXACT = 1e-6  # of a probability: the noise of an estimator without a seed is none
_TOLERATED = 0.03  # of a probability, and of the answers: more days may do that to any model


@dataclass(frozen=True)
class Answers:
    """Probabilities of the same rows (n,) of `days` by four fits; a twin has another seed.

    The rows are those that a person pinned, which no fit has seen, or training rows that all
    four have seen. The gate's holdout is neither: the refit was trained on it, and what it
    remembers of it looks like a difference.
    """

    days: npt.NDArray[np.int64]
    evaluated: Floats
    evaluated_twin: Floats
    refit: Floats
    refit_twin: Floats


def certificate(answers: Answers, gate: Gate, golden: Interval | None = None) -> Check:
    """PASS when the refit is shown to be of the same recipe, and not to have moved.

    Of the same recipe: its distance from its twin is at most 1.25 times that of the evaluated
    model from its own; without noise, none. Not moved: its answers differ from the evaluated
    model's by at most `gate.churn.max_over_noise` times the noise (3 without `gate.churn`), or by
    3 %, counted as flips at the threshold and as the mean distance of probabilities. `golden` is
    by how much it is better than the evaluated model on pinned rows: not worse than by
    `gate.golden.margin`. Each is shown when the whole interval, which resamples days, says so.

    In 300 simulated worlds with the noise and the drift of the flights one honest refit was
    refused and no stranger's answers were certified (docs/decisions/0019).
    """
    rules, plan = gate.churn or Churn(), Resampling(gate.resamples, gate.confidence)
    noise = np.abs(answers.evaluated - answers.evaluated_twin)
    apart = np.abs(answers.refit - answers.refit_twin)
    moved = np.abs(answers.evaluated - answers.refit)
    flips, chance = (
        _flips(answers.evaluated, each, rules.threshold)
        for each in (answers.refit, answers.evaluated_twin)
    )
    more = rules.max_over_noise

    def within(each: Floats, floor: Floats) -> bool:
        over = mean(each - more * floor, answers.days, plan).high <= 0
        return over or mean(each, answers.days, plan).high <= _TOLERATED

    recipe = mean(apart - _ALIKE * noise, answers.days, plan)
    shown = {
        "of the same recipe": recipe.high <= _EXACT,
        "as near to the evaluated model": within(moved, noise) and within(flips, chance),
        "as good on pinned rows": golden is None or golden.low > -gate.golden.margin,
    }
    numbers = {
        "rows": float(len(noise)),
        "noise": float(noise.mean()) if len(noise) else float("nan"),
        "twins": float(apart.mean()) if len(noise) else float("nan"),
        "recipe_high": recipe.high,
        "moved": mean(moved, answers.days, plan).value,
        "flips": mean(flips, answers.days, plan).value,
        "flips_noise": mean(chance, answers.days, plan).value,
        **({"golden": golden.value, "golden_low": golden.low} if golden else {}),
    }
    return _told(shown, numbers, undefined=bool(np.isnan(recipe.high)))


def refused(reason: str) -> Check:
    """A certificate that there is nothing to give for."""
    return Check(CODE, TITLE, Status.FAIL, reason, {}, Severity.NOTE)


def _flips(ours: Floats, theirs: Floats, threshold: float) -> Floats:
    return np.not_equal(ours >= threshold, theirs >= threshold).astype(np.float64)


def _told(shown: dict[str, bool], numbers: dict[str, float], undefined: bool) -> Check:
    told = (
        f"refit and its twin {numbers['twins']:.4f} apart, {numbers['noise']:.4f} is noise; "
        f"{numbers['moved']:.4f} from the evaluated model with {numbers['flips']:.2%} of "
        f"{numbers['rows']:,.0f} answers flipped, {numbers['flips_noise']:.2%} by noise"
    )
    lacking = [name for name, is_shown in shown.items() if not is_shown]
    if not lacking:
        return Check(CODE, TITLE, Status.PASS, told, numbers, Severity.NOTE)
    status = Status.NO_EVIDENCE if undefined else Status.FAIL
    reason = f"not shown to be {' and '.join(lacking)}: {told}"
    return Check(CODE, TITLE, status, reason, numbers, Severity.NOTE)
