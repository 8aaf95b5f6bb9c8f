"""What a pipeline's definition may say: frozen models, every key known, every default visible."""

from datetime import date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from config.gate import Gate
from config.hints import hint
from config.values import ColumnType, Cron, Frozen, Metric, Name, Scalar, Share
from config.watch import Costs, Retrain, Watch

VIEW = "questions"
"""What the feature query reads the questions of its days as."""


class Column(Frozen):
    """One column of a delivery. In YAML `float?` is short for `{type: float, nullable: true}`."""

    type: ColumnType
    nullable: bool = False
    sparse: bool = Field(False, description="a delivery without a single value is normal")
    unit_guard: bool = Field(False, description="refuse when the median jumps by a power of ten")

    @model_validator(mode="before")
    @classmethod
    def _from_shorthand(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"type": value.removesuffix("?"), "nullable": value.endswith("?")}
        return value


class Table(Frozen):
    """One table of the lake and the deliveries that fill it, one partition each."""

    deliveries: str = Field(description="glob under the pipeline's landing folder")
    partition: str | None = Field(
        None, description="date column, one value a delivery, named by the file; none: one file"
    )
    key: tuple[str, ...] = Field(min_length=1)
    known_at: str = Field("known_at", description="when a row reached us, with its time zone")
    columns: dict[str, Column] = Field(min_length=1)
    extra_columns: Literal["refuse", "ignore"] = "refuse"
    max_held_share: Share = Field(0.05, description="refuse the delivery above this")

    @model_validator(mode="after")
    def _names_its_columns(self) -> "Table":
        for column in (*self.key, self.known_at, *([self.partition] if self.partition else [])):
            if column not in self.columns:
                raise ValueError(f"column {column!r} is used but not declared under columns")
        if self.columns[self.known_at].type != "timestamp":
            raise ValueError(f"known_at column {self.known_at!r} must be of type timestamp")
        return self


class Question(Frozen):
    """What is asked, of which row, and when."""

    table: str
    key: tuple[str, ...] = Field(min_length=1)
    event_time: str = Field(description="column: when the thing asked about happens")
    asked_at: str = Field(description="SQL over the table's columns: when the answer is needed")


class Label(Frozen):
    """What turned out to be true, and how long one must wait to be sure that it arrived."""

    name: Name
    table: str
    expression: str = Field(description="SQL over the label table's columns, true or false")
    complete_after_days: int = Field(ge=0, description="days after which a cohort is complete")


