"""What a gate looks at: one set of rows, and what everybody said about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from config.gate import Gate
from config.values import Metric
from tasks.evaluation.intervals import Resampling, Sample, paired_difference
from tasks.records import Bet, Interval

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pinned:
    """Answers on the rows that a person pinned, n of them: labels, days, and who said what.

    `reference` are the answers of the last version that a person approved, or of the first
    champion; it is None, as `champion` is, when there is no such version.
    """

    version: int
    y: npt.NDArray[np.bool_] | npt.NDArray[np.int8]
    days: npt.NDArray[np.int64]
    challenger: Scores
    champion: Scores | None = None
    reference: Scores | None = None
    reference_version: int | None = None


@dataclass(frozen=True)
class Trial:
    """Rows that no model has seen, n of them, with every contender's probabilities.

    `y` are labels, true or false; `days` proleptic ordinals (`date.toordinal`) of each row, as
    are the `*_through` days, the last that a model was trained on. `champion_version` without
    `champion` scores is a fault, not a first model. `slices` are values by column name.
    `used_digests` name the rows that were trained or selected on, `holdout_digest` these rows.
    `sensitive` are values by column name, as `slices` are. `bets` are those of the champion's
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
        trial = self.trial
        chosen = np.ones(self.rows, dtype=bool) if rows is None else rows
        return paired_difference(
            Sample(trial.y[chosen], trial.challenger[chosen], trial.days[chosen]),
            reference[chosen],
            self.metric,
            Resampling(self.gate.resamples, self.gate.confidence),
        )
