"""The one feature query, run over rows that were known by a given moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from config.load import Definition
from tasks.data.lake import Lake, Read
from tasks.errors import Terminal
from tasks.features.database import answers

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Days:
    """First and last day asked about, both included."""

    first: date
    last: date


def known_tables(lake: Lake, definition: Definition, days: Days, known_by: datetime) -> Tables:
    """Rows of every table that were known by `known_by`, from the query's look-back to the end.

    Of a lake `at` earlier table versions: what it held then, whatever was delivered again since.
    """
    first, last = span(definition, days)
    return {
        name: lake.table(name).read(
            Read(
                columns=tuple(table.columns),
                first=first,
                last=last,
                known_by=known_by,
                known_at=table.known_at,
            )
        )
        for name, table in definition.pipeline.tables.items()
    }


def span(definition: Definition, days: Days) -> tuple[str, str]:
    """The first and last partition that what is asked on these days may depend on."""
    pipeline = definition.pipeline
    first = days.first - timedelta(days=pipeline.features.lookback_days + 1)
    last = days.last + timedelta(days=pipeline.label.complete_after_days + 1)
    return first.isoformat(), last.isoformat()


def features(definition: Definition, tables: Tables, days: Days) -> pd.DataFrame:
    """Answer the feature query for every question of `days`.

    One row a question, in order of time and key: the key, `day` (the question's partition),
    `asked_at`, the event time (both instants in UTC, as is a time without a zone), then the
    model inputs and the context; numbers are float64, categories and context strings or None.
    Rows that were not known when they were asked are not asked. Raises `Terminal` naming what
    the query does wrong.
    """
    pipeline = definition.pipeline
    try:
        _, asked, answer = answers(
            tables,
            _questions(definition, days),
            _question_columns(definition),
            definition.features_sql,
        )
    except ValueError as error:
        raise Terminal(f"{pipeline.features.query} of {pipeline.name}: {error}") from error
    _require_columns(definition, answer)
    frame = _joined(definition, asked, answer)
    return typed(definition, frame).sort_values(
        [pipeline.question.event_time, *pipeline.question.key], ignore_index=True
    )


def questions(definition: Definition, lake: Lake, days: Days, known_by: datetime) -> pd.DataFrame:
    """What is asked on `days` by rows known by `known_by`: key, `day`, `asked_at`, event time."""
    name = definition.pipeline.question.table
    table = definition.pipeline.tables[name]
    rows = lake.table(name).read(
        Read(
            columns=tuple(table.columns),
            first=days.first.isoformat(),
            last=days.last.isoformat(),
            known_by=known_by,
            known_at=table.known_at,
        )
    )
    statements = _questions(definition, days), _question_columns(definition)
    try:
        return answers({name: rows}, *statements)[1]
    except ValueError as error:
        raise Terminal(f"question.asked_at of {definition.pipeline.name}: {error}") from error


def labels(definition: Definition, tables: Tables) -> pd.DataFrame:
    """What turned out: the question's key and the label as 0 or 1, of rows in `tables`.

    A row whose label is null has not turned out yet. Raises `Terminal` when the expression
    fails, or when a question has more than one label.
    """
    pipeline = definition.pipeline
    label, key = pipeline.label, list(pipeline.question.key)
    query = f"""
        SELECT {", ".join(key)}, ({label.expression})::BOOLEAN::TINYINT AS {label.name}
        FROM {label.table} WHERE ({label.expression}) IS NOT NULL
    """  # noqa: S608 - the definition is trusted, it is code
    try:
        (frame,) = answers(tables, query)
    except ValueError as error:
        raise Terminal(f"label.expression of {pipeline.name}: {error}") from error
    _require_unique(frame, key, f"{label.table} has", "labels: one row a question, please")
    return frame


def typed(definition: Definition, frame: pd.DataFrame) -> pd.DataFrame:
    """Model inputs of a frame in the types that every model is asked in, wherever they come from.

    Numbers are float64, categories and context `str`, either with nan for null; other columns
    stay as they are. Raises `Terminal` where a column holds something else.
    """
    features = definition.pipeline.features
    numeric = {n: _number(definition, frame[n]) for n in features.numeric if n in frame}
    declared = dict.fromkeys(features.categorical, "categorical")
    declared |= dict.fromkeys(features.context, "context")
    texts = {n: _text(definition, frame[n], kind) for n, kind in declared.items() if n in frame}
    return frame.assign(**numeric, **texts)


def _questions(definition: Definition, days: Days) -> str:
    question = definition.pipeline.question
    table = definition.pipeline.tables[question.table]
    return f"""
        CREATE TEMP VIEW questions AS
        SELECT * FROM (
            SELECT *, ({question.asked_at})::TIMESTAMPTZ AS asked_at FROM {question.table}
        )
        WHERE {table.partition} BETWEEN DATE '{days.first}' AND DATE '{days.last}'
            AND {table.known_at} <= asked_at
    """  # noqa: S608 - the definition is trusted, it is code


def _question_columns(definition: Definition) -> str:
    question = definition.pipeline.question
    partition = definition.pipeline.tables[question.table].partition
    columns = ", ".join(question.key)
    return (
        f"SELECT {columns}, strftime({partition}, '%Y-%m-%d') AS day, asked_at, "  # noqa: S608 - the definition is trusted, it is code
        f"{question.event_time}::TIMESTAMPTZ AS {question.event_time} FROM questions"
    )


def _require_columns(definition: Definition, answer: pd.DataFrame) -> None:
    pipeline = definition.pipeline
    wanted = (*pipeline.question.key, *pipeline.features.answered)
    missing = [name for name in wanted if name not in answer]
    extra = [name for name in answer if name not in wanted]
    if missing or extra:
        raise Terminal(
            f"{_where(definition)}: {len(missing)} columns missing {missing}, {len(extra)} not "
            f"declared {extra}; name the same columns under features in pipeline.yaml"
        )


def _joined(definition: Definition, asked: pd.DataFrame, answer: pd.DataFrame) -> pd.DataFrame:
    """Questions beside their answers, one row each."""
    pipeline = definition.pipeline
    key = list(pipeline.question.key)
    _require_unique(asked, key, f"{pipeline.question.table} has", "rows in the days asked about")
    answered = answer[[*key, *pipeline.features.answered]]
    try:
        frame = asked.merge(answered, on=key, validate="1:1")
    except ValueError:  # doubled, or keys of another type
        frame = asked.head(0)
    if len(frame) != len(asked) or len(answer) != len(asked):
        raise Terminal(
            f"{_where(definition)}: {len(answer)} rows for {len(asked)} questions, {len(frame)} of "
            "them matched; it must give exactly one row a question: look for a join that drops or "
            f"doubles rows, or that changes {', '.join(key)}"
        )
    return frame


def _require_unique(frame: pd.DataFrame, key: list[str], who: str, what: str) -> None:
    double = frame[frame.duplicated(key)]
    if len(double):
        first = ", ".join(f"{name} {double.iloc[0][name]}" for name in key)
        raise Terminal(f"{who} {len(double)} questions with several {what} (first: {first})")


def _number(definition: Definition, column: "pd.Series[Any]") -> "pd.Series[float]":
    try:
        return column.astype("float64")
    except (TypeError, ValueError) as error:
        raise Terminal(
            f"{_where(definition)}: {column.name} is declared numeric and is {column.dtype} "
            f"({error}); cast it in SQL, or declare it under features.categorical"
        ) from error


def _text(definition: Definition, column: "pd.Series[Any]", declared: str) -> "pd.Series[Any]":
    texts = column.astype(object).where(column.notna(), None)
    kind = pd.api.types.infer_dtype(texts, skipna=True)
    if kind not in ("string", "empty"):
        # Numbers as categories would change type with the first null of a day.
        raise Terminal(
            f"{_where(definition)}: {column.name} is declared {declared} and is {kind}; write "
            f"{column.name}::VARCHAR"
        )
    return texts.astype("str")  # nulls as training reads them: encoders tell None and nan apart


def _where(definition: Definition) -> str:
    return f"{definition.pipeline.features.query} of {definition.pipeline.name}"
