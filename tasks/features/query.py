"""The one feature query, run over rows that were known by a given moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
    """Rows of every table that were known by `known_by`, from the query's look-back to the end."""
    pipeline = definition.pipeline
    first = days.first - timedelta(days=pipeline.features.lookback_days + 1)
    last = days.last + timedelta(days=pipeline.label.complete_after_days + 1)
    return {
        name: lake.table(name).read(
            Read(
                columns=tuple(table.columns),
                first=first.isoformat(),
                last=last.isoformat(),
                known_by=known_by,
                known_at=table.known_at,
            )
        )
        for name, table in pipeline.tables.items()
    }


def features(definition: Definition, tables: Tables, days: Days) -> pd.DataFrame:
    """Answer the feature query for every question of `days`.

    One row a question, in order of time and key: the key, `day` (the question's partition),
    `asked_at`, the event time, then the model inputs; numbers are float64, categories are
    strings or None. Rows that were not known when they were asked are not asked.
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
    _require_shape(definition, asked, answer)
    key = list(pipeline.question.key)
    frame = asked.merge(answer[[*key, *pipeline.features.columns]], on=key, validate="1:1")
    return _typed(definition, frame).sort_values(
        [pipeline.question.event_time, *key], ignore_index=True
    )


def labels(definition: Definition, tables: Tables) -> pd.DataFrame:
    """What turned out: the question's key and the label as 0 or 1, of rows in `tables`."""
    label, key = definition.pipeline.label, ", ".join(definition.pipeline.question.key)
    query = f"SELECT {key}, ({label.expression})::TINYINT AS {label.name} FROM {label.table}"  # noqa: S608 - the definition is trusted, it is code
    return answers(tables, query)[0]


def _questions(definition: Definition, days: Days) -> str:
    question = definition.pipeline.question
    table = definition.pipeline.tables[question.table]
    return f"""
        CREATE TEMP VIEW questions AS
        SELECT * FROM (SELECT *, {question.asked_at} AS asked_at FROM {question.table})
        WHERE {table.partition} BETWEEN DATE '{days.first}' AND DATE '{days.last}'
            AND {table.known_at} <= asked_at
    """  # noqa: S608 - the definition is trusted, it is code


def _question_columns(definition: Definition) -> str:
    question = definition.pipeline.question
    partition = definition.pipeline.tables[question.table].partition
    columns = ", ".join(question.key)
    return (
        f"SELECT {columns}, strftime({partition}, '%Y-%m-%d') AS day, asked_at, "  # noqa: S608 - the definition is trusted, it is code
        f"{question.event_time} FROM questions"
    )


def _require_shape(definition: Definition, asked: pd.DataFrame, answer: pd.DataFrame) -> None:
    pipeline = definition.pipeline
    wanted = (*pipeline.question.key, *pipeline.features.columns)
    missing = [name for name in wanted if name not in answer]
    extra = [name for name in answer if name not in wanted]
    where = f"{pipeline.features.query} of {pipeline.name}"
    if missing or extra:
        raise Terminal(
            f"{where}: {len(missing)} columns missing {missing}, {len(extra)} not declared "
            f"{extra}; name the same columns under features in pipeline.yaml"
        )
    if len(answer) != len(asked) or answer.duplicated(list(pipeline.question.key)).any():
        raise Terminal(
            f"{where}: {len(answer)} rows for {len(asked)} questions; it must give exactly one "
            "row a question: look for a join that drops or doubles rows"
        )


def _typed(definition: Definition, frame: pd.DataFrame) -> pd.DataFrame:
    features = definition.pipeline.features
    numeric = {name: frame[name].astype("float64") for name in features.numeric}
    categorical = {
        name: frame[name].astype(object).where(frame[name].notna(), None)
        for name in features.categorical
    }
    return frame.assign(**numeric, **categorical)
