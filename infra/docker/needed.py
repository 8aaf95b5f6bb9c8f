"""Prints the part of requirements.lock that some packages need: one lock, without the dev tools.

The lock says of every package which others want it (`# via`); read backwards, that is the tree.
"""

import re
import sys
import tomllib
from pathlib import Path

ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)(\[.*\])?==")
VIA = re.compile(r"^ +# (via|  ) *(?P<by>[a-z0-9-]+)( \(pyproject\.toml\))?$")
NAME = re.compile(r"^[A-Za-z0-9._-]+")


def entries(lock: str) -> list[tuple[str, list[str]]]:
    """Name and lines of every entry; a package may have one for each version of Python."""
    found: list[tuple[str, list[str]]] = []
    for line in lock.splitlines():
        if start := ENTRY.match(line):
            found.append((start["name"], []))
        found[-1][1].append(line)
    return found


def part(lock: str, roots: set[str]) -> list[str]:
    """The lines of the roots and of all that they need. Raises `KeyError` for an unknown root."""
    locked = entries(lock)
    wanted_by: dict[str, set[str]] = {}
    for name, lines in locked:
        by = {via["by"] for line in lines if (via := VIA.match(line))}
        wanted_by.setdefault(name, set()).update(by)
    if unknown := roots - wanted_by.keys():
        raise KeyError(f"not in the lock: {sorted(unknown)}")
    needed = set(roots)
    while more := {name for name, by in wanted_by.items() if by & needed} - needed:
        needed |= more
    return [line for name, lines in locked if name in needed for line in lines]


def dependencies(project: str) -> set[str]:
    """The names of what a pyproject.toml needs to run, its extras left out."""
    listed: list[str] = tomllib.loads(project)["project"]["dependencies"]
    names = [match[0] for each in listed if (match := NAME.match(each))]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def main() -> None:
    """Print the part for the packages named, or for the project beside the lock."""
    lock = Path("requirements.lock").read_text(encoding="utf-8")
    roots = set(sys.argv[1:]) or dependencies(Path("pyproject.toml").read_text(encoding="utf-8"))
    sys.stdout.write("\n".join(part(lock, roots)) + "\n")


if __name__ == "__main__":
    main()
