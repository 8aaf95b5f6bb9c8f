"""What goes to the process that makes a version again, and what comes back."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import ConfigDict, TypeAdapter

from tasks import errors
from tasks.errors import RatchetError, Terminal, Transient
from tasks.features.pinning import Pinning
from tasks.models.job import Predecessor
from tasks.records import ModelVersion
from tasks.registry import recipe
from tasks.registry.recipe import Recipe
from tasks.reproduction.outcome import Reproduction

T = TypeVar("T")
_KEEP_NAN = ConfigDict(ser_json_inf_nan="constants")


@dataclass(frozen=True)
class Order:
    """A version to make again: its verified files, and those of what a warm start went on from.

    `pinnings` are the golden sets that were on record when it was made. What comes up on the way
    lies in `scratch`.
    """

    version: ModelVersion
    folder: Path
    parent: Predecessor | None
    pinnings: tuple[Pinning, ...]
    scratch: Path

    @property
    def recipe(self) -> Recipe:
        return recipe.read(self.version, self.folder)


@dataclass(frozen=True)
class Told:
    """What came of an order: a reproduction, or the error that kept it away."""

    __pydantic_config__: ClassVar[ConfigDict] = _KEEP_NAN

    reproduction: Reproduction | None
    kind: str = ""
    message: str = ""

    @classmethod
    def failed(cls, error: RatchetError) -> "Told":
        return cls(None, type(error).__name__, str(error))

    @property
    def error(self) -> RatchetError:
        """The error again, of the kind that it was."""
        kind = getattr(errors, self.kind, Terminal)
        return (Transient if issubclass(kind, Transient) else Terminal)(self.message)


def to_bytes(value: object) -> bytes:
    """A dataclass as JSON, nan kept."""
    return TypeAdapter(type(value)).dump_json(value)


def from_bytes(kind: type[T], content: bytes) -> T:
    """The dataclass again."""
    return TypeAdapter(kind).validate_json(content)
