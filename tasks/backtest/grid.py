"""The policies to live under: every combination of one value an axis, and arms one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import Field

from config.load import PIPELINE, ConfigError, Definition, validated
from config.located import Document, Place, Problem, document
from config.schema import Pipeline
from config.values import Frozen
from tasks.backtest.arms import FRESH, NEVER, Arm
from tasks.ledger.text import canonical

SHIPPED = "as shipped"
MOST_ARMS = 64
POLICY = ("baselines", "candidates", "costs", "gate", "retrain", "watch", "windows")
"""What an arm may say otherwise: the question, its rows and their labels are the same for all."""

Overrides = dict[str, Any]


class Grid(Frozen):
    """What grid.yaml may say: overrides by value by axis, and overrides by arm."""

    axes: dict[str, dict[str, Overrides]] = Field({})
    arms: dict[str, Overrides] = Field({})


@dataclass(frozen=True)
class Piece:
    """Overrides that stand at one place of grid.yaml."""

    at: Place
    overrides: Overrides


@dataclass(frozen=True)
class Wanted:
    """An arm before it is validated: its name, and the pieces that it is made of."""

    name: str
    pieces: tuple[Piece, ...] = ()


@dataclass
class Overlaid(Document):
    """pipeline.yaml with the pieces of an arm laid over it.

    A problem is told where the value was written, in either file.
    """

    grid: Document = field(default_factory=lambda: Document(Path()))
    pieces: tuple[Piece, ...] = ()

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at the place, or at the nearest place above it that either file has."""
        own = next(n for n in range(len(place), -1, -1) if not n or place[:n] in self.lines)
        nearest = max(self.pieces, key=lambda piece: self._depth(piece, place), default=None)
        if nearest is None or self._depth(nearest, place) < own:
            return super().problem(place, message)
        return self.grid.problem((*nearest.at, *place), message)

    def _depth(self, piece: Piece, place: Place) -> int:
        known = (n for n in range(len(place), 0, -1) if (*piece.at, *place[:n]) in self.grid.lines)
        return next(known, 0)


def read(path: Path, definition: Definition) -> list[Arm]:
    """The arms that grid.yaml asks for, `as shipped` first, which is added where it is missing.

    Overrides are merged into the document of pipeline.yaml as in RFC 7396: mappings key by key,
    anything else replaces what is there, null takes a key away. Arms that come to the same
    definition are one, under all their names. Raises `ConfigError` for whatever is wrong, with
    file, line and key; and for more than 64 arms.
    """
    parsed = document(path)
    grid, problems = validated(parsed, Grid)
    if grid is None or problems:
        raise ConfigError(problems)
    _require_few(parsed, grid)
    wanted, problems = _wanted(parsed, grid)
    arms = []
    shipped = document(definition.folder / PIPELINE)
    for each in wanted:
        arm, found = _arm(each, definition, shipped, parsed)
        problems += found
        arms.append(arm)
    if problems:
        raise ConfigError(sorted(set(problems)))
    return _distinct([arm for arm in arms if arm is not None])


