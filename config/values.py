"""The kinds of values that a pipeline's definition is made of."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Cron = Annotated[str, Field(pattern=r"^\S+( \S+){4}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Scalar = bool | int | float | str | None
ColumnType = Literal["string", "integer", "float", "boolean", "date", "timestamp"]
Metric = Literal["roc_auc", "log_loss", "brier"]


class Frozen(BaseModel):
    """A value: cannot change, and knows every key it may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")
