"""What a challenger must show before it may serve."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from config.values import Frozen, Metric, Name, Scalar, Share


class Slice(Frozen):
    """One declared column whose groups are compared one by one."""

    critical: bool = Field(True, description="a loss in a group blocks; otherwise it is told")
    margin: float | None = Field(None, ge=0, description="default: gate.slice_margin")


def _from_list(value: Any) -> Any:
    return {name: {} for name in value} if isinstance(value, list | tuple) else value


Slices = Annotated[dict[str, Slice], BeforeValidator(_from_list)]
"""In YAML `[carrier, origin]` is short for `{carrier: {}, origin: {}}`."""


class Fairness(Frozen):
    """How far groups of the pipeline's sensitive columns may lie apart."""

    measure: Literal["selection_rate", "true_positive_rate", "false_positive_rate"] = (
        "true_positive_rate"
    )
    max_gap: Share = Field(0.1, description="largest difference between two groups")
    threshold: Share = Field(0.5, description="probability from which the answer is yes")
    min_group_rows: int = Field(100, ge=1, description="that count for the measure")


class Churn(Frozen):
    """How many answers may change for no reason but chance."""

    threshold: Share = Field(0.5, description="probability from which the answer is yes")
    max_over_noise: float = Field(
        3.0, ge=1, description="times the flips between two fits that differ in their seed alone"
    )


class Serving(Frozen):
    """What answering may cost; none: not judged."""

    max_latency_ms: float | None = Field(None, gt=0, description="95th percentile, one row")
    max_size_mb: float | None = Field(None, gt=0, description="of the model's file")
    max_memory_mb: float | None = Field(None, gt=0, description="to load it and answer")
    max_slowdown: float | None = Field(None, ge=1, description="times the champion's latency")


class Behaviour(Frozen):
    """What must happen to answers when one input changes and all else stays."""

    column: Name = Field(description="a model input")
    to: Scalar = Field(None, description="set it to this")
    by: float | None = Field(None, description="add this to it")
    expect: Literal["same", "up", "down"]
    tolerance: Share = Field(0.0, description="probability by which an answer may stray")
    min_share: Share = Field(1.0, description="of the rows that have to obey")

    @model_validator(mode="after")
    def _changes_one_way(self) -> "Behaviour":
        if (self.to is None) == (self.by is None):
            raise ValueError("give exactly one of `to` (a value) and `by` (a number to add)")
        return self


class Golden(Frozen):
    """What the rows that a person pinned must show."""

    margin: float = Field(0.01, ge=0, description="in units of the gate's metric")
    required: bool = Field(False, description="without a pinned set nothing is promoted")


class Probation(Frozen):
    """How a new champion's first days are held against what it was promoted with."""

    days: int = Field(7, ge=2, description="complete days after the promotion")
    min_rows: int = Field(500, ge=1)
    roll_back: bool = Field(False, description="return to the one before when it is shown worse")


class Gate(Frozen):
    """What a challenger must show before it may serve."""

    mode: Literal["superiority", "refresh", "point"] = Field(
        "superiority",
        description="superiority: better than the champion, with every attempt priced; "
        "refresh: not shown worse by more than margin; point: a better number, priced nothing",
    )
    metric: Metric = Field("log_loss", description="compared row by row; a proper score is steady")
    margin: float = Field(0.005, ge=0, description="in units of the gate's metric")
    alpha: Share = Field(0.05, description="chance of a promotion in a reign without a better one")
    confidence: Share = 0.95
    resamples: int = Field(2000, ge=100)
    min_rows: int = Field(1000, ge=1)
    min_per_class: int = Field(100, ge=1)
    min_days: int = Field(5, ge=2)
    floors: dict[Metric, float] = Field({}, description="fixed bars")
    max_calibration_error: Share = 0.1
    slices: Slices = Field({}, description="columns whose groups are compared")
    slice_margin: float = Field(0.03, ge=0)
    min_slice_rows: int = Field(300, ge=1)
    weak_slices: bool = Field(True, description="look for groups in which the challenger is weak")
    fairness: Fairness | None = None
    churn: Churn | None = None
    serving: Serving = Serving()
    behaviour: dict[Name, Behaviour] = Field({}, description="tests by name")
    golden: Golden = Golden()
    promotions_a_week: int = Field(3, ge=1, description="by the gate; a person is not counted")
    probation: Probation = Probation()

    @model_validator(mode="after")
    def _compares_by_a_mean_of_losses(self) -> "Gate":
        if self.mode == "superiority" and self.metric == "roc_auc":
            raise ValueError(
                "mode superiority needs a metric that is a mean of row losses: set metric to "
                "log_loss or brier (roc_auc is none), or mode to refresh"
            )
        return self
