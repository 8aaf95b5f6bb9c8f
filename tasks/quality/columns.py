"""Whether a delivery has the columns that were agreed, and what went wrong if it has not."""

from collections.abc import Sequence
from difflib import get_close_matches

from config.schema import Table
from tasks.errors import Refused

DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
INDEX_NAMES = ("", "Unnamed", "__index_level_")


def refuse_other_columns(delivered: Sequence[str], table: Table) -> tuple[str, ...]:
    """Warnings about columns that the table ignores; their order never matters.

    Raises `Refused` (columns_mismatch) with the missing and extra names and the likely cause.
    """
    missing = [name for name in table.columns if name not in delivered]
    extra = [name for name in delivered if name not in table.columns]
    if not missing and not extra:
        return ()
    if not missing and table.extra_columns == "ignore":
        return (f"{len(extra)} columns ignored: {_listed(extra)}",)
    counts = [
        f"{len(names)} of {total} columns {what}: {_listed(names)}"
        for names, total, what in (
            (missing, len(table.columns), "missing"),
            (extra, len(delivered), "not declared"),
        )
        if names
    ]
    raise Refused("columns_mismatch", "; ".join(counts) + _hint(missing, extra))


def _hint(missing: list[str], extra: list[str]) -> str:
    for delimiter, name in DELIMITERS.items():
        if any(delimiter in column for column in extra):
            return f"; is it delimited by {name}? write commas"
    near = [(name, _nearest(name, missing)) for name in extra]
    renamed = [f"{_shown(name)} to {known!r}" for name, known in near if known]
    if renamed:
        return f"; rename {', '.join(renamed)}"
    if any(name == "" or name.startswith(INDEX_NAMES[1:]) for name in extra):
        return "; write the file without its index column"
    if not missing:
        return "; declare them, or set extra_columns: ignore"
    return ""


def _nearest(name: str, missing: list[str]) -> str | None:
    plain = {known.casefold(): known for known in missing}
    stripped = "".join(c for c in name if c.isprintable()).strip().casefold()
    matches = get_close_matches(stripped, plain, n=1)
    return plain[matches[0]] if matches else None


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(_shown, names[:most])) + more


def _shown(name: str) -> str:
    """Quoted, with everything that the eye does not see escaped."""
    return ascii(name[:60])
