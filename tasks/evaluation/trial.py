"""What a gate looks at: one set of rows, and what everybody said about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from config.gate import Gate
from config.values import Metric
from tasks.evaluation.intervals import Resampling, Sample, doubt, paired_difference
from tasks.records import Bet, Interval

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pinned:
    """Answers on the rows that a person pinned, n of them: labels, days, and who said what.

    `reference` are the answers of the last version that a person approved, or of the first
    champion; it is None, as `champion` is, when there is no such version, or when it cannot
    answer them. `metric` is the pipeline's own. `lacking` names what today's models need and the
    rows do not have; `reused` counts the rows that the challenger was trained on.
    """

    version: int
    y: npt.NDArray[np.bool_] | npt.NDArray[np.int8]
    days: npt.NDArray[np.int64]
    challenger: Scores
    champion: Scores | None = None
    reference: Scores | None = None
    reference_version: int | None = None
    metric: Metric | None = None
    lacking: tuple[str, ...] = ()
    reused: int = 0


@dataclass(frozen=True)
class Trial:
    """Rows that no model has seen, n of them, with every contender's probabilities.

    `y` are labels, true or false; `days` proleptic ordinals (`date.toordinal`) of each row, as
    are the `*_through` days, the last that a model was trained on. `champion_version` without
    `champion` scores is a fault, not a first model. `slices` are values by column name.
    `used_digests` name the rows that were trained or selected on, `holdout_digest` these rows.
    `sensitive` are values by column name, as `slices` are; `inputs` the rows as models and groups
    see them, with a frame's column each for inputs and context. `bets` are those of the champion's
    reign, oldest first; `golden` is None when nothing is pinned.
    """

    y: npt.NDArray[np.bool_] | npt.NDArray[np.int8]
    days: npt.NDArray[np.int64]
    challenger: Scores
    challenger_through: int
    champion: Scores | None = None
    champion_version: int | None = None
    champion_through: int | None = None
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    slices: Mapping[str, npt.NDArray[np.str_] | npt.NDArray[np.object_]] = field(
        default_factory=dict
    )
    sensitive: Mapping[str, npt.NDArray[np.str_] | npt.NDArray[np.object_]] = field(
        default_factory=dict
    )
    inputs: pd.DataFrame | None = None
    bets: tuple[Bet, ...] = ()
    golden: Pinned | None = None
    holdout_digest: str = ""
    used_digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """A trial with the rules to judge it by."""

    trial: Trial
    gate: Gate
    metric: Metric

    @property
    def rows(self) -> int:
        return len(self.trial.y)

    @property
    def day_count(self) -> int:
        return len(np.unique(self.trial.days))

    def lead(self, reference: Scores, rows: npt.NDArray[np.bool_] | None = None) -> Interval:
        """By how much the challenger is better than the reference, on some of the rows."""
        chosen = np.ones(self.rows, dtype=bool) if rows is None else rows
        return paired_difference(self._said(chosen), reference[chosen], self.metric, self.plan)

    def doubt(self, reference: Scores, margin: float, rows: npt.NDArray[np.bool_]) -> float:
        """p-value of the challenger being worse on these rows by no more than the margin."""
        return doubt(self._said(rows), reference[rows], self.metric, self.plan, margin)

    @property
    def plan(self) -> Resampling:
        """How days are resampled for this gate."""
        return Resampling(self.gate.resamples, self.gate.confidence)

    def _said(self, rows: npt.NDArray[np.bool_]) -> Sample:
        trial = self.trial
        return Sample(trial.y[rows], trial.challenger[rows], trial.days[rows])
