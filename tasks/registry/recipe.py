"""The recipe of a version: what it was made from and with, kept among its own verified bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter

from config.values import Scalar
from tasks.errors import Terminal
from tasks.records import ModelVersion, Parent, Snapshot

RECIPE, DEFINITION = "recipe.json", "definition"
"""In a version's folder: the recipe, and below the other the pipeline's folder of then."""


@dataclass(frozen=True)
class Recipe:
    """Everything that a version follows from, beside the files of its pipeline's definition.

    `max_train_days` is the training window as it was used, `golden` the number of the golden set
    whose rows were left out (0: none), and `refit` whether the fit on all days ships. `sources`
    are digests of estimators that nobody installed, by dotted path. `machine` names platform and
    BLAS, on which the last bits of a sum depend.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")

    snapshot: Snapshot
    max_train_days: int | None
    golden: int
    training: str
    holdout: str
    holdout_from: date
    candidate: str
    params: Mapping[str, Scalar]
    folds: tuple[float, ...]
    trials: int
    parent: Parent | None
    refit: bool
    config_hash: str
    code_version: str
    sources: Mapping[str, str]
    installed: tuple[str, ...]
    machine: tuple[str, ...]

    def files(self, definition: Mapping[str, bytes]) -> dict[str, bytes]:
        """What is kept beside the model, by path: this recipe and the definition's files."""
        below = f"{DEFINITION}/{self.snapshot.pipeline}"
        kept = {f"{below}/{name}": content for name, content in definition.items()}
        return {RECIPE: _RECIPE.dump_json(self, indent=2), **kept}


_RECIPE: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def has_recipe(version: ModelVersion) -> bool:
    """Whether a version was registered with its recipe."""
    return RECIPE in version.manifest


def read(version: ModelVersion, folder: Path) -> Recipe:
    """The recipe in a version's verified folder; `Terminal` for a version that has none."""
    if not has_recipe(version):
        raise Terminal(
            f"version {version.number} of {version.pipeline!r} was registered without a recipe: "
            "its definition, table versions, splits and environment were not kept with it. "
            "Versions that are registered from now on can be reproduced"
        )
    return _RECIPE.validate_json((folder / RECIPE).read_bytes())


def definition_folder(recipe: Recipe, folder: Path) -> Path:
    """Where the definition of then lies in a version's folder."""
    return folder / DEFINITION / recipe.snapshot.pipeline
