"""Which code made a model."""

import hashlib
from pathlib import Path

PACKAGES = ("config", "deployments", "flows", "infra", "tasks")
"""The packages whose sources are the code version."""

_HERE = Path(__file__).parents[2]


def code_version(root: Path = _HERE) -> str:
    """First 12 hex of a sha256 over the names and contents of our Python sources and queries.

    Pipeline definitions are not part of it: they have a hash of their own.
    """
    seen = hashlib.sha256()
    for path in _sources(root):
        seen.update(path.relative_to(root).as_posix().encode() + b"\0")
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()[:12]


def _sources(root: Path) -> list[Path]:
    return sorted(path for name in PACKAGES for path in (root / name).rglob("*.py"))
