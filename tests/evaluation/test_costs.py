"""What a candidate cost beside what it is better by."""

import math
from dataclasses import replace

import pytest

from config.values import Metric
from tasks.evaluation.costs import costs, spent_here
from tasks.records import Failure, Fit, Parent

FAILED = Failure("hung", "timeout", "killed after 60 s", 60.0, 58.0, 400.0)


def fit(name: str, score: float, cpu_seconds: float) -> Fit:
    return Fit(name, "", {}, (score,), 2, 9.0, cpu_seconds, 200.0)


@pytest.mark.parametrize(("metric", "score"), [("roc_auc", 0.75), ("log_loss", 0.65)])
def test_gain(metric: Metric, score: float) -> None:
    """Better than the cheapest candidate is positive, whichever way the metric points."""
    cheap, dear = costs([fit("cheap", 0.7, 6.0), fit("dear", score, 36.0)], metric)
    assert cheap.gain == 0
    assert math.isnan(cheap.gain_per_cpu_minute)
    assert dear.gain == pytest.approx(0.05)
    assert dear.gain_per_cpu_minute == pytest.approx(0.1)


def test_failures_cost_too() -> None:
    """A candidate that failed has its seconds and its reason, and no gain."""
    (failed,) = costs([FAILED], "roc_auc")
    assert (failed.seconds, failed.cpu_seconds, failed.peak_mb) == (60.0, 58.0, 400.0)
    assert failed.told == "timeout: killed after 60 s"
    assert math.isnan(failed.gain)


def test_what_was_fitted_once_is_counted_once() -> None:
    """A fit from an earlier attempt keeps its price and says where it was paid: not in this one."""
    taken = replace(fit("taken", 0.7, 6.0), reused="1f2e", cold="there is no champion")
    (told, _, _) = costs([taken, fit("made", 0.75, 36.0), FAILED], "roc_auc")
    assert told.cpu_seconds == 6.0
    assert told.told == "taken from attempt 1f2e; started cold: there is no champion"
    assert spent_here([taken, fit("made", 0.75, 36.0), FAILED]) == {"spent": 94.0, "reused": 6.0}
    assert spent_here([]) == {"spent": 0.0, "reused": 0.0}


def test_how_it_started() -> None:
    """A warm start names the version that it went on from."""
    warm = Fit("warm", "", {}, (0.7,), 1, 1.0, 1.0, 1.0, parent=Parent(4, "d1g"))
    assert costs([warm], "roc_auc")[0].told == "went on from v4"
