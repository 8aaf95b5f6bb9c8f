"""Logged answers that were given from what a partition held before."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import pandas as pd

from tasks.features.cells import differing
from tasks.features.redelivery import GONE, LABEL, NEW, Redelivery, State
from tasks.predictions.log import question_names
from tasks.predictions.rescorer import Rescorer
from tasks.stores import Stores

NO_INPUTS = frozenset({GONE, NEW, LABEL})
"""Of what a question has beside its inputs: no answer to it is another one by that."""

Questions = Mapping[State, pd.DataFrame]
"""What `touched` found, by the state that was compared with what is there now."""


@dataclass(frozen=True)
class Outdated:
    """How many answers of a version to questions of a day have other inputs by now."""

    day: date
    version: int
    rows: int


def rescorer(stores: Stores) -> Rescorer:
    """Gives outdated answers again, each by the version that gave it."""
    load = cache(stores.model)
    return Rescorer(stores.definition, stores.lake, stores.log, load, stores.reference)


def outdated(stores: Stores, of: Redelivery, questions: Questions, as_of: datetime) -> pd.DataFrame:
    """The logged answers that stand on an earlier state: their key, `day` and `version`.

    Their inputs are other ones in the lake now, and this partition has a part in it. An answer
    that was given while the partition changed is known by the inputs that it had before.
    """
    key = list(stores.definition.pipeline.question.key)
    asked = pd.concat([_with_inputs(rows) for rows in questions.values()])
    found = rescorer(stores).outdated(asked.drop_duplicates(key), as_of)
    if found.empty:
        return found.reindex(columns=[*key, "day", "version"])
    whats = {state: _by_name(rows, key) for state, rows in questions.items()}
    names = question_names(found[key])
    then = {id: state for day in found["day"].unique() for id, state in _given(stores, of, day)}
    stands = [
        _stands(row, then[row["prediction_id"]], {s: what.get(name) for s, what in whats.items()})
        for name, row in zip(names, found.to_dict("records"), strict=True)
    ]
    return found[stands].reset_index(drop=True)[[*key, "day", "version"]]


def counted(answers: pd.DataFrame) -> tuple[Outdated, ...]:
    """Outdated answers by day and version."""
    sizes = answers.groupby(["day", "version"]).size()
    return tuple(
        Outdated(date.fromisoformat(str(day)), int(version), int(rows))
        for (day, version), rows in zip(sizes.index.to_list(), sizes, strict=True)
    )


def has_inputs(questions: pd.DataFrame) -> "pd.Series[bool]":
    """Which questions have other inputs than before."""
    found = [bool(set(what) - NO_INPUTS) for what in questions["what"]]
    return pd.Series(found, questions.index, dtype=bool)


_What = Mapping[str, object]


def _with_inputs(questions: pd.DataFrame) -> pd.DataFrame:
    return questions[has_inputs(questions)].drop(columns="what")


def _by_name(questions: pd.DataFrame, key: Sequence[str]) -> Mapping[str, _What]:
    with_inputs = questions[has_inputs(questions)]
    return dict(zip(question_names(with_inputs[[*key]]), with_inputs["what"], strict=True))


def _stands(
    row: Mapping[Hashable, object], then: State | None, whats: Mapping[State, _What | None]
) -> bool:
    """Whether an answer stands on a state in which its question had other inputs."""
    if then is not None and then in whats:
        return whats[then] is not None
    return any(what is not None and _had(row, what) for what in whats.values())


def _had(row: Mapping[Hashable, object], what: _What) -> bool:
    """Whether it was logged with those inputs."""
    before = {name: value for name, value in what.items() if name not in NO_INPUTS}
    logged = pd.DataFrame([{name: row.get(name) for name in before}])
    return not differing(logged, pd.DataFrame([before])).any(axis=None)


def _given(stores: Stores, of: Redelivery, day: str) -> list[tuple[str, State | None]]:
    """What the partition held when each answer of a day got its present value, by its id."""
    on = date.fromisoformat(day)
    found: dict[str, State | None] = {}
    before = pd.DataFrame({"prediction_id": pd.Series(dtype="str")})
    for revision in stores.log.states(on):
        rows = stores.log.read(on, on, revision.version)
        read = revision.read.get(of.table)
        state = of.there(revision.at) if read is None else of.read_by(read)
        found |= dict.fromkeys(_new(before, rows), state)
        before = rows
    return [*found.items()]


def _new(before: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """The ids of rows that were not there before as they are, in the columns of both."""
    shared = [name for name in rows if name in before]
    was, now = (pd.util.hash_pandas_object(each[shared], index=False) for each in (before, rows))
    there = set(zip(before["prediction_id"], was, strict=True))
    pairs = zip(rows["prediction_id"], now, strict=True)
    return [name for name, content in pairs if (name, content) not in there]
