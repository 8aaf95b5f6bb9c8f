"""What goes to a candidate's process, and what comes back."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import ConfigDict, TypeAdapter

from config.schema import Candidate, Features, Windows
from config.values import Metric, Scalar

T = TypeVar("T")
_KEEP_NAN = ConfigDict(ser_json_inf_nan="constants")


@dataclass(frozen=True)
class Predecessor:
    """The registered model that serves: its files, what every byte must be, what it has seen."""

    version: int
    candidate: str
    folder: Path
    manifest: dict[str, str]
    through: date


@dataclass(frozen=True)
class Job:
    """One candidate to fit on one frame.

    `frame_path` is a Feather or Parquet file of training rows: `day` (a date, ISO text or a
    date), the columns of `features`, and `label` (true or false, no nulls). `model.skops` and
    `fit.log` are written to `folder`, which is nobody else's. A candidate with a warm start goes
    on from the `champion`, when that is of this candidate too.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _KEEP_NAN

    name: str
    candidate: Candidate
    features: Features
    metric: Metric
    windows: Windows
    frame_path: Path
    label: str
    folder: Path
    champion: Predecessor | None = None


@dataclass(frozen=True)
class Told:
    """What a child tells: a failure's kind and reason, or what the search found.

    `warm` when the model went on from the champion; `cold` says why it did not, where it should.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _KEEP_NAN

    kind: str = ""
    reason: str = ""
    params: dict[str, Scalar] = field(default_factory=dict)
    folds: tuple[float, ...] = ()
    trials: int = 0
    warm: bool = False
    cold: str = ""


def to_bytes(value: object) -> bytes:
    """A dataclass as JSON bytes, nan and infinity kept."""
    return _adapter(type(value)).dump_json(value)


def from_bytes(kind: type[T], content: bytes) -> T:
    """The dataclass again; `pydantic.ValidationError` for anything else."""
    return _adapter(kind).validate_json(content)


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)
