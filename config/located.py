"""YAML with a line for every key: what an error needs to point at the place.

A subset of YAML 1.2, so that a value means what it looks like: `no`, `13:00`, `2013-02-14` and
`0123` are text, `1e-3` is a number, a key is text and stands once, and nothing is aliased, so
every value has exactly one line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

Place = tuple[str | int, ...]
Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "null": re.compile(r"(~|null|Null|NULL|)$"),
    "bool": re.compile(r"(true|True|TRUE|false|False|FALSE)$"),
    "int": re.compile(r"[-+]?(0|[1-9][0-9]*)$"),
    "float": re.compile(
        r"([-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"
    ),
}


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, at a line (from 1; 0: the whole file) of a file and a key path in it."""

    path: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return ": ".join(part for part in (where, self.key, self.message) if part)


@dataclass
class Document:
    """A parsed file: plain values, the line of every place in them, and what was wrong."""

    path: Path
    value: Value = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, message: str) -> Problem:
        """A problem at the place, or at the nearest place above it that the file has."""
        near = place
        while near and near not in self.lines:
            near = near[:-1]
        return Problem(str(self.path), self.lines.get(near, 0), key_path(place), message)


class _Loader(yaml.SafeLoader):
    """Knows the scalars of YAML 1.2's core alone, and no alias."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {  # noqa: RUF012
        None: [(_TAG + kind, pattern) for kind, pattern in _SCALARS.items()]  # type: ignore[dict-item]
    }

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases are not read, write it out", problem_mark=mark
            )
        return super().compose_node(parent, index)


def key_path(place: Place) -> str:
    """The keys down to a place; positions in a list count from 0.

    >>> key_path(("schedule", "row", 0))
    'schedule.row[0]'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def document(path: Path) -> Document:
    """Parse one YAML file; never raises for what is in it, or for its absence."""
    parsed = Document(path)
    try:
        root = yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=_Loader)
        if root is None:
            parsed.problems.append(Problem(str(path), 0, "", "is empty"))
        else:
            parsed.value = _value(root, (), parsed)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        parsed.problems.append(_unreadable(str(path), error))
    return parsed


def _unreadable(path: str, error: Exception) -> Problem:
    match error:
        case FileNotFoundError():
            return Problem(path, 0, "", "no such file")
        case OSError():
            return Problem(path, 0, "", f"cannot be read: {error.strerror}")
        case UnicodeDecodeError():
            line = error.object[: error.start].count(b"\n") + 1
            return Problem(path, line, "", f"is not UTF-8: byte {error.start} of the file")
        case yaml.MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            told = ", ".join(part for part in (error.context, error.problem) if part)
            return Problem(path, mark.line + 1 if mark else 0, "", f"is not YAML: {told}")
        case yaml.reader.ReaderError():
            told = f"character {error.position} of the file, {error.character:#04x}, is not allowed"
            return Problem(path, 0, "", f"is not YAML: {told}")
    return Problem(path, 0, "", "is nested too deeply")


def _value(node: yaml.Node, place: Place, parsed: Document) -> Value:
    parsed.lines.setdefault(place, _line(node))
    if isinstance(node, yaml.MappingNode):
        return {
            key: _value(each, (*place, key), parsed) for key, each in _keys(node, place, parsed)
        }
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, (*place, i), parsed) for i, each in enumerate(node.value)]
    try:
        return _scalar(node.tag.removeprefix(_TAG), node.value)
    except ValueError:
        parsed.problems.append(parsed.problem(place, f"cannot read {node.value!r} as {node.tag}"))
        return None


def _keys(
    node: yaml.MappingNode, place: Place, parsed: Document
) -> Iterator[tuple[str, yaml.Node]]:
    """The first of each key; the others, and keys that are no text, are problems."""
    for key, value in node.value:
        here = (*place, key.value) if isinstance(key, yaml.ScalarNode) else place
        if key.tag != _TAG + "str":
            parsed.problems.append(
                Problem(
                    str(parsed.path), _line(key), key_path(place), "a key must be text: quote it"
                )
            )
        elif here in parsed.lines:
            told = f"given twice, first in line {parsed.lines[here]}"
            parsed.problems.append(Problem(str(parsed.path), _line(key), key_path(here), told))
        else:
            parsed.lines[here] = _line(key)
            yield key.value, value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _scalar(kind: str, text: str) -> Value:
    match kind:
        case "str":
            return text
        case "null":
            return None
        case "bool" if _SCALARS["bool"].match(text):
            return text.lower() == "true"
        case "int":
            return int(text)
        case "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
    raise ValueError(kind)