class Features(Frozen):
    """The one query that training and scoring share."""

    query: str = "features.sql"
    lookback_days: int = Field(ge=1, description="history the query looks back on")
    numeric: tuple[Name, ...] = ()
    categorical: tuple[Name, ...] = ()
    context: tuple[Name, ...] = Field(
        (), description="texts of the query for groups and fairness; no model sees them"
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> "Features":
        twice = sorted({name for name in self.answered if self.answered.count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Model inputs, in the order that the model sees them."""
        return self.numeric + self.categorical

    @property
    def answered(self) -> tuple[str, ...]:
        """All columns that the query answers with beside the question's key."""
        return self.columns + self.context


class Budget(Frozen):
    """What one candidate may spend."""

    seconds: float = Field(60, gt=0)
    memory_mb: int = Field(2000, gt=0)
    trials: int = Field(4, ge=1)


class Candidate(Frozen):
    """One way to fit a model: any scikit-learn-compatible classifier by dotted path."""

    estimator: str
    params: dict[str, Scalar] = Field({}, description="of the estimator")
    search: dict[str, tuple[Scalar, ...]] = Field({}, description="values tried for a parameter")
    encoding: Literal["onehot", "ordinal"] = "onehot"
    warm_start: bool = Field(
        False,
        description="go on from the champion, when it is of this candidate; ensembles add to it",
    )
    budget: Budget = Budget()
    seed: int = 7


class Baseline(Frozen):
    """A model-free answer that a challenger has to beat."""

    sql: str = Field(description="SQL over the feature columns: a probability")


class Windows(Frozen):
    """Days set aside for selecting and for judging."""

    holdout_days: int = Field(10, ge=1, description="latest complete days, for the gate alone")
    folds: int = Field(2, ge=1)
    fold_days: int = Field(7, ge=1)
    min_train_days: int = Field(28, ge=1)
    max_train_days: int | None = Field(None, description="none: everything since the first day")
    half_life_days: float | None = Field(
        None, gt=0, description="a row so much older than the newest counts half; none: all alike"
    )
    refit: bool = Field(False, description="fit the winner again on all days; ships when certified")

    @model_validator(mode="after")
    def _leaves_enough_to_train_on(self) -> "Windows":
        if self.max_train_days is not None and self.max_train_days < self.min_train_days:
            raise ValueError(
                f"max_train_days {self.max_train_days} is below min_train_days "
                f"{self.min_train_days}: nothing could ever be trained"
            )
        return self

    @property
    def needed_days(self) -> int:
        """Complete days below which nothing can be trained and judged."""
        return self.min_train_days + self.holdout_days


class Approval(Frozen):
    """Whether a person has to agree before a challenger serves."""

    ask: bool = False
    expires_hours: float = Field(24, gt=0, description="without an answer until then: no")


class Schedule(Frozen):
    """When what runs, in the pipeline's own time zone."""

    at: time = Field(time(3, 0), description="the night")
    timezone: str = "UTC"
    grace_hours: float = Field(2, gt=0, description="lateness after which a night is missed")
    cron: dict[Literal["ingest", "score", "watch", "retrain", "selftest", "attest"], Cron] = Field(
        {}, description="runs beside the night, as cron expressions of five fields"
    )
    on_data: tuple[Literal["score", "watch", "retrain"], ...] = Field(
        (), description="what starts as soon as new data has been admitted"
    )
    reconcile_minutes: int = Field(
        5, ge=1, le=60, description="how often lost and unfinished work is looked for"
    )

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"no such time zone: {value!r}") from error
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def night_of(self, day: date) -> datetime:
        """When the night of `day` runs."""
        return datetime.combine(day, self.at, tzinfo=self.zone)


class Card(Frozen):
    """What people should know about the model and no query can tell; it goes on every card."""

    intended_use: str = Field("", description="who uses the answers, and for what")
    limits: str = Field("", description="what the answers are not for")
    owner: str = Field("", description="who answers for the model")
    contact: str = Field("", description="where to ask")


class Pipeline(Frozen):
    """One model, described once."""

    name: Name
    title: str
    schedule: Schedule = Schedule()
    tables: dict[Name, Table] = Field(min_length=1)
    question: Question
    label: Label
    features: Features
    sensitive: tuple[Name, ...] = Field((), description="columns whose groups must fare alike")
    candidates: dict[Name, Candidate] = Field(min_length=1)
    baselines: dict[Name, Baseline] = Field({}, description="to be beaten")
    metric: Metric = "roc_auc"
    windows: Windows = Windows()
    gate: Gate = Gate()
    watch: Watch = Watch()
    retrain: Retrain = Retrain()
    costs: Costs | None = Field(None, description="none: drops are not weighed in money")
    approval: Approval = Approval()
    card: Card = Card()

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> "Pipeline":
        if VIEW in self.tables:
            told = f"a table cannot be called {VIEW!r}: the feature query reads the questions so"
            raise ValueError(told)
        for role, table in (("question", self.question.table), ("label", self.label.table)):
            if table not in self.tables:
                raise ValueError(f"{role}.table {table!r} is not among tables: {list(self.tables)}")
        question = self.tables[self.question.table]
        for column in (*self.question.key, self.question.event_time):
            if column not in question.columns:
                raise ValueError(f"question names {column!r}, no column of {self.question.table}")
        if question.partition is None:
            raise ValueError(f"table {self.question.table!r} needs a partition to be asked by day")
        return self

    @model_validator(mode="after")
    def _groups_by_what_is_answered(self) -> "Pipeline":
        known = self.features.answered
        for role, names in (("gate.slices", self.gate.slices), ("sensitive", self.sensitive)):
            for name in names:
                if name not in known:
                    near = hint(name, known)
                    raise ValueError(f"{role} names {name!r}, no column of features{near}")
        if self.gate.fairness and not self.sensitive:
            raise ValueError("gate.fairness compares groups of sensitive columns, none is named")
        return self

    @model_validator(mode="after")
    def _changes_only_what_models_see(self) -> "Pipeline":
        for name, test in self.gate.behaviour.items():
            where = f"gate.behaviour.{name}: column {test.column!r}"
            if test.column not in self.features.columns:
                near = hint(test.column, self.features.columns)
                raise ValueError(f"{where} is no model input{near}")
            if test.column in self.features.numeric:
                if isinstance(test.to, str):
                    raise ValueError(f"{where} is numeric, `to` must be a number, not {test.to!r}")
            elif test.by is not None:
                numeric = ", ".join(self.features.numeric) or "none"
                raise ValueError(f"{where} is not numeric (those are: {numeric}); use `to`")
        return self
