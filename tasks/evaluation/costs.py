"""What each candidate cost, beside what it is better by."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

from config.values import Metric
from tasks.evaluation.metrics import higher_is_better
from tasks.records import Failure, Fit


@dataclass(frozen=True)
class Cost:
    """A candidate's price and gain; nan where there is none.

    `score` is its mean selection score, `gain` by how much that is better than the score of the
    candidate that took the least CPU time, `gain_per_cpu_minute` the same for each minute that it
    took longer than that one. `told` says how it started, or why it failed, and for a fit that was
    taken from an earlier attempt, which: what it cost was spent there.
    """

    candidate: str
    score: float
    gain: float
    gain_per_cpu_minute: float
    cpu_seconds: float
    peak_mb: float
    seconds: float
    trials: int
    told: str = ""


def costs(attempts: Sequence[Fit | Failure], metric: Metric) -> list[Cost]:
    """One line a candidate, in the order in which they were tried; the failed ones cost too."""
    fits = [each for each in attempts if isinstance(each, Fit)]
    cheapest = min(fits, key=lambda fit: fit.cpu_seconds, default=None)
    return [
        _failed(each) if isinstance(each, Failure) else _fitted(each, cheapest or each, metric)
        for each in attempts
    ]


def spent_here(attempts: Sequence[Fit | Failure]) -> dict[str, float]:
    """CPU seconds that an attempt spent on its candidates, and what those it took had cost before.

    What was fitted once is counted once: over all attempts, `spent` adds up to what was paid.
    """
    taken = [isinstance(each, Fit) and bool(each.reused) for each in attempts]
    seconds = list(zip(taken, (each.cpu_seconds for each in attempts), strict=True))
    return {
        "spent": fsum(each for reused, each in seconds if not reused),
        "reused": fsum(each for reused, each in seconds if reused),
    }


def _fitted(fit: Fit, cheapest: Fit, metric: Metric) -> Cost:
    gain = (fit.score - cheapest.score) * (1 if higher_is_better(metric) else -1)
    more = (fit.cpu_seconds - cheapest.cpu_seconds) / 60
    return Cost(
        candidate=fit.candidate,
        score=fit.score,
        gain=gain,
        gain_per_cpu_minute=gain / more if more > 0 else float("nan"),
        cpu_seconds=fit.cpu_seconds,
        peak_mb=fit.peak_mb,
        seconds=fit.seconds,
        trials=fit.trials,
        told=_started(fit),
    )


def _started(fit: Fit) -> str:
    taken = f"taken from attempt {fit.reused}" if fit.reused else ""
    start = f"went on from v{fit.parent.version}" if fit.parent else ""
    cold = f"started cold: {fit.cold}" if fit.cold else ""
    return "; ".join(filter(None, (taken, start, cold)))


def _failed(failure: Failure) -> Cost:
    none = float("nan")
    return Cost(
        candidate=failure.candidate,
        score=none,
        gain=none,
        gain_per_cpu_minute=none,
        cpu_seconds=failure.cpu_seconds,
        peak_mb=failure.peak_mb,
        seconds=failure.seconds,
        trials=0,
        told=f"{failure.kind}: {failure.reason}",
    )
