"""What the loop needs of a registry, whichever keeps the models."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tasks.records import ModelVersion
from tasks.registry.submission import Submission


class Registrar(Protocol):
    """Every model that was ever judged, and a pointer to who serves."""

    def register(self, submission: Submission) -> ModelVersion:
        """A model with its evidence, byte for byte as it was evaluated; once under its key.

        Other bytes under a known key are a version of their own.
        """
        ...

    def find(self, pipeline: str, key: str) -> ModelVersion | None:
        """The latest version registered under a key, None when there is none."""
        ...

    def fetch(self, version: ModelVersion, into: Path) -> Path:
        """The folder of a copy below `into`, every byte verified; `Corrupt` names what differs."""
        ...

    def original(self, version: ModelVersion, scratch: Path) -> Path:
        """A fresh copy in an empty folder, past every local one, every byte verified."""
        ...

    def attach(self, version: ModelVersion, documents: Mapping[str, str]) -> None:
        """Keeps texts by file name with a version; those of before are replaced."""
        ...

    def numbers(self, pipeline: str) -> frozenset[int]:
        """The versions that are there; none when the pipeline's model is not."""
        ...

    def has(self, pipeline: str, number: int) -> bool:
        """Whether a version is there."""
        ...

    def pointed(self, pipeline: str) -> int | None:
        """The version that the alias points at, None when it points nowhere."""
        ...

    def point(self, pipeline: str, number: int) -> None:
        """Points the alias at a version; `Terminal` when there is no such version."""
        ...

    def withdraw(self, pipeline: str) -> None:
        """Takes the alias away; nothing happens when it points nowhere."""
        ...


def registered(registry: Registrar, submission: Submission) -> ModelVersion:
    """What a registry makes of a submission."""
    return registry.register(submission)
