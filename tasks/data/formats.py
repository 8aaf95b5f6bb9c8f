"""A file's bytes as rows, by the end of its name."""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from tasks.data import delimited, jsonlines, parquet
from tasks.data.raw import Raw
from tasks.data.unpacking import unpacked
from tasks.errors import Refused

READERS: Mapping[str, Callable[[bytes], Raw]] = {
    ".csv": delimited.rows,
    ".jsonl": jsonlines.rows,
    ".parquet": parquet.rows,
}
WRAPPINGS = (".gz", ".zip")


def parsed(name: str, data: bytes) -> Raw:
    """Rows of a file called `name`. Raises `Refused`, also for a kind of file nobody reads."""
    lowered = name.lower()
    inner = PurePath(lowered)
    if inner.suffix in WRAPPINGS:
        inner = inner.with_suffix("")
    reader = READERS.get(inner.suffix)
    if reader is None:
        known = ", ".join(READERS)
        raise Refused(
            "unknown_format",
            f"a file that ends in {inner.suffix!r}; known: {known}, plain or .gz, .zip",
        )
    return reader(unpacked(data, lowered))
