"""One look at what a promotion delivered: honest ones are seldom called worse, bad ones are."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from config.load import Definition
from tasks.evaluation.delivered import delivered
from tests.evaluation.hearings import definition

DAYS, A_DAY, WORLDS = 7, 120, 200


@dataclass(frozen=True)
class Answers:
    """A model that answers what is written in a column."""

    column: int

    def predict_proba(self, inputs: pd.DataFrame) -> np.ndarray:
        answers = inputs["amount"].to_numpy() if self.column else inputs["store"].to_numpy()
        given = np.asarray(answers, dtype=np.float64)
        return np.column_stack([1 - given, given])


def world(seed: int, error: float) -> pd.DataFrame:
    """Labels of unlike days; `amount` holds the new model's answers, `store` the old one's."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(DAYS), A_DAY)
    odds = rng.normal(-1, 0.5, DAYS)[day] + rng.normal(0, 1, len(day))

    def answers(noise: float) -> np.ndarray:
        suits = rng.normal(0, 0.3, DAYS)[day]
        return 1 / (1 + np.exp(-(odds + suits + rng.normal(0, noise, len(day)))))

    return pd.DataFrame(
        {
            "day": [f"2024-01-{1 + n:02d}" for n in day],
            "late": rng.uniform(size=len(day)) < 1 / (1 + np.exp(-odds)),
            "amount": answers(0.5 + error),
            "store": answers(0.5),
        }
    )


def called_worse(rules: Definition, error: float) -> float:
    """The share of worlds in which the whole interval lies below 0."""
    new, old = Answers(1), Answers(0)
    leads = (delivered(rules, world(seed, error), new, old) for seed in range(WORLDS))
    return float(np.mean([lead.high < 0 for lead in leads]))


@pytest.fixture(scope="module")
def rules() -> Definition:
    return definition()


def test_an_honest_promotion(rules: Definition) -> None:
    """Equally good, it is called worse in at most 1 - confidence of the worlds."""
    assert called_worse(rules, error=0.0) <= 1 - rules.pipeline.gate.confidence


def test_a_bad_promotion(rules: Definition) -> None:
    """Clearly worse, it is called so in most worlds."""
    assert called_worse(rules, error=1.2) >= 0.9


def test_better_is_positive(rules: Definition) -> None:
    """The lead is the promoted model's, whichever way the metric points."""
    rows = world(1, error=1.2)
    assert delivered(rules, rows, Answers(0), Answers(1)).low > 0
