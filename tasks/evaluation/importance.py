"""What a model leans on: how much worse its answers get when one input is shuffled."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from config.values import Metric
from tasks.evaluation.intervals import UNDEFINED, Resampling, mean
from tasks.evaluation.metrics import Floats, losses, usable
from tasks.predictions.scorer import Model
from tasks.records import Importance

Order = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Shuffling:
    """How inputs are shuffled: `answers` bounds what the model is asked for, whatever its width."""

    metric: Metric = "log_loss"
    answers: int = 24_000
    shuffles: int = 3
    seed: int = 0
    resampling: Resampling = field(default_factory=lambda: Resampling(resamples=500))

    @property
    def loss(self) -> Metric:
        """The loss of a row: the metric, or log loss for one that has no loss of a row."""
        return "log_loss" if self.metric == "roc_auc" else self.metric


def importances(
    model: Model,
    inputs: pd.DataFrame,
    y: npt.ArrayLike,
    days: npt.ArrayLike,
    plan: Shuffling | None = None,
) -> tuple[Importance, ...]:
    """By how much the mean loss rises when a column of `inputs` (n, columns) is shuffled.

    Permutation importance (Breiman, Machine Learning 45, 2001) as the model reliance of Fisher,
    Rudin and Dominici (JMLR 20, 2019), the difference of the two losses; largest first. Labels `y`
    (n,) are true or false, `days` (n,) say which rows share a day. On a sample of the rows,
    spread evenly over the days; every shuffle gives each row the value of another one.

    The limits cover the model reliance of this one fitted model over days like these, as
    resampling whole days shows it; they say nothing of what another fit would lean on. A row
    counts twice, as the one asked about and as the one that lends its value (Hajek's projection
    of a U-statistic, as in Fisher et al.). In simulated worlds of 10 days, 95 % limits covered
    96-98 %, and 85 % for an input that is nearly the same all day, as weather is; with rows
    counted once, 91-94 % and 70 %.

    It cannot tell inputs apart that say the same: a model that has two of them loses little with
    either shuffled, and both look dispensable. Shuffling also asks about rows that do not occur,
    such as snow in July. And it tells what the model uses, not what causes the label. nan where
    the model's answers are no probabilities.
    """
    plan = plan or Shuffling()
    truth, when = np.asarray(y).astype(bool), np.asarray(days)
    if not len(inputs) == len(truth) == len(when):
        raise ValueError(f"{len(inputs)} rows, {len(truth)} labels and {len(when)} days")
    rows = _sampled(when, plan, inputs.shape[1])
    if len(rows) < 2:
        return tuple(Importance(str(name), UNDEFINED) for name in inputs)
    truth, when = truth[rows], when[rows]
    lenders = _lenders(len(rows), plan)
    found = _rises(model, inputs.iloc[rows], truth, lenders, plan.loss)
    made = [
        Importance(str(name), mean(_by_row(rises, lenders), when, plan.resampling))
        for name, rises in zip(inputs, found, strict=True)
    ]
    return tuple(sorted(made, key=_by_loss))


def _sampled(days: npt.NDArray[np.generic], plan: Shuffling, columns: int) -> Order:
    """Row numbers, in order: as many of each day as its share of all, chosen at random."""
    most = max(2, plan.answers // max(1, plan.shuffles * columns))
    if len(days) <= most:
        return np.arange(len(days))
    by_day = np.lexsort((np.random.default_rng(plan.seed).random(len(days)), days))
    return np.sort(by_day[np.linspace(0, len(days) - 1, most).astype(np.intp)])


def _lenders(rows: int, plan: Shuffling) -> list[Order]:
    """For each shuffle, whose value a row gets: never its own, and another one in each."""
    circle = np.random.default_rng(plan.seed + 1).permutation(rows)
    made = []
    for step in range(1, min(plan.shuffles, rows - 1) + 1):
        lender = np.empty(rows, dtype=np.intp)
        lender[circle] = np.roll(circle, -step)
        made.append(lender)
    return made


def _rises(
    model: Model,
    inputs: pd.DataFrame,
    y: npt.NDArray[np.bool_],
    lenders: list[Order],
    metric: Metric,
) -> Floats:
    """By how much a row's loss rises: (columns, shuffles, rows), all from one question."""
    rows, shuffles, columns = len(inputs), len(lenders), inputs.shape[1]
    own = np.tile(np.arange(rows), 1 + columns * shuffles)
    asked = {}
    for number, name in enumerate(inputs):
        taken = own.copy()
        first = rows * (1 + number * shuffles)
        taken[first : first + rows * shuffles] = np.concatenate(lenders)
        asked[name] = inputs[name].iloc[taken].reset_index(drop=True)  # keeps its type
    with threadpool_limits(limits=1):  # threads that wait for a busy core cost ten times the work
        answers = model.predict_proba(pd.DataFrame(asked))[:, 1]
    if not usable(answers):
        return np.full((columns, shuffles, rows), np.nan)
    each = losses(metric, np.tile(y, 1 + columns * shuffles), answers).reshape(-1, rows)
    return np.asarray((each[1:] - each[0]).reshape(columns, shuffles, rows))


def _by_row(rises: Floats, lenders: list[Order]) -> Floats:
    """What each row adds, asked about and lending, to a mean rise: (shuffles, rows) to (rows,)."""
    lent = np.empty_like(rises)
    for shuffle, lender in enumerate(lenders):
        lent[shuffle, lender] = rises[shuffle]
    return np.asarray(rises.mean(axis=0) + lent.mean(axis=0) - rises.mean())


def _by_loss(found: Importance) -> tuple[bool, float, str]:
    return math.isnan(found.loss.value), -found.loss.value, found.column
