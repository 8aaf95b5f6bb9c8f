"""Sources of an estimator that has no version: a package or module that nobody installed."""

import hashlib
import sysconfig
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from config.schema import Candidate

_INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib"))


def unversioned(candidates: Mapping[str, Candidate]) -> dict[str, str]:
    """By candidate, the digest of its estimator's sources, of those that have no version."""
    found = {name: own(candidate.estimator) for name, candidate in candidates.items()}
    return {name: digest for name, digest in sorted(found.items()) if digest}


def own(estimator: str) -> str:
    """sha256 (hex) over the sources beside a dotted path; empty for what is installed.

    What is installed has a version, and that belongs to the environment. Whatever else can be
    imported is an estimator of somebody's own: all of its top-level package counts, without
    importing it.
    """
    try:
        found = find_spec(estimator.partition(".")[0])
    except ValueError:  # a module that was not imported from anywhere
        return ""
    if found is None:
        return ""
    roots = [Path(place) for place in found.submodule_search_locations or ()]
    if not roots and found.has_location and found.origin:
        roots = [Path(found.origin)]
    if not roots or any(root.is_relative_to(place) for root in roots for place in _INSTALLED):
        return ""
    digest = hashlib.sha256()
    for root in sorted(roots):
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
