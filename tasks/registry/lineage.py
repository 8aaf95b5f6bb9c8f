"""Which code made a model, and with which libraries."""

import hashlib
import platform
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from threadpoolctl import threadpool_info

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


def environment() -> str:
    """First 12 hex of a sha256 over Python's version and those of all installed distributions.

    What is installed is what runs: a lock file that nobody installed from changes nothing.
    """
    seen = hashlib.sha256("\n".join(installed()).encode())
    return seen.hexdigest()[:12]


def machine() -> list[str]:
    """Platform, and every BLAS that is loaded with the kernel it chose for this processor.

    The same numbers in the same order sum up to other last bits in another kernel.
    """
    loaded = {
        f"{each['internal_api']} {each['version']} {each.get('architecture') or ''}".strip()
        for each in threadpool_info()
        if each["user_api"] == "blas"
    }
    return [f"{platform.system()} {platform.machine()}", *sorted(loaded)]


@cache
def installed() -> tuple[str, ...]:
    """`name==version` of Python and of every distribution but ourselves, in order."""
    found = {
        f"{each.name.lower()}=={each.version}" for each in distributions() if each.name != "ratchet"
    }
    return f"python=={platform.python_version()}", *sorted(found)
