"""What a policy came to: its metrics, by week and overall, and what it took to get there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.schema import Pipeline
from config.values import Metric
from config.watch import Costs
from tasks.backtest.arms import Lived
from tasks.backtest.daily import Days, Means, Statistic, means, statistic
from tasks.errors import Terminal
from tasks.evaluation.metrics import Floats, measure
from tasks.evaluation.spending import spent
from tasks.predictions.log import question_names

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """The answered questions that all arms share: names (n,), labels (n,), days (n,) from 0."""

    names: "pd.Index[str]"
    y: npt.NDArray[np.bool_]
    days: Days
    dates: tuple[date, ...]
    """The date of each day that has an answer; numbers count these."""

    @property
    def rows(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Week:
    """A metric over seven days, the first of which is `first`."""

    first: date
    rows: int
    value: float


@dataclass(frozen=True)
class Bill:
    """What an arm cost over the period, in the pipeline's currency."""

    errors: float
    retrains: float
    promotions: float

    @property
    def total(self) -> float:
        return self.errors + self.retrains + self.promotions


@dataclass(frozen=True, eq=False)
class Score:
    """An arm's answers, measured. `p` are its probabilities (n,) for the shared questions."""

    lived: Lived
    asked: Asked
    pipeline: Pipeline
    p: Floats

    @property
    def name(self) -> str:
        return self.lived.arm.name

    @property
    def called(self) -> str:
        """The first of its names, where several say the same."""
        return self.name.split(" = ", maxsplit=1)[0]

    @property
    def is_policy(self) -> bool:
        """Whether it could be chosen; the others are references."""
        return self.lived.arm.gated

    @cached_property
    def measured(self) -> Mapping[Metric, float]:
        """The pipeline's metric and the gate's, over all answers."""
        wanted: tuple[Metric, ...] = (self.pipeline.metric, self.pipeline.gate.metric)
        return {metric: measure(metric, self.asked.y, self.p) for metric in wanted}

    @property
    def value(self) -> float:
        """The pipeline's metric over all answers: prequential, each given before its label."""
        return self.measured[self.pipeline.metric]

    @cached_property
    def daily(self) -> Statistic:
        """The pipeline's metric by day."""
        return statistic(self.pipeline.metric, self.asked.y, self.p, self.asked.days)

    @cached_property
    def running(self) -> Floats:
        """The metric over all answers up to each day, (days,)."""
        return self.daily.weighted(np.tril(np.ones((self.daily.days, self.daily.days))))

    @cached_property
    def weeks(self) -> tuple[Week, ...]:
        """The metric of each seven days since the first; nan where it is undefined."""
        first = self.asked.dates[0]
        number = np.array([(day - first) // _WEEK for day in self.asked.dates])[self.asked.days]
        found = []
        for each in np.unique(number):
            rows = number == each
            value = measure(self.pipeline.metric, self.asked.y[rows], self.p[rows])
            found.append(Week(first + int(each) * _WEEK, int(rows.sum()), value))
        return tuple(found)

    @cached_property
    def bill(self) -> Bill | None:
        """What errors, retrains and promotions cost; None where no costs are configured."""
        costs = self.pipeline.costs
        if costs is None:
            return None
        return Bill(
            float(spent(costs, self.asked.y, self.p).sum()),
            costs.retrain * self.lived.retrains,
            costs.promotion * self.lived.promotions,
        )

    @property
    def cost(self) -> float:
        """What an answer cost, retrains and promotions included; nan without costs."""
        return self.bill.total / self.asked.rows if self.bill else math.nan

    def errors_by_day(self, costs: Costs) -> Means:
        """What an answer's errors cost, by day."""
        return means(spent(costs, self.asked.y, self.p), self.asked.days)


def scores(pipeline: Pipeline, lives: Sequence[Lived]) -> list[Score]:
    """Every arm that lived to the end, on the questions that all of them answered.

    Each is measured as `pipeline` says, whatever the arm's own definition does. Raises `Terminal`
    when no question was answered by all of them.
    """
    whole = [each for each in lives if not each.error]
    named = [_named(pipeline, each.answers) for each in whole]
    shared = named[0].index if named else pd.Index([])
    for frame in named[1:]:
        if not shared.equals(frame.index):
            shared = shared[shared.isin(frame.index)]
    if not len(shared):
        ended = "; ".join(f"{each.arm.name}: {each.error}" for each in lives if each.error)
        raise Terminal(
            f"no question was answered by all of {len(whole)} arms and has a label"
            f"{f' ({ended})' if ended else ''}: begin later, or end later"
        )
    asked = _asked(named[0].loc[shared])
    return [
        Score(lived, asked, pipeline, frame.loc[shared, "probability"].to_numpy(np.float64))
        for lived, frame in zip(whole, named, strict=True)
    ]


def _named(pipeline: Pipeline, answers: pd.DataFrame) -> pd.DataFrame:
    return answers.set_index(question_names(answers[list(pipeline.question.key)]))


def _asked(rows: pd.DataFrame) -> Asked:
    days, numbered = np.unique(rows["day"].to_numpy(str), return_inverse=True)
    return Asked(
        rows.index,
        rows["label"].to_numpy() == 1,
        numbered.astype(np.intp),
        tuple(date.fromisoformat(day) for day in days),
    )
