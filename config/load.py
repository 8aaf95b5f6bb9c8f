"""Pipelines read from their folders; every problem told at once, with file, line and key."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config.expectations import Suite
from config.hints import hint
from config.located import Document, Place, Problem, document
from config.schema import Pipeline
from config.settings import Settings

PIPELINE = "pipeline.yaml"
EXPECTATIONS = "expectations.yaml"

T = TypeVar("T")


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` are all that were found, in file order."""

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = tuple(str(problem) for problem in problems)
        count = f"{len(self.problems)} problems:\n" if len(self.problems) > 1 else ""
        super().__init__(count + "\n".join(self.problems))


@dataclass(frozen=True)
class Definition:
    """A pipeline as its folder defines it; `config_hash` is a sha256 over every file there.

    `files` are those files by their path from the folder, as they were when it was hashed.
    """

    folder: Path
    pipeline: Pipeline
    suites: Mapping[str, Suite]
    features_sql: str
    config_hash: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def trained_on(self, days: int | None) -> "Definition":
        """The same with a training window of at most `days`; itself for None.

        Never less than `min_train_days`, and never more than is configured.
        """
        if days is None:
            return self
        windows = self.pipeline.windows
        most = max(days, windows.min_train_days)
        if windows.max_train_days is not None:
            most = min(most, windows.max_train_days)
        narrower = windows.model_copy(update={"max_train_days": most})
        return replace(self, pipeline=self.pipeline.model_copy(update={"windows": narrower}))


def pipelines(settings: Settings) -> list[str]:
    """Names of the pipelines that are defined, in alphabetical order."""
    return sorted(found.parent.name for found in settings.pipelines.glob(f"*/{PIPELINE}"))


def pipeline(settings: Settings, name: str) -> Definition:
    """The whole definition of a pipeline. Raises `ConfigError`, also for a name nobody defined."""
    known = pipelines(settings)
    if name not in known:
        found = hint(name, known) or "; there is none"
        raise ConfigError([f"no pipeline {name!r} in {settings.pipelines}{found}"])
    return definition(settings.pipelines / name)


def definition(folder: Path) -> Definition:
    """The whole definition in a folder that is named like its pipeline. Raises `ConfigError`."""
    parsed, described = _pipeline(folder)
    problems = []
    if described.name != folder.name:
        told = f"{described.name!r} must be the name of its folder, {folder.name!r}"
        problems.append(parsed.problem(("name",), told))
    query = folder / described.features.query
    if not query.is_file():
        near = hint(query.name, (path.name for path in folder.glob("*.sql")))
        problems.append(parsed.problem(("features", "query"), f"no file {query.name!r}{near}"))
    suites, more = _suites(folder, described)
    if problems + more:
        raise ConfigError(problems + more)
    files = _files(folder)
    sql = query.read_text(encoding="utf-8")
    return Definition(folder, described, suites, sql, _hashed(files), files)


def load_pipeline(folder: Path) -> Pipeline:
    """What the folder's `pipeline.yaml` says. Raises `ConfigError`."""
    return _pipeline(folder)[1]


def load_expectations(folder: Path) -> dict[str, Suite]:
    """The folder's `expectations.yaml`: a suite for every table of its pipeline, by table.

    Raises `ConfigError`, also for a table or column that the pipeline does not declare, and for
    a table without an expectation that could hold a row or refuse a delivery.
    """
    suites, problems = _suites(folder, load_pipeline(folder))
    if problems:
        raise ConfigError(problems)
    return suites


def config_hash(folder: Path) -> str:
    """sha256 (hex) over names and bytes of the folder's files, but notes (`.md`), caches and
    hidden ones.
    """
    return _hashed(_files(folder))


def _files(folder: Path) -> dict[str, bytes]:
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        name.as_posix(): (folder / name).read_bytes()
        for name in names
        if name.suffix != ".md"
        and not any(part.startswith((".", "__pycache__")) for part in name.parts)
    }


def _hashed(files: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def validated(parsed: Document, kind: type[T]) -> tuple[T | None, list[Problem]]:
    """The value as the kind says (strictly: no text for a number), and all that is wrong."""
    unreadable = parsed.value is None and parsed.problems
    if unreadable:
        return None, parsed.problems
    try:
        value = TypeAdapter(kind).validate_json(json.dumps(parsed.value), strict=True)
    except ValidationError as error:
        found = [_problem(parsed, kind, each) for each in error.errors(include_url=False)]
        return None, sorted({*parsed.problems, *found})
    return value, sorted(parsed.problems)


def _pipeline(folder: Path) -> tuple[Document, Pipeline]:
    parsed = document(folder / PIPELINE)
    described, problems = validated(parsed, Pipeline)
    if described is None or problems:
        raise ConfigError(problems)
    return parsed, described


def _suites(folder: Path, described: Pipeline) -> tuple[dict[str, Suite], list[Problem]]:
    parsed = document(folder / EXPECTATIONS)
    suites, problems = validated(parsed, dict[str, Suite])
    if suites is None:
        return {}, problems
    for name in (name for name in suites if name not in described.tables):
        told = f"the pipeline has no such table{hint(name, described.tables)}"
        problems.append(parsed.problem((name,), told))
    for name, table in described.tables.items():
        for place, told in suites.get(name, Suite()).faults(table):
            problems.append(parsed.problem((name, *place), told))
    return suites, sorted(problems)


def _problem(parsed: Document, kind: Any, error: ErrorDetails) -> Problem:
    place: Place = tuple(part for part in error["loc"] if part != "[key]")
    given, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            told = "unknown key" + hint(place[-1], _known_keys(kind, place[:-1]))
        case "missing":
            told = "required key is missing"
        case "value_error":
            told = str(context["error"])
        case "literal_error":
            expected = context["expected"]
            told = f"must be {expected}, not {given!r}{hint(given, expected.split(chr(39))[1::2])}"
        case _:
            told = f"{_in_yaml_words(error['msg'])}, not {_short(given)}"
    return parsed.problem(place, told)


def _known_keys(kind: Any, place: Place) -> list[str]:
    """Keys that the model at a place knows, found by walking down the annotations."""
    for part in place:
        kind = _below(kind, part)
    model = _model(kind)
    return list(model.model_fields) if model else []


def _below(kind: Any, part: str | int) -> Any:
    model = _model(kind)
    if model:
        known = model.model_fields.get(str(part))
        return known.annotation if known else None
    return next(reversed([each for each in get_args(kind) if each is not ...]), None)


def _model(kind: Any) -> type[BaseModel] | None:
    """The model behind an annotation, if it is one, or is one or none."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is UnionType and len(get_args(kind)) == 2 and NoneType in get_args(kind):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _in_yaml_words(message: str) -> str:
    words = {"Input should": "must", "String should": "must", "array": "list", "object": "mapping"}
    for word, ours in words.items():
        message = message.replace(word, ours)
    return message


def _short(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."
