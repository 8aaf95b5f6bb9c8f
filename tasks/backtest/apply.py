"""A recommended policy written into pipeline.yaml: comments, order and every other line stay."""

import difflib
import io
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml import YAML

from config import load
from config.load import PIPELINE, Definition
from config.located import Place
from tasks.backtest.arms import Arm
from tasks.backtest.grid import leaves
from tasks.errors import Terminal

_MARK = "# Policy of a backtest: "


def applied(shipped: Definition, arm: Arm, evidence: str) -> str:
    """Write what the arm says otherwise into pipeline.yaml; the difference, as of `diff -u`.

    Above every section that changed a comment names the `evidence`; that of an earlier backtest
    is replaced. The new file is read back, in a folder of its own, before it takes the old one's
    place: it has to say exactly what the arm was backtested with. Raises `Terminal` when the
    pipeline's folder is not as it was when the backtest began, and when there is nothing to say.
    """
    path = shipped.folder / PIPELINE
    if not arm.overrides:
        raise Terminal(f"{arm.name} is {path} as it is: there is nothing to write")
    if load.config_hash(shipped.folder) != shipped.config_hash:
        raise Terminal(
            f"{shipped.folder} changed since the backtest began: nothing was written. Backtest "
            "what is there now; arms that did not change are not lived again"
        )
    before = path.read_bytes().decode("utf-8")
    after = marked(changed(before, arm.overrides), arm.overrides, evidence)
    _require_same(shipped, arm, after)
    part = path.with_name(f".{PIPELINE}.part")
    part.write_bytes(after.encode("utf-8"))
    shutil.copymode(path, part)
    part.replace(path)
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(*lines, f"a/{PIPELINE}", f"b/{PIPELINE}"))


def changed(text: str, overrides: Mapping[str, Any]) -> str:
    """A YAML document with the overrides in it, its other lines byte for byte as they were.

    >>> print(changed("gate: {mode: point}  # for now\\n", {"gate": {"mode": "refresh"}}), end="")
    gate: {mode: refresh}  # for now
    """
    text = text if text.endswith("\n") else f"{text}{_ending(text)}"
    for place, value in leaves(overrides):
        text = _set(text, place, value)
    return text


def marked(text: str, overrides: Mapping[str, Any], evidence: str) -> str:
    """The document with a comment above each section that the overrides are about."""
    end, told = _ending(text), " ".join(evidence.split())
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.split(":", 1)[0] in overrides and ":" in line:
            if lines and lines[-1].startswith(_MARK):
                lines.pop()
            lines.append(f"{_MARK}{told}{end}")
        lines.append(line)
    return "".join(lines)


def _require_same(shipped: Definition, arm: Arm, text: str) -> None:
    """The text, in the pipeline's folder, is what the arm was backtested with."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / shipped.folder.name
        shutil.copytree(shipped.folder, folder)
        (folder / PIPELINE).write_bytes(text.encode("utf-8"))
        said = load.definition(folder).pipeline
    if said != arm.definition.pipeline:
        raise Terminal(
            f"{shipped.folder / PIPELINE} with what {arm.name} says would not be what was "
            "backtested: nothing was written. Write it in by hand"
        )


def _set(text: str, place: Place, value: Any) -> str:
    """The document with one value at a place: one change, so that it is clear what it touches."""
    yaml = _yaml(text)
    document = yaml.load(text)
    same, (*above, last) = _dumped(yaml, document), place
    parent = document
    for key in above:
        if not isinstance(parent.get(key), Mapping):
            parent[key] = {}
        parent = parent[key]
    if value is None:
        parent.pop(last, None)
    else:
        parent[last] = value
    return _patched(text, same, _dumped(yaml, document))


def _patched(text: str, same: str, other: str) -> str:
    """What changed between two dumps, carried over to the text that the first is a dump of."""
    lines = text.splitlines(keepends=True)
    old, new = same.splitlines(), other.splitlines()
    if len(lines) != len(old):  # the dump broke a line: its own lines are all there is
        return other
    end = _ending(text)
    result: list[str] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind == "equal":
            result += lines[first:last]
            continue
        added = [f"{line}{end}" for line in new[new_first:new_last]]
        if kind == "insert":
            _insert(result, added)
        else:
            result += [*added, *_tail(lines[first:last])]
    return "".join(result)


def _insert(result: list[str], added: Sequence[str]) -> None:
    """Add lines to their section, before the empty lines and comments that begin the next."""
    indent = _indent(added[0])
    place = len(result)
    while place and indent and _is_aside(result[place - 1]) and _indent(result[place - 1]) < indent:
        place -= 1
    result[place:place] = added


def _tail(lines: Sequence[str]) -> list[str]:
    """Empty lines and comments at the end of what is taken away: they are about what follows."""
    kept = len(lines)
    while kept and _is_aside(lines[kept - 1]):
        kept -= 1
    return list(lines[kept:])


def _is_aside(line: str) -> bool:
    return not line.partition("#")[0].strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _yaml(text: str) -> YAML:
    """Round trips that keep quotes, and break no line that the text has in one piece."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = max(100, *(len(line) + 20 for line in text.splitlines()))
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _dumped(yaml: YAML, document: Any) -> str:
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
