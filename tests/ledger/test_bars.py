"""What champions were promoted with, found again in the decisions that promoted them."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from config.schema import Pipeline
from tasks.evaluation.skill import model_free
from tasks.ledger.bars import bars
from tasks.ledger.ledger import Ledger
from tasks.records import Interval, Kind
from tests.evaluation.hearings import definition
from tests.ledger.conftest import entry, model, night, roll_back

Evidence = Mapping[str, object]


@pytest.fixture
def pipeline() -> Pipeline:
    return definition().pipeline.model_copy(update={"name": "flights"})


def evidence(value: float, rows: float = 1000, positives: float = 200) -> dict[str, object]:
    """A decision's, as far as bars read it; both other metrics go with the first."""
    limits = {"value": value, "low": value - 0.02, "high": value + 0.02}
    loss = {name: 1 - number for name, number in limits.items()}
    dummy = {"value": 0.55, "low": 0.5, "high": 0.6}
    numbers = {"rows": rows, "positives": positives}
    return {
        "measured": {
            "challenger": {"roc_auc": limits, "log_loss": loss},
            "dummy": {"roc_auc": dummy, "log_loss": dummy},
        },
        "checks": [{"code": "floor", "numbers": {}}, {"code": "evidence", "numbers": numbers}],
    }


def promoted(ledger: Ledger, version: int, value: float, said: Evidence | None = None) -> None:
    ledger.keep_version(model(version), Interval(value, value - 0.02, value + 0.02))
    made = entry(ledger, Kind.PROMOTED, version, version)
    ledger.decide(replace(made, evidence=evidence(value) if said is None else said))


def test_nobody_serves(ledger: Ledger, pipeline: Pipeline) -> None:
    """Without a champion there is no bar, for any metric."""
    assert bars(ledger, pipeline, night(9)) == {}


def test_every_metric(ledger: Ledger, pipeline: Pipeline) -> None:
    """A bar for each metric: what was promised in it, over the share of the rows judged on."""
    promoted(ledger, 1, 0.75)
    found = bars(ledger, pipeline, night(9))
    assert set(found) == {"roc_auc", "log_loss", "brier"}
    assert found["roc_auc"].promised == 0.75
    assert found["log_loss"].promised == 0.25
    assert math.isnan(found["brier"].promised), "nobody measured it"
    (pledge,) = found["log_loss"].pledges
    assert (pledge.since, pledge.baseline) == (night(0), model_free("log_loss", 0.2))
    assert found["roc_auc"].best_skill(night(9), 180) == pytest.approx(0.5)


@pytest.mark.parametrize("checks", [[], None, [{"code": "evidence", "numbers": {"rows": 0.0}}]])
def test_the_dummy_stands_in(ledger: Ledger, pipeline: Pipeline, checks: object) -> None:
    """Where the rows' own share is not on record, the dummy is the model-free answer."""
    promoted(ledger, 1, 0.75, evidence(0.75) | {"checks": checks})
    (pledge,) = bars(ledger, pipeline, night(9))["log_loss"].pledges
    assert pledge.baseline == 0.55


def test_without_evidence(ledger: Ledger, pipeline: Pipeline) -> None:
    """A decision that kept no measurements: a promise in the pipeline's metric, and no skill."""
    promoted(ledger, 1, 0.75, {})
    bar = bars(ledger, pipeline, night(9))["roc_auc"]
    assert bar.promised == 0.75
    assert math.isnan(bar.best_skill(night(9), 180))


def test_known_by_then(ledger: Ledger, pipeline: Pipeline) -> None:
    """A past night is held to the champion of then, and to promises made by then."""
    promoted(ledger, 1, 0.75)
    promoted(ledger, 2, 0.85)
    assert bars(ledger, pipeline, night(0))["roc_auc"].promised == 0.75
    assert [p.version for p in bars(ledger, pipeline, night(0))["roc_auc"].pledges] == [1]
    assert bars(ledger, pipeline, night(1))["roc_auc"].promised == 0.85


def test_who_was_rolled_back_promised_nothing(ledger: Ledger, pipeline: Pipeline) -> None:
    """The bar is that of who serves again, and a promise that was not kept does not raise it."""
    promoted(ledger, 1, 0.75)
    promoted(ledger, 2, 0.95)
    roll_back(ledger, 2, 1)
    bar = bars(ledger, pipeline, night(9))["roc_auc"]
    assert (bar.serving, bar.promised) == (1, 0.75)
    assert bar.best_skill(night(9), 180) == pytest.approx(0.5)


def test_promoted_by_hand(ledger: Ledger, pipeline: Pipeline) -> None:
    """A version that was refused and then promoted by a person has what the gate measured."""
    promoted(ledger, 1, 0.75)
    ledger.keep_version(model(2), Interval(0.7, 0.68, 0.72))
    ledger.decide(replace(entry(ledger, Kind.REFUSED, 2, 1), evidence=evidence(0.7)))
    by_hand = entry(ledger, Kind.PROMOTED, 2, 2)
    ledger.decide(replace(by_hand, key="by hand", evidence={"by": "Ada"}))
    bar = bars(ledger, pipeline, night(9))["log_loss"]
    assert bar.promised == pytest.approx(0.3)
    assert bar.pledges[-1].since == night(2)
