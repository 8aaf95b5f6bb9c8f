"""What is handed in to be registered."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.data import artifact
from tasks.errors import Terminal
from tasks.records import Failure, Fit
from tasks.registry.lineage import code_version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Submission:
    """A model to register: `folder` holds `model.skops`, `key` names the retrain behind it.

    `input_example` gives the signature its names and types and is not stored; `tags` name the
    snapshot and the configuration; `attempts` are all candidates, chosen or not. `files` are kept
    beside the model, by path from its folder: what it can be made again from.
    """

    pipeline: str
    key: str
    folder: Path
    candidate: str
    trained_through: date
    input_example: "pd.DataFrame"
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    evidence: Mapping[str, object]
    attempts: tuple[Fit | Failure, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """What people see in the list of runs."""
        return f"{self.key} {self.candidate}"

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of the run and of the version: the given ones, the key and the code."""
        return {
            **self.tags,
            "ratchet.key": self.key,
            "ratchet.candidate": self.candidate,
            "ratchet.trained_through": self.trained_through.isoformat(),
            "ratchet.code_version": code_version(),
        }

    def evidence_text(self) -> str:
        """The evidence as JSON that any reader can parse; an undefined number is null."""
        return json.dumps(_defined(self.evidence), indent=2, default=str, allow_nan=False)

    def model_digest(self) -> str:
        """sha256 of `model.skops`; `Terminal` when the folder holds none."""
        path = self.folder / artifact.MODEL_FILE
        if not path.is_file():
            raise Terminal(f"nothing to register: {self.folder} holds no {artifact.MODEL_FILE}")
        return hashlib.sha256(path.read_bytes()).hexdigest()


def _defined(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _defined(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_defined(item) for item in value]
    return value
