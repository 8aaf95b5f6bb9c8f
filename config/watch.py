"""What a definition says about watching: clocks, triggers, drift, and what errors cost."""

from typing import Literal

from pydantic import Field, model_validator

from config.values import Frozen, Metric, Name


class Trigger(Frozen):
    """When a reading of a clock counts as a drop that asks for a retrain."""

    metric: Metric | None = Field(None, description="none: the pipeline's")
    clock: Literal["realised", "so far", "estimated"] = "realised"
    drop: float | None = Field(
        None, gt=0, description="below the bar; none: watch.max_drop. Of skill: a share of it"
    )
    against: Literal["promise", "skill"] = Field(
        "promise",
        description=(
            "promise: the champion's own value when it was judged; skill: the best skill over "
            "a model-free answer that was promised in bar_days, by whichever champion"
        ),
    )
    nights: int = Field(1, ge=1, description="of the last `of` readings, the latest among them")
    of: int = Field(1, ge=1)
    bar_days: int = Field(180, ge=1)

    @model_validator(mode="after")
    def _can_be_met(self) -> "Trigger":
        if self.nights > self.of:
            raise ValueError(f"nights {self.nights} of {self.of} can never be met")
        return self


class Drift(Frozen):
    """How often an alarm about the inputs may be false, and what it is compared with."""

    false_alarm_days: int = Field(
        90, ge=2, description="one false alarm in so many days, over all streams of a pipeline"
    )
    reference_days: int = Field(28, ge=8, description="length of the previous window")
    least_days: int = Field(8, ge=4, description="reference days below which nothing is compared")
    rank_floor: float = Field(
        0.02, ge=0, lt=0.5, description="of |P(now > then) - 1/2|: smaller shifts raise no alarm"
    )
    share_floor: float = Field(
        0.01, ge=0, lt=1, description="of the change of a category's or of missing values' share"
    )
    skew_rows: int = Field(200, ge=1, description="logged rows a day that are computed again")


class Watch(Frozen):
    """How the champion is watched, and when its performance counts as dropped."""

    window_days: int = Field(7, ge=1)
    min_labels: int = Field(1000, ge=1)
    min_days: int = Field(5, ge=2, description="of the present champion's own predictions")
    max_drop: float = Field(0.03, gt=0, description="below the bar, where a trigger says no other")
    report_every_days: int = Field(7, ge=1)
    report_rows: int = Field(2000, ge=100, description="sample size of the drift report")
    estimator: Literal["cbpe", "pape"] = Field(
        "cbpe", description="of performance without labels; pape weights by the density ratio"
    )
    min_coverage: float = Field(
        0.8, gt=0, lt=1, description="share of a clock's past intervals that held, to trigger"
    )
    min_scored: int = Field(30, ge=1, description="past intervals needed before it may trigger")
    triggers: dict[Name, Trigger] = Field({"drop": Trigger()}, min_length=1)
    drift: Drift = Drift()


class Retrain(Frozen):
    """How often a retrain may and must happen."""

    max_age_days: int = Field(28, ge=1)
    cool_down_days: int = Field(7, ge=0)
    budget: int = Field(3, ge=1, description="retrains in any budget_days")
    budget_days: int = Field(28, ge=1)
    keep_versions: int = Field(
        10, ge=1, description="newest versions with a local copy; the registry keeps all"
    )
    overlap: Literal["drop", "wait"] = Field(
        "drop", description="what a second retrain does while one is under way"
    )


class Costs(Frozen):
    """What errors and changes cost, in one currency; a drop then has to be worth a retrain."""

    false_positive: float = Field(ge=0, description="of acting where nothing would have happened")
    false_negative: float = Field(ge=0, description="of not acting where something happened")
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which one acts")
    retrain: float = Field(0, ge=0, description="of one retrain")
    promotion: float = Field(0, ge=0, description="of one change of champion")
    horizon_days: int = Field(28, ge=1, description="how long a new champion is expected to last")
    currency: str = ""
