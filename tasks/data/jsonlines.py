"""JSON lines: one flat object a line, kept as the text that was sent."""

import json
from collections.abc import Mapping

from tasks.data.raw import MAX_CELL_CHARACTERS, Misfit, Raw, laid_out, named
from tasks.data.text import decoded, refuse_foreign
from tasks.errors import Refused


def rows(data: bytes) -> Raw:
    """Rows of a JSON lines file; a key that a line does not have is null there.

    Numbers stay the digits that were sent, so no identifier is rounded. A line that is no object,
    or holds a nested one, is a misfit. Raises `Refused`: empty_file, not_json, encoding, nul_byte,
    truncated, too_large.
    """
    refuse_foreign(data, "not_json", {})
    text = decoded(data)
    lines = [line for line in text.split("\n") if line.strip()]
    found: dict[int, Mapping[str, str | None]] = {}
    misfits = []
    for number, line in enumerate(lines):
        try:
            found[number] = _cells(line)
        except (ValueError, RecursionError) as error:
            misfits.append(Misfit(number, _reason(error), {"_line": line}))
    if not text.endswith("\n") and misfits and misfits[-1].row == len(lines) - 1:
        raise Refused("truncated", f"the last line is cut: {lines[-1][-80:]!r}; send the file anew")
    if not found:
        raise Refused(
            "not_json",
            f"{len(lines)} of {len(lines)} lines are no flat JSON object; "
            f"first: {lines[0][:80]!r}; write one object a line, without a list around them",
        )
    names = named(list(dict.fromkeys(name for cells in found.values() for name in cells)))
    table = laid_out(names, [[cells.get(name) for name in names] for cells in found.values()])
    return Raw(table, list(found), tuple(misfits))


class NestedCellError(ValueError):
    """A list or an object where a single value belongs."""


def _cells(line: str) -> Mapping[str, str | None]:
    kept = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    if not isinstance(kept, dict):
        raise ValueError("no object")
    return {name: _cell(name, value) for name, value in kept.items()}


def _cell(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise NestedCellError(f"nested:{name}")
    if len(value) > MAX_CELL_CHARACTERS:
        raise Refused("too_large", f"a cell of {name!r} has {len(value)} characters")
    if "\0" in value:
        raise Refused("nul_byte", f"a cell of {name!r} has a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Refused("encoding", f"a cell of {name!r} has half a character: {error}") from error
    return value


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, NestedCellError) else "not_json"
