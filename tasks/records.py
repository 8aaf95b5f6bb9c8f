"""Values that cross a boundary between packages. Frozen, and with their reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True)
class Delivery:
    """One file in landing: one partition of one table."""

    table: str
    partition: str
    path: str
    arrived_at: datetime
    sha256: str
    size_bytes: int

    @property
    def name(self) -> str:
        """The file's name, without folder and version."""
        return self.path.rpartition("/")[2].partition("?versionId=")[0]


class Outcome(StrEnum):
    """What became of a delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True)
class Admission:
    """A delivery's verdict: rows in the lake plus rows held are the rows delivered."""

    delivery: Delivery
    outcome: Outcome
    rows: int = 0
    held: int = 0
    code: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    table_version: int | None = None
    docs: str = ""


@dataclass(frozen=True)
class Held:
    """One row in quarantine, with every reason that held it."""

    table: str
    partition: str
    delivery: str
    row: int
    reasons: tuple[str, ...]
    payload: Mapping[str, str | None]
    held_at: datetime
    released_at: datetime | None = None


@dataclass(frozen=True)
class Snapshot:
    """Which rows a model saw: table versions, first and last day asked about, and as of when."""

    pipeline: str
    as_of: datetime
    versions: Mapping[str, int]
    first_day: date
    last_day: date
    rows: int
    digest: str


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence limits; nan where undefined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Parent:
    """The registered version that a fit went on from, and the sha256 of its model's file."""

    version: int
    digest: str


@dataclass(frozen=True)
class Fit:
    """A fitted candidate. `folder` holds `model.skops`; `folds` are selection scores by fold.

    `cold` says why a candidate with a warm start has no parent; `reused` names the attempt that it
    was fitted in, where that is an earlier one: what it cost was spent there.
    """

    candidate: str
    folder: str
    params: Mapping[str, bool | int | float | str | None]
    folds: tuple[float, ...]
    trials: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    parent: Parent | None = None
    cold: str = ""
    reused: str = ""

    @property
    def score(self) -> float:
        """Mean selection score over the folds, higher or lower as the metric says."""
        return sum(self.folds) / len(self.folds) if self.folds else float("nan")


@dataclass(frozen=True)
class Failure:
    """A candidate that did not make it, and why; the others went on. It has its price as well."""

    candidate: str
    kind: str
    reason: str
    seconds: float
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


class Status(StrEnum):
    """A check's result. No evidence is not a pass."""

    PASS = "pass"
    FAIL = "fail"
    NO_EVIDENCE = "no evidence"
    NOT_APPLICABLE = "not applicable"


_AGAINST = frozenset({Status.FAIL, Status.NO_EVIDENCE})


class Severity(StrEnum):
    """What a check that did not pass means: no promotion, a warning, or a note beside the rest."""

    BLOCKING = "blocking"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Check:
    """One gate: `code` is stable, `reason` is a sentence, `numbers` are what it was decided on."""

    code: str
    title: str
    status: Status
    reason: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    severity: Severity = Severity.BLOCKING

    @property
    def blocks(self) -> bool:
        """Whether this check alone keeps a challenger from serving."""
        return self.severity is Severity.BLOCKING and self.status in _AGAINST


class Choice(StrEnum):
    """What a gate says."""

    PROMOTE = "PROMOTE"
    KEEP = "KEEP"
    UNDECIDED = "UNDECIDED"


_DECIDING = ("wealth", "champion")


@dataclass(frozen=True)
class Verdict:
    """A gate's answer with every check behind it."""

    choice: Choice
    checks: tuple[Check, ...]
    labels_needed: int = 0

    @property
    def reason(self) -> str:
        """Why, in one sentence: the blocking checks, or the gate's own number."""
        against = [check for check in self.checks if check.blocks]
        told = against or [c for c in self.checks if c.code in _DECIDING] or self.checks[:1]
        return "; ".join(check.reason for check in told)


@dataclass(frozen=True)
class Bet:
    """One day's comparison of the newest challenger with the champion, placed once in a reign.

    `lead` is the mean over the day's rows of champion's loss minus challenger's, in units of the
    gate's metric: positive where the challenger is better. `scale` is what a usual daily lead
    comes to, known before the day.
    """

    day: date
    challenger: int
    rows: int
    lead: float
    scale: float


@dataclass(frozen=True)
class Importance:
    """By how much the metric suffers when one input is shuffled; with its interval."""

    column: str
    loss: Interval


@dataclass(frozen=True)
class ModelVersion:
    """A registered model: where it is, what every byte of it must be, and what it saw."""

    pipeline: str
    number: int
    run_id: str
    uri: str
    manifest: Mapping[str, str]
    candidate: str
    trained_through: date


class Kind(StrEnum):
    """Decisions in the ledger."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    EXPIRED = "expired"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True)
class Decision:
    """One row of the ledger; `champion` is who serves after it, none before the first."""

    pipeline: str
    sequence: int
    kind: Kind
    as_of: datetime
    key: str
    version: int
    champion: int | None
    reason: str
    evidence: Mapping[str, object]
    previous_hash: str
    hash: str

    @property
    def judged(self) -> bool:
        """Whether a challenger was judged, by the gate; a person's promotion is no attempt."""
        return self.kind is not Kind.ROLLED_BACK and "by" not in self.evidence


@dataclass(frozen=True)
class Intent:
    """Something that asks for a retrain, once; `cause` makes it unique."""

    pipeline: str
    cause: str
    as_of: datetime
    evidence: Mapping[str, object]
    state: str
    outcome: str = ""


@dataclass(frozen=True)
class Performance:
    """Realised performance of the champion over days whose labels are complete."""

    pipeline: str
    as_of: datetime
    version: int | None
    first_day: date
    last_day: date
    labels: int
    metric: str
    measured: Interval
    reference: float
    dropped: bool
    reason: str


@dataclass(frozen=True)
class Promise:
    """What a champion was promoted with: its value of the metric on rows it had not seen."""

    version: int
    since: datetime
    value: float
