"""One bet a day: the newest challenger that cannot have seen the day meets the champion on it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.load import Definition
from config.values import Metric
from tasks.evaluation.contest import Champion
from tasks.evaluation.metrics import losses
from tasks.evaluation.trial import Scores, Trial
from tasks.predictions.scorer import Model
from tasks.records import Bet, ModelVersion

WORST_LOSS: Mapping[Metric, float] = {"log_loss": -math.log(0.01), "brier": 1.0}
"""The most that a row may cost, fixed beforehand. Without it one row that was certain and wrong
costs 34 nats and rules its day; with it, one row of a thousand moves a day by 0.005 at most."""


@dataclass(frozen=True)
class Contender:
    """A registered challenger, loaded; it may play days after `last_day`.

    `scale` is what a usual daily lead of it came to when it was judged.
    """

    version: ModelVersion
    model: Model
    last_day: date
    scale: float


@dataclass(frozen=True)
class Playing:
    """A contender and the rows of the days that it plays."""

    contender: Contender
    rows: pd.DataFrame


def bets(
    definition: Definition,
    rows: pd.DataFrame,
    champion: Champion,
    contenders: Sequence[Contender],
    after: date | None,
) -> tuple[Bet, ...]:
    """A bet on each day of `rows` (as in `Cohort.frame`) later than `after`, oldest first.

    Who plays follows from days alone, never from what happened on them: the newest contender
    whose last day is before. None plays a day that the champion was trained on, and days without
    a contender, or with less than their share of `gate.min_rows`, have no bet.
    """
    gate, windows = definition.pipeline.gate, definition.pipeline.windows
    seen = max(champion.version.trained_through, after or date.min).isoformat()
    counts = rows["day"].map(rows["day"].value_counts())
    due = rows[(rows["day"] > seen) & (counts >= gate.min_rows / windows.holdout_days)]
    played = [_played(definition, each, champion) for each in _playing(due, contenders)]
    return tuple(sorted((bet for each in played for bet in each), key=lambda bet: bet.day))


def usual_lead(trial: Trial, metric: Metric) -> float:
    """Root mean square of the challenger's daily leads on its holdout; nan without a champion.

    Days before any that it will bet on, so that the scale of a bet is known beforehand; and days
    as they are, so that rows of one day that are alike need no model.
    """
    if trial.champion is None or metric not in WORST_LOSS or not len(trial.y):
        return math.nan
    if not len(trial.champion) == len(trial.challenger) == len(trial.y):
        return math.nan
    leads = _leads(metric, trial.y, trial.champion, trial.challenger)
    daily = pd.Series(leads).groupby(trial.days).mean().to_numpy()
    return float(np.sqrt(np.mean(daily**2)))


def _playing(due: pd.DataFrame, contenders: Sequence[Contender]) -> Iterator[Playing]:
    ordered = sorted(contenders, key=lambda each: each.last_day)
    lasts = np.array([each.last_day.isoformat() for each in ordered], dtype=str)
    newest = np.searchsorted(lasts, due["day"].to_numpy().astype(str), side="left") - 1
    for place, contender in enumerate(ordered):
        if (newest == place).any():
            yield Playing(contender, due[newest == place])


def _played(definition: Definition, playing: Playing, champion: Champion) -> Iterator[Bet]:
    pipeline, rows, contender = definition.pipeline, playing.rows, playing.contender
    inputs = rows[list(pipeline.features.columns)]
    leads = _leads(
        pipeline.gate.metric,
        rows[pipeline.label.name].to_numpy().astype(bool),
        champion.model.predict_proba(inputs)[:, 1],
        contender.model.predict_proba(inputs)[:, 1],
    )
    for day, each in pd.Series(leads).groupby(rows["day"].to_numpy()):
        lead = float(each.mean(skipna=False))
        number = contender.version.number
        yield Bet(date.fromisoformat(str(day)), number, len(each), lead, contender.scale)


def _leads(
    metric: Metric,
    y: npt.NDArray[np.bool_] | npt.NDArray[np.int8],
    champion: Scores,
    challenger: Scores,
) -> Scores:
    """Champion's loss minus challenger's, row by row, each at most `WORST_LOSS`.

    An answer that is no probability costs the challenger the most there is, so that nobody wins by
    not answering; one of the champion's leaves the row, and its day, without a lead.
    """
    worst, truth = WORST_LOSS[metric], y.astype(bool)

    def bounded(scores: Scores, otherwise: float) -> Scores:
        answers = np.isfinite(scores) & (scores >= 0) & (scores <= 1)
        each = losses(metric, truth, np.where(answers, scores, 0.5))
        return np.where(answers, np.minimum(each, worst), otherwise)

    return bounded(champion, math.nan) - bounded(challenger, worst)