def merged(document: Mapping[str, Any], overrides: Mapping[str, Any]) -> Overrides:
    """The document with the overrides in it, as in RFC 7396 (JSON Merge Patch).

    >>> merged({"gate": {"mode": "refresh", "margin": 0.1}}, {"gate": {"margin": None}, "costs": 1})
    {'gate': {'mode': 'refresh'}, 'costs': 1}
    """
    result = dict(document)
    for key, value in overrides.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            there = result.get(key)
            result[key] = merged(there if isinstance(there, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def leaves(overrides: Mapping[str, Any], above: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value that is no mapping, or an empty one, with its place."""
    for key, value in overrides.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def _require_few(parsed: Document, grid: Grid) -> None:
    combined = prod(len(values) for values in grid.axes.values()) if grid.axes else 0
    if combined + len(grid.arms) <= MOST_ARMS:
        return
    counted = " x ".join(f"{len(values)} {name}" for name, values in grid.axes.items())
    told = (
        f"{combined + len(grid.arms)} arms ({counted or 'no axes'}, and {len(grid.arms)} one by "
        f"one): at most {MOST_ARMS}. Take values away, or list the arms that matter under `arms`"
    )
    raise ConfigError([parsed.problem(("axes",), told)])


def _wanted(parsed: Document, grid: Grid) -> tuple[list[Wanted], list[Problem]]:
    """`as shipped`, the combinations, the single arms; and what is wrong with their names."""
    problems = []
    listed = [Wanted(name, (Piece(("arms", name), said),)) for name, said in grid.arms.items()]
    combined = list(_combined(grid)) if grid.axes else []
    names = {each.name for each in combined}
    for name, said in grid.arms.items():
        if name in (NEVER, FRESH):
            told = "is a reference that every backtest has: give the arm another name"
            problems.append(parsed.problem(("arms", name), told))
        elif name == SHIPPED and said:
            problems.append(parsed.problem(("arms", name), "is pipeline.yaml itself: leave it {}"))
        elif name in names:
            problems.append(parsed.problem(("arms", name), "is a combination of axes already"))
    for name, values in grid.axes.items():
        if not values:
            problems.append(parsed.problem(("axes", name), "an axis needs a value"))
    for each in (*combined, *listed):
        problems += _faults(parsed, each)
    shipped = [each for each in (*combined, *listed) if each.name == SHIPPED]
    others = [each for each in (*combined, *listed) if each.name != SHIPPED]
    return [*(shipped or [Wanted(SHIPPED)]), *others], problems


def _combined(grid: Grid) -> Iterator[Wanted]:
    choices = [
        [(value, Piece(("axes", axis, value), said)) for value, said in values.items()]
        for axis, values in grid.axes.items()
    ]
    for chosen in product(*choices):
        yield Wanted(", ".join(name for name, _ in chosen), tuple(piece for _, piece in chosen))


def _faults(parsed: Document, wanted: Wanted) -> Iterator[Problem]:
    """Keys that are no policy's, and values that two axes say differently."""
    said: dict[Place, tuple[Place, Any]] = {}
    for piece in wanted.pieces:
        for key in piece.overrides:
            if key in Pipeline.model_fields and key not in POLICY:
                told = f"is the same for every arm; a policy is about {', '.join(POLICY)}"
                yield parsed.problem((*piece.at, key), told)
        for place, value in leaves(piece.overrides):
            other, before = said.setdefault(place, (piece.at, value))
            if before != value:
                told = f"{value!r} here and {before!r} under {'.'.join(map(str, other))}"
                yield parsed.problem((*piece.at, *place), told)


def _arm(
    wanted: Wanted, definition: Definition, shipped: Document, grid: Document
) -> tuple[Arm | None, list[Problem]]:
    overrides: Overrides = {}
    for piece in wanted.pieces:
        overrides = _together(overrides, piece.overrides)
    value = shipped.value if isinstance(shipped.value, dict) else {}
    said = Overlaid(
        shipped.path,
        merged(value, overrides),
        shipped.lines,
        list(shipped.problems),
        grid,
        wanted.pieces,
    )
    pipeline, problems = validated(said, Pipeline)
    if pipeline is None or problems:
        return None, problems
    changed = replace(definition, pipeline=pipeline, config_hash=_hash(definition, overrides))
    return Arm(wanted.name, changed, overrides), []


def _together(first: Overrides, second: Overrides) -> Overrides:
    """Both overrides as one; a null is kept, for pipeline.yaml to lose its key."""
    result = dict(first)
    for key, said in second.items():
        there, value = result.get(key), said
        if isinstance(value, dict) and isinstance(there, dict):
            value = _together(there, value)
        result[key] = value
    return result


def _hash(definition: Definition, overrides: Overrides) -> str:
    if not overrides:
        return definition.config_hash
    return sha256(f"{definition.config_hash}\0{canonical(overrides)}".encode()).hexdigest()


def _distinct(arms: list[Arm]) -> list[Arm]:
    """Arms that differ; equal ones become the first of them, which says all their names."""
    found: dict[str, Arm] = {}
    for arm in arms:
        same = arm.definition.pipeline.model_dump_json()
        first = found.setdefault(same, arm)
        if first is not arm:
            found[same] = replace(first, name=f"{first.name} = {arm.name}")
    return list(found.values())
