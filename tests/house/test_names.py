"""Names that would collide, and doors that must stay the only ones."""

import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.test_sizes import PACKAGES, ROOT, modules

OURS = {"benchmarks", "config", "deployments", "flows", "infra", "tasks", "tests"}


@pytest.mark.parametrize("path", modules("flows", "tasks"), ids=lambda p: str(p.relative_to(ROOT)))
def test_module_shadows_nothing(path: Path) -> None:
    """No file in flows/ or tasks/ is named like a top-level folder, stdlib or installed module."""
    assert path.stem == "__init__" or path.stem not in _taken()


@cache
def _taken() -> set[str]:
    return set(sys.stdlib_module_names) | set(packages_distributions()) | OURS


def test_settings_alone_read_the_environment() -> None:
    """Only config/settings.py reads the environment."""
    readers = [
        str(path.relative_to(ROOT))
        for path in modules(*PACKAGES)
        if any(word in path.read_text() for word in ("os.environ[", "environ.get", "getenv"))
    ]
    assert [each for each in readers if each != "config/settings.py"] == []


def test_lock_names_no_host() -> None:
    """requirements.lock has a hash for every package and no address of an index."""
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "index" not in lock
    pinned = [line for line in lock.splitlines() if "==" in line and not line.startswith(" ")]
    assert pinned
    assert lock.count("--hash=sha256:") >= len(pinned)
