"""The definition of the canaries' pipeline, as it is or with rules of one's own."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

PARCELS = Path(__file__).with_name("parcels")
"""The folder of the definition as it is."""

Changes = Mapping[str, Mapping[str, object]]
"""Keys to be set, by the part of the definition that they belong to."""

REFIT: Changes = {"windows": {"refit": True}}
"""The winner is fitted again on all days."""

SUPERIORITY: Changes = {"gate": {"mode": "superiority", "metric": "log_loss", "margin": 0.02}}
"""A challenger has to be shown better, over nights."""

BLIND: Changes = {
    "gate": {
        "margin": 10.0,
        "slice_margin": 10.0,
        "weak_slices": False,
        "floors": {},
        "max_calibration_error": 1.0,
        "golden": {"margin": 10.0},
    }
}
"""Rules that nobody can break."""


def define(pipelines: Path, name: str, *changes: Changes) -> Path:
    """Write the definition below a folder under a name, later changes upon earlier ones."""
    folder = pipelines / name
    shutil.copytree(PARCELS, folder)
    path = folder / "pipeline.yaml"
    defined = {**yaml.safe_load(path.read_text()), "name": name}
    for each in changes:
        defined |= {part: {**defined.get(part, {}), **keys} for part, keys in each.items()}
    path.write_text(yaml.safe_dump(defined, sort_keys=False))
    return folder


def without_line(query: Path, beginning: str) -> str:
    """A query without its line that begins like this. Raises `ValueError` when none does."""
    lines = query.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(beginning)]
    if len(kept) != len(lines) - 1:
        raise ValueError(f"{len(lines) - len(kept)} lines of {query} begin with {beginning!r}")
    return "".join(kept)
