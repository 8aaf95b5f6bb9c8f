"""A stream of orders whose labels somebody begins to flip, and models that learn from it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from config.load import Definition
from tasks.evaluation import gate
from tasks.evaluation.contest import Beside, Champion
from tasks.evaluation.golden import pinned
from tasks.evaluation.trial import Trial
from tasks.features.golden import GoldenSet
from tasks.features.pinning import Pinning
from tasks.models.estimators import fitted
from tasks.predictions.scorer import Model
from tasks.records import ModelVersion, Verdict
from tests.shop import day, night

ROWS_A_DAY = 300
TARGET = "shoes"
"""The category whose labels are flipped."""


def orders(seed: int, first: int, last: int, flipped: float = 0.0) -> pd.DataFrame:
    """Rows of the nth to the mth day as a cohort has them, `flipped` of the target's labels."""
    random = np.random.default_rng([seed, first])
    days = np.repeat(np.arange(first, last + 1), ROWS_A_DAY)
    rows = len(days)
    amount = np.clip(random.lognormal(np.log(50), 0.6, rows), 5, 500)
    category = random.choice(["shoes", "books", "toys"], rows)
    logit = 2.5 * np.log(amount / 50) + 1.6 * (category == TARGET) - 0.5
    truth = random.random(rows) < 1 / (1 + np.exp(-logit))
    flips = (category == TARGET) & (random.random(rows) < flipped)
    return pd.DataFrame(
        {
            "order_id": [f"{seed}-{number}-{n}" for n, number in enumerate(days)],
            "day": [day(int(number)).isoformat() for number in days],
            "amount": amount,
            "items": random.integers(1, 6, rows).astype(float),
            "hour": random.integers(8, 20, rows).astype(float),
            "store_return_share": 0.4,
            "category": pd.Series(category, dtype=object),
            "store": pd.Series(random.choice(["north", "west"], rows), dtype=object),
            "returned": (truth ^ flips).astype("int8"),
        }
    )


@dataclass(frozen=True)
class Attack:
    """A shop with a golden set of 20 clean days, pinned before anything happened."""

    definition: Definition
    seed: int

    @property
    def golden(self) -> GoldenSet:
        return _golden(self.seed)

    def model(self, training: pd.DataFrame) -> Model:
        """What the shop's boosting learns from some rows."""
        pipeline = self.definition.pipeline
        inputs = training[list(pipeline.features.columns)]
        labels = training[pipeline.label.name].to_numpy()
        with threadpool_limits(1):  # threads that wait for each other cost more than they save
            found: Model = fitted(
                pipeline.candidates["boosting"], pipeline.features, inputs, labels
            )
        return found

    def trial(
        self, training: pd.DataFrame, holdout: pd.DataFrame, champion: Champion, beside: Beside
    ) -> Trial:
        """A challenger fitted on some rows, judged on later ones of the same stream."""
        with threadpool_limits(1):
            return self._trial(training, holdout, champion, beside)

    def _trial(
        self, training: pd.DataFrame, holdout: pd.DataFrame, champion: Champion, beside: Beside
    ) -> Trial:
        model = self.model(training)
        inputs = holdout[list(self.definition.pipeline.features.columns)]
        return Trial(
            y=holdout["returned"].to_numpy().astype(bool),
            days=np.array([pd.Timestamp(each).toordinal() for each in holdout["day"]]),
            challenger=model.predict_proba(inputs)[:, 1],
            challenger_through=pd.Timestamp(training["day"].max()).toordinal(),
            champion=champion.model.predict_proba(inputs)[:, 1],
            champion_version=champion.version.number,
            champion_through=champion.version.trained_through.toordinal(),
            slices={"store": holdout["store"].to_numpy()},
            inputs=inputs,
            golden=pinned(self.definition, training, model, champion, beside),
        )

    def judged(self, trial: Trial, with_golden: bool = True) -> Verdict:
        """What the shop's gate says, with the golden set or as if there were none."""
        rules = self.definition.pipeline.gate
        return gate.judge(
            trial if with_golden else replace(trial, golden=None), rules, rules.metric
        )


def version(number: int, model: Model, through: int) -> Champion:
    """A version that serves or has served."""
    known = ModelVersion("shop", number, "f00d", "models:/shop", {}, "boosting", day(through))
    return Champion(known, model)


@cache
def _golden(seed: int) -> GoldenSet:
    frame = orders(seed + 1000, 1, 20)
    return GoldenSet(
        Pinning(
            pipeline="shop",
            number=1,
            content="",
            columns=tuple(map(str, frame)),
            rows=len(frame),
            first_day=day(1),
            last_day=day(20),
            by="Ada",
            reason="before the new feed",
            as_of=night(day(20)) + timedelta(days=2),
            recorded_at=night(day(22)),
        ),
        frame,
    )
