"""Where a prediction came from, what a version scored, and what came of a delivered file."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click

_SHORTEST = 6  # characters of an id


@dataclass(frozen=True)
class Asked:
    """What is to be traced: exactly one of them is given."""

    prediction_id: str | None = None
    version: int | None = None
    file: str | None = None


def meant(names: tuple[str, ...], version: int | None, file: str | None) -> tuple[Asked, str]:
    """What is asked about, and of which pipeline: `[PREDICTION_ID] [PIPELINE]`."""
    words = list(names)
    prediction = words.pop(0) if words and version is None and file is None else None
    if len(words) > 1:
        raise click.UsageError("at most a prediction and a pipeline; --version or --file instead")
    return Asked(prediction, version, file), words[0] if words else "flights"


def run(asked: Asked, pipeline: str, as_json: bool) -> None:
    """Print what is asked for; `Corrupt` when a prediction cannot be given again to the bit."""
    given = [each for each in (asked.prediction_id, asked.version, asked.file) if each is not None]
    if len(given) != 1:
        raise click.UsageError(
            f"{len(given)} things to trace: say one of a prediction's id, --version and --file"
        )
    if asked.prediction_id is not None:
        _prediction(asked.prediction_id, pipeline, as_json)
    elif asked.version is not None:
        _version(asked.version, pipeline, as_json)
    elif asked.file is not None:
        _file(asked.file, pipeline, as_json)


def _prediction(name: str, pipeline: str, as_json: bool) -> None:
    if len(name) < _SHORTEST:
        raise click.BadParameter(f"{name!r} is too short: {_SHORTEST} characters at least")
    from tasks.models import nursery

    # It loads what the model needs, while we read what the model is to be asked.
    nursery.prepare(nursery.ASKING)
    with _staying():
        from deployments import explain, show, traced
        from tasks.errors import Corrupt
        from tasks.stores import open_stores
        from tasks.tracing.predictions import Tracer

    found = Tracer(open_stores(pipeline)).trace(name.lower())
    if as_json:
        show.document({**asdict(found), "told": found.rescored.told})
    else:
        traced.prediction(found)
        if found.explanation:
            explain.split(found.explanation, 10)
    if not found.rescored.same_bits:
        raise Corrupt(f"version {found.answer.version} {found.rescored.told}")


def _version(number: int, pipeline: str, as_json: bool) -> None:
    with _staying():
        from deployments import show, traced
        from tasks.stores import open_stores
        from tasks.tracing import versions

    found = versions.version(open_stores(pipeline), number)
    if as_json:
        show.document(found)
    else:
        traced.version(found)


def _file(name: str, pipeline: str, as_json: bool) -> None:
    with _staying():
        from deployments import show, traced
        from tasks.stores import open_stores
        from tasks.tracing import files

    found = files.file(open_stores(pipeline), name, datetime.now(UTC))
    if as_json:
        show.document(found)
    else:
        traced.file(found)


@contextmanager
def _staying() -> Iterator[None]:
    """What is imported here stays: the collector looks for garbage elsewhere, also when we end.

    Otherwise it takes a sixth of the time of a trace. Only in a process that has just begun:
    DuckDB's bindings, once they are loaded, report what the collector is kept from as leaks.
    """
    gc.disable()
    yield
    if "duckdb" not in sys.modules:
        gc.freeze()
    gc.enable()
