"""Champion, frozen first model and rule side by side, month by month."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.values import Metric
from tasks.evaluation.metrics import measure

WHOLE = "whole period"
Scores = Mapping[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Line:
    """One period: rows with a label, and each contender's ROC AUC and log-loss."""

    period: str
    rows: int
    roc_auc: Mapping[str, float]
    log_loss: Mapping[str, float]


def scoreboard(
    days: "pd.Series[str]", y: npt.NDArray[np.int8], contenders: Scores
) -> tuple[Line, ...]:
    """One line a month of `days` (ISO dates, one a row), then one for the whole period.

    `contenders` are probabilities, one a row; a metric that is undefined is nan.
    """
    months = days.str.slice(0, 7).to_numpy()
    periods = [(month, months == month) for month in np.unique(months)]
    periods.append((WHOLE, np.ones(len(y), dtype=bool)))
    return tuple(_line(period, y, contenders, rows) for period, rows in periods)


def _line(
    period: str, y: npt.NDArray[np.int8], contenders: Scores, rows: npt.NDArray[np.bool_]
) -> Line:
    def by_name(metric: Metric) -> dict[str, float]:
        return {name: measure(metric, y[rows], p[rows]) for name, p in contenders.items()}

    return Line(period, int(rows.sum()), by_name("roc_auc"), by_name("log_loss"))
