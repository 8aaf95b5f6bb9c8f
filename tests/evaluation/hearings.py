"""Hearings about small frames, as if a retrain had just been judged."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from config.load import Definition
from config.schema import Candidate, Features, Label, Pipeline, Question, Table
from tasks.evaluation.hearing import Hearing
from tasks.evaluation.trial import Trial
from tasks.features.cohort import Cohort, digest
from tasks.features.splits import Split
from tasks.records import (
    Check,
    Choice,
    Failure,
    Fit,
    Interval,
    Snapshot,
    Status,
    Verdict,
)

AS_OF = datetime(2013, 3, 15, 7, tzinfo=UTC)


def definition(config_hash: str = "c0nf19") -> Definition:
    table = Table(
        deliveries="orders/*",
        partition="day",
        key=("order_id",),
        columns={
            "order_id": {"type": "string"},
            "day": {"type": "date"},
            "placed_at": {"type": "timestamp"},
            "late": {"type": "boolean"},
            "known_at": {"type": "timestamp"},
        },
    )
    pipeline = Pipeline(
        name="shop",
        title="Will it be late?",
        tables={"orders": table},
        question=Question(
            table="orders", key=("order_id",), event_time="placed_at", asked_at="placed_at"
        ),
        label=Label(name="late", table="orders", expression="late", complete_after_days=1),
        features=Features(lookback_days=1, numeric=("amount",), categorical=("store",)),
        candidates={"logistic": Candidate(estimator="sklearn.linear_model.LogisticRegression")},
    )
    return Definition(Path("shop"), pipeline, {}, "select 1", config_hash)


def frame(first: int, last: int) -> pd.DataFrame:
    """Four rows a day in March 2013."""
    days = [date(2013, 3, number).isoformat() for number in range(first, last + 1) for _ in "abcd"]
    return pd.DataFrame(
        {
            "order_id": [f"{each}-{n}" for n, each in enumerate(days)],
            "day": days,
            "amount": [float(n) for n in range(len(days))],
            "store": "north",
            "late": [n % 3 == 0 for n in range(len(days))],
        }
    )


def snapshot(as_of: datetime = AS_OF, content: str = "5na9") -> Snapshot:
    return Snapshot("shop", as_of, {"orders": 4}, date(2013, 3, 1), date(2013, 3, 12), 48, content)


def trial() -> Trial:
    """The holdout's rows before champion 1."""
    rows = frame(9, 12)
    days = np.array([date.fromisoformat(day).toordinal() for day in rows["day"]])
    half = np.full(len(rows), 0.5)
    return Trial(
        y=rows["late"].to_numpy(),
        days=days,
        challenger=half,
        challenger_through=int(days.min()) - 1,
        champion=half,
        champion_version=1,
        champion_through=int(days.min()) - 1,
    )


def hearing(choice: Choice, as_of: datetime = AS_OF, folder: str = "work/logistic") -> Hearing:
    """A challenger that was judged so."""
    training, holdout = frame(1, 8), frame(9, 12)
    status = Status.PASS if choice is Choice.PROMOTE else Status.FAIL
    worse = Check("champion", "Against the champion", status, "log_loss 0.01 better", {"low": 0.0})
    fit = Fit("logistic", folder, {"C": 1.0}, (0.71, 0.73), 4, 2.0, 1.5, 210.0)
    interval = Interval(0.72, 0.70, 0.74)
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    return Hearing(
        cohort=Cohort(definition(), pd.concat([training, holdout]), {}, snapshot(as_of)),
        split=Split(training, holdout, digest(training), digest(holdout)),
        challenger=fit,
        attempts=(fit, Failure("forest", "timeout", "not done within 60 s", 60.0)),
        trial=trial(),
        measured={
            "challenger": {"roc_auc": interval, "log_loss": interval},
            "dummy": {"roc_auc": nothing, "log_loss": interval},
        },
        verdict=Verdict(choice, (worse,), labels_needed=0 if choice is Choice.PROMOTE else 120),
        reason="champion is old",
    )
