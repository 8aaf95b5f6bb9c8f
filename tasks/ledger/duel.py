"""What a challenger and its champion did on the same rows: all that pages about them tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from config.schema import Pipeline
from config.values import Metric
from tasks.evaluation.calibration import Bin
from tasks.evaluation.hearing import Measured, Shipped
from tasks.records import (
    Bet,
    Check,
    Failure,
    Fit,
    Importance,
    Interval,
    ModelVersion,
    Severity,
    Snapshot,
    Status,
    Verdict,
)

CHALLENGER, CHAMPION = "challenger", "champion"


@dataclass(frozen=True)
class Rows:
    """Rows of some days, by digest."""

    digest: str
    rows: int
    positives: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Stake:
    """A bet, and the wealth after it."""

    bet: Bet
    wealth: float


@dataclass(frozen=True)
class Part:
    """A group of rows as its check saw it; both values of the metric are nan where unknown."""

    name: str
    rows: int
    lead: Interval
    challenger: float
    champion: float
    check: Check


@dataclass(frozen=True)
class Calibration:
    """Bins of similar probability, and the expected calibration error."""

    bins: tuple[Bin, ...]
    error: Interval


@dataclass(frozen=True)
class Point:
    """One row: what the champion said and what the challenger says."""

    champion: float
    challenger: float
    flipped: str
    """`gained`, `lost`, or empty where both stand on the same side of the threshold."""


@dataclass(frozen=True)
class Shift:
    """How answers changed: counts over all rows, points for some of them.

    A gained answer is right now and was wrong, a lost one (a negative flip; Yan et al., Positive-
    Congruent Training, CVPR 2021) is wrong now and was right. `moved` is the mean absolute change.
    """

    rows: int
    threshold: float
    gained: int
    lost: int
    moved: float
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Duel:
    """One judged challenger: everything that its comparison page and its card are made of.

    `lead` is by how much it is better than the champion, on the gate's metric. `golden` are
    values of that metric on the pinned rows, `beside` are checks that the gate did not count.
    Mappings are by contender.
    """

    pipeline: Pipeline
    version: ModelVersion
    champion: int | None
    why: str
    verdict: Verdict
    challenger: Fit
    attempts: tuple[Fit | Failure, ...]
    measured: Measured
    lead: Interval
    shipped: Shipped | None
    beside: tuple[Check, ...]
    stakes: tuple[Stake, ...]
    parts: tuple[Part, ...]
    calibration: Mapping[str, Calibration]
    shift: Shift | None
    importances: Mapping[str, tuple[Importance, ...]]
    golden: Mapping[str, Interval]
    golden_version: int | None
    training: Rows
    holdout: Rows
    snapshot: Snapshot
    config_hash: str
    code: str

    @property
    def name(self) -> str:
        """`v8 (boosting)`."""
        return f"v{self.version.number} ({self.version.candidate})"

    @property
    def against(self) -> str:
        """Whom it met."""
        return "no champion yet" if self.champion is None else f"champion v{self.champion}"

    @property
    def checks(self) -> tuple[Check, ...]:
        """The gate's, and those beside it."""
        return self.verdict.checks + self.beside

    @property
    def standings(self) -> Mapping[str, Mapping[Metric, Interval]]:
        """What was measured: challenger, champion, and then the baselines by name."""
        first = [name for name in (CHALLENGER, CHAMPION) if name in self.measured]
        names = [*first, *sorted(set(self.measured) - set(first))]
        return {name: self.measured[name] for name in names}

    @property
    def ships(self) -> str:
        """Which fit is registered."""
        if self.shipped is None:
            return f"the evaluated fit, trained through {self.version.trained_through}"
        refitted = self.shipped.fit.folder != self.challenger.folder
        which = "its refit on all days" if refitted else "the evaluated fit, not its refit"
        return f"{which}, trained through {self.shipped.trained_through}"

    @property
    def label(self) -> Mapping[str, str]:
        """What a reader calls a contender; baselines keep their names."""
        champion = CHAMPION if self.champion is None else f"champion v{self.champion}"
        return {CHALLENGER: f"challenger v{self.version.number}", CHAMPION: champion}


def stood_in_the_way(check: Check) -> str:
    """Under which heading a check is told: what it means for the challenger."""
    if check.status is Status.PASS:
        return "Passed"
    if check.status is Status.NOT_APPLICABLE:
        return "Not applicable"
    return {
        Severity.BLOCKING: "Stood in the way",
        Severity.WARNING: "Warnings",
        Severity.NOTE: "Notes",
    }[check.severity]
