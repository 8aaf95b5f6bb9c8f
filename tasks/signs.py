"""What watching finds: readings of the clocks, signals of drift, causes, and what came of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from tasks.records import Interval


class Clock(StrEnum):
    """How it is known how good the answers are."""

    REALISED = "realised"
    """On days whose labels are complete."""
    SO_FAR = "so far"
    """On labels that have arrived, weighted by how likely they were to have arrived."""
    ESTIMATED = "estimated"
    """From the probabilities alone."""


@dataclass(frozen=True)
class Reading:
    """What a clock says of one version on a window of days; nan, with a reason, where undefined.

    `baseline` is the metric of the model-free answer (the label's share) on the same rows.
    """

    pipeline: str
    clock: Clock
    as_of: datetime
    version: int | None
    metric: str
    first_day: date
    last_day: date
    rows: int
    labels: int
    measured: Interval
    baseline: float
    method: str
    reason: str = ""


@dataclass(frozen=True)
class Scored:
    """An earlier reading beside what turned out on the same rows."""

    reading: Reading
    truth: float

    @property
    def held(self) -> bool:
        """Whether the interval contained it."""
        return self.reading.measured.low <= self.truth <= self.reading.measured.high


@dataclass(frozen=True)
class Track:
    """How a clock's past readings of a metric came out; `coverage` is nan before the first."""

    clock: Clock
    metric: str
    scored: int
    held: int
    mean_absolute_error: float

    @property
    def coverage(self) -> float:
        return self.held / self.scored if self.scored else math.nan

    def proves(self, min_scored: int, min_coverage: float) -> bool:
        """Whether enough past intervals were scored, and enough of those held."""
        return self.scored >= min_scored and self.coverage >= min_coverage


FEATURE = "feature "
"""What the names of streams of model inputs begin with."""


class Reference(StrEnum):
    """What a day is compared with."""

    TRAINING = "training window"
    PREVIOUS = "previous window"
    SEASON = "same season"


@dataclass(frozen=True)
class Signal:
    """One stream's day beside one reference.

    `p` is the day's p-value, `e` the e-value it is turned into, `evidence` the e-CUSUM after the
    day; `effect` is how far the latest days are from the reference and `floor` what is too little
    to matter, both in the unit that `unit` names. nan, with a reason, where undefined.
    `since` is the first day of the run that the evidence has grown over.
    """

    day: date
    reference: Reference
    stream: str
    rows: int
    p: float
    e: float
    evidence: float
    since: date
    effect: float
    floor: float
    unit: str
    weight: float
    alarmed: bool = False
    """Whether the stream's alarm was raised on this day."""
    standing: bool = False
    """Whether an alarm raised on this day or before is still up."""
    reason: str = ""
    measure: str = ""
    """What moved most: "missing", "unseen", "rank", a category."""


class Route(StrEnum):
    """What is thought to be behind a drop or a shift, by what has to be done about it."""

    NOTHING = "nothing to do"
    BROKEN_DATA = "broken data"
    """Quarantine and alert; never a retrain."""
    LABELS = "labels"
    """Their number or delay has moved: wait for them."""
    COVARIATE = "covariate shift"
    CONCEPT = "concept drift"
    UNEXPLAINED = "unexplained drop"

    @property
    def retrains(self) -> bool:
        """Whether a retrain may help."""
        return self in (Route.COVARIATE, Route.CONCEPT, Route.UNEXPLAINED)


@dataclass(frozen=True)
class Routed:
    """A route with what it was chosen on, and what a retrain should be run with."""

    route: Route
    reason: str
    evidence: Mapping[str, float | str] = field(default_factory=dict)
    suggested: Mapping[str, int | str] = field(default_factory=dict)


class Why(StrEnum):
    """Why a retrain was, or was not, asked for at a moment: nothing else is ever answered."""

    NO_CHAMPION = "no champion yet"
    DROPPED = "performance dropped"
    SHIFTED = "inputs shifted and the estimate fell"
    OLD = "champion too old"
    SCHEDULED = "its schedule asks"
    ARRIVED = "new data has arrived"
    HOLDS = "champion holds its promise"
    UNDEFINED = "too few labels to tell"
    IN_DOUBT = "a drop, but not beyond doubt"
    NOT_OFTEN_ENOUGH = "a drop, but not on enough nights"
    UNPROVEN = "a drop on a clock that has not proved itself"
    BROKEN_DATA = "broken data, no matter for a retrain"
    WAITS_FOR_LABELS = "waits for labels"
    NOT_WORTH_IT = "a retrain costs more than the drop"
    TOO_FEW_DAYS = "too few complete days to train on"
    COOLING_DOWN = "cooling down after a retrain"
    OVER_BUDGET = "retrain budget is spent"
    DECIDED = "this moment's attempt has been decided"


@dataclass(frozen=True)
class Evaluation:
    """One answer of the trigger policy: what was asked for or not done, and on what numbers."""

    pipeline: str
    as_of: datetime
    wanted: bool
    why: Why
    reason: str
    cause: str = ""
    route: Route = Route.NOTHING
    evidence: Mapping[str, object] = field(default_factory=dict)
