"""A delivered file: its verdict, where its rows are, and what was answered and trained with it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from itertools import takewhile

import pandas as pd
import pyarrow.compute as pc

from config.hints import hint
from tasks.data.lake import DELIVERY, Read
from tasks.errors import Terminal
from tasks.predictions.log import question_names
from tasks.records import Admission, Delivery, Outcome
from tasks.stores import Stores
from tasks.tracing.sources import Identity, Sources
from tasks.tracing.versions import snapshot

_SHORTEST = 6  # characters of a digest
_LISTED = 5


@dataclass(frozen=True)
class Verdict:
    """What a delivery was judged to be; a refused one is judged again after a new configuration."""

    outcome: str
    code: str
    message: str
    warnings: tuple[str, ...]
    rows: int
    held: int
    table_version: int | None


@dataclass(frozen=True)
class InLake:
    """Rows of a delivery that its partition holds, at the latest version of its table."""

    rows: int
    table_version: int | None


@dataclass(frozen=True)
class InQuarantine:
    """Rows of a delivery that were held, for which reasons, and how many were released."""

    rows: int
    released: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Replacement:
    """The delivery that took a partition over, at which table version."""

    sha256: str
    file: str
    arrived_at: datetime | None
    table_version: int | None


@dataclass(frozen=True)
class FileTrace:
    """What came of a delivery. Without a verdict it waits in landing for the next ingest.

    `answered` counts predictions whose own question came from it, by version; `trained` are the
    versions whose snapshot held it.
    """

    table: str
    partition: str
    file: str
    sha256: str
    arrived_at: datetime
    size_bytes: int
    verdicts: tuple[Verdict, ...]
    in_lake: InLake
    in_quarantine: InQuarantine
    replaced_by: Replacement | None
    answered: Mapping[int, int]
    trained: tuple[int, ...]


def file(stores: Stores, name: str, as_of: datetime) -> FileTrace:
    """Trace a delivery by its path, the end of its path, or the beginning of its sha256.

    One that nobody has judged is looked for in landing, among those that had arrived by `as_of`.
    Raises `Terminal` naming the nearest when there is none, and all when there are several.
    """
    sources = Sources(stores)
    delivery = _delivery(sources, name, as_of)
    verdicts = [e for e in sources.admissions if _identity(e.delivery) == _identity(delivery)]
    delivery = verdicts[-1].delivery if verdicts else delivery
    return FileTrace(
        table=delivery.table,
        partition=delivery.partition,
        file=delivery.path,
        sha256=delivery.sha256,
        arrived_at=delivery.arrived_at,
        size_bytes=delivery.size_bytes,
        verdicts=tuple(map(_verdict, verdicts)),
        in_lake=_in_lake(sources, delivery),
        in_quarantine=_in_quarantine(stores, delivery),
        replaced_by=_replacement(sources, verdicts),
        answered=_answered(sources, delivery),
        trained=_trained(sources, delivery),
    )


def _delivery(sources: Sources, name: str, as_of: datetime) -> Delivery:
    """The one delivery of that name: of those on record, else of those in landing."""
    landing = sources.stores.settings.landing / sources.stores.name
    name = name.removeprefix(f"{landing}/")  # it may have been another when the file was judged
    known = [each.delivery for each in sources.admissions]
    found = _called(known, name)
    if not found:
        waiting = _waiting(sources.stores, as_of)
        known += waiting
        found = _called(waiting, name)
    if len(found) == 1:
        return found[0]
    if found:
        listed = "; ".join(f"{each.path}, sha256 {each.sha256[:12]}" for each in found[:_LISTED])
        raise Terminal(
            f"{len(found)} deliveries are called {name!r}: {listed}; name one by more of its path, "
            "or by the beginning of its sha256"
        )
    names = {spelled for each in known for spelled in (each.name, f"{each.table}/{each.name}")}
    tail = "/".join(name.split("/")[-2:])
    near = get_close_matches(tail, names, n=1)
    raise Terminal(
        f"none of {len({*map(_identity, known)}):,} deliveries is called {name!r}{hint(tail, near)}"
    )


def _called(known: Iterable[Delivery], name: str) -> list[Delivery]:
    found = {_identity(each): each for each in known if _is_called(each, name)}
    return list(found.values())


def _is_called(delivery: Delivery, name: str) -> bool:
    if len(name) >= _SHORTEST and delivery.sha256.startswith(name.lower()):
        return True
    paths = delivery.path, delivery.path.partition("?versionId=")[0]
    return any(f"/{path}".endswith(f"/{name.removeprefix('./')}") for path in paths)


def _waiting(stores: Stores, as_of: datetime) -> list[Delivery]:
    tables = stores.definition.pipeline.tables.items()
    return [e for name, table in tables for e in stores.source.deliveries(name, table, as_of)]


def _identity(delivery: Delivery) -> Identity:
    return delivery.table, delivery.partition, delivery.sha256


def _verdict(admission: Admission) -> Verdict:
    return Verdict(
        outcome=admission.outcome.value,
        code=admission.code,
        message=admission.message,
        warnings=admission.warnings,
        rows=admission.rows,
        held=admission.held,
        table_version=admission.table_version,
    )


def _in_lake(sources: Sources, delivery: Delivery) -> InLake:
    table = sources.stores.lake.table(delivery.table)
    version = sources.past.latest.get(delivery.table)
    if version is None:
        return InLake(0, None)
    only, theirs = delivery.partition, pc.field(DELIVERY) == delivery.sha256
    return InLake(table.read(Read((DELIVERY,), only, only, where=theirs)).num_rows, version)


def _in_quarantine(stores: Stores, delivery: Delivery) -> InQuarantine:
    every = stores.quarantine.held(delivery.table, delivery.partition, include_released=True)
    held = [each for each in every if each.delivery == delivery.sha256]
    return InQuarantine(
        rows=len(held),
        released=sum(each.released_at is not None for each in held),
        reasons=dict(Counter(reason for each in held for reason in each.reasons)),
    )


def _replacement(sources: Sources, verdicts: Sequence[Admission]) -> Replacement | None:
    """The next delivery of the partition that was accepted, after the last word on this one."""
    if not verdicts:
        return None
    before = takewhile(lambda each: each is not verdicts[-1], reversed(sources.admissions))
    its = verdicts[-1].delivery
    later = [
        each
        for each in before
        if each.outcome is Outcome.ACCEPTED
        and (each.delivery.table, each.delivery.partition) == (its.table, its.partition)
        and each.delivery.sha256 != its.sha256
    ]
    if not later:
        return None
    new = later[-1]
    return Replacement(
        new.delivery.sha256, new.delivery.path, new.delivery.arrived_at, new.table_version
    )


def _answered(sources: Sources, delivery: Delivery) -> dict[int, int]:
    """Predictions by version whose question was one of its rows when it was answered."""
    stores = sources.stores
    is_asked = delivery.table == stores.definition.pipeline.question.table
    if not is_asked or _identity(delivery) not in sources.accepted:
        return {}
    counted, seen = Counter[int](), set[str]()
    for state in stores.log.states(date.fromisoformat(delivery.partition)):
        logged = _logged(stores, delivery.partition, state.version)
        new = logged[~logged["prediction_id"].isin(seen)]
        version = sources.past.versions(state.at)[delivery.table]
        asked = _questions(stores, delivery, version)
        counted.update(new.loc[new["question"].isin(asked), "version"].tolist())
        seen.update(new["prediction_id"])
    return dict(sorted(counted.items()))


def _logged(stores: Stores, day: str, version: int) -> pd.DataFrame:
    """The predictions of a day at a version of the log, by the name of their question."""
    key = stores.definition.pipeline.question.key
    read = Read(("prediction_id", "version", *key), day, day, version=version)
    rows: pd.DataFrame = stores.log.table.read(read).to_pandas()
    return rows.assign(question=question_names(rows[[*key]]))


def _questions(stores: Stores, delivery: Delivery, version: int) -> "pd.Series[str]":
    """The names of the delivery's own rows at a version of its table."""
    key, only = stores.definition.pipeline.question.key, delivery.partition
    theirs = pc.field(DELIVERY) == delivery.sha256
    read = Read((*key,), only, only, version=version, where=theirs)
    return question_names(stores.lake.table(delivery.table).read(read).to_pandas())


def _trained(sources: Sources, delivery: Delivery) -> tuple[int, ...]:
    """The versions whose snapshot held it, in a partition that their rows were made from."""
    stores = sources.stores
    seen = {d.version: snapshot(d.evidence) for d in stores.ledger.decisions(stores.name)}
    name = _identity(delivery)
    return tuple(sorted(n for n, each in seen.items() if each and sources.holds(each, name)))
