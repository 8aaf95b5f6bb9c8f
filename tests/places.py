"""Where an installation is, as the environment says it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.places import Place
from config.settings import Settings

_ELSEWHERE = (
    "RATCHET_LANDING",
    "RATCHET_LEDGER_URL",
    "RATCHET_STORAGE",
    "MLFLOW_TRACKING_URI",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)


def folder(place: Place) -> Path:
    """A place of an installation that keeps everything in folders."""
    assert isinstance(place, Path), f"{place} is no folder"
    return place


def settings_of(home: Path) -> Settings:
    """Settings of a home that holds everything, its pipelines too."""
    return Settings.from_environment(_environment(home))


@contextmanager
def pointing_at(home: Path) -> Iterator[Settings]:
    """Let the process's environment point at a home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _ELSEWHERE:
            patch.delenv(name, raising=False)
        for name, value in _environment(home).items():
            patch.setenv(name, value)
        yield settings_of(home)


def _environment(home: Path) -> dict[str, str]:
    return {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(home / "pipelines")}
