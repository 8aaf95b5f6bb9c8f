"""A replayed day gives the original rows and the original answers, bit for bit."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from tasks.data.lake import Read
from tasks.features.cohort import cohort
from tasks.features.splits import split, training_days
from tasks.predictions.replay import value
from tasks.predictions.scorer import Reign
from tasks.records import Decision
from tests.installation import Installation
from tests.shop import NAME, night
from tests.stateful.books import opened, rows_of


def snapshots(shop: Installation, latest: int | None = None) -> Iterator[str]:
    """What each attempt was trained and judged on is rebuilt from the table versions it names.

    To the digest, and no day of it was incomplete then.
    """
    judged = [each for each in shop.stores.ledger.decisions(NAME) if "snapshot" in each.evidence]
    for each in judged[-(latest or len(judged)) :]:
        yield from (f"decision {each.sequence}: {told}" for told in _rebuilt(shop, each))


def predictions(shop: Installation, latest: int | None = None) -> Iterator[str]:
    """Logged answers are given again, bit for bit, from the lake as it was when they were logged.

    By the version that reigned when the question was asked, as was on record then.
    """
    for scoring in _scorings(shop, latest):
        yield from (f"answers of {scoring.day}: {told}" for told in _differing(shop, scoring))


@dataclass(frozen=True)
class _Scoring:
    """One day's answers that were logged at once, and the tables' versions at that time."""

    day: date
    logged: pd.DataFrame
    versions: dict[str, int]
    reigns: tuple[Reign, ...]


def _rebuilt(shop: Installation, decision: Decision) -> Iterator[str]:
    saw, stores = decision.evidence["snapshot"], shop.stores
    assert isinstance(saw, dict)
    lake, as_of = stores.lake.at(saw["versions"]), datetime.fromisoformat(saw["as_of"])
    days = training_days(stores.definition, lake, as_of)
    built = cohort(stores.definition, lake, days, as_of)
    now = built.snapshot
    if (now.digest, now.rows, now.as_of) != (saw["digest"], saw["rows"], as_of):
        yield f"the snapshot was {saw['digest'][:8]} ({saw['rows']}), is {now.digest[:8]} now"
    before = decision.evidence["champion"]
    assert before is None or isinstance(before, int)
    through = stores.ledger.version(NAME, before).trained_through if before else None
    parts = split(built, through)
    for what, digest in (("training", parts.training_digest), ("holdout", parts.holdout_digest)):
        kept = decision.evidence[what]
        assert isinstance(kept, dict)
        if kept["digest"] != digest:
            yield f"the {what} rows were {kept['digest'][:8]}, are {digest[:8]} now"
    labels = opened(shop, "returns", now.versions["returns"])
    arrived = {row["_partition"] for row in rows_of(labels)}
    for of in map(date.fromisoformat, built.frame["day"].unique()):
        due = of + timedelta(days=1)
        if not {of.isoformat(), due.isoformat()} <= arrived or as_of.date() <= due:
            yield f"{of} was trained or judged on before its labels were complete"


def _scorings(shop: Installation, last: int | None) -> Iterator[_Scoring]:
    table = shop.stores.log.table
    if table.version() is None:
        return
    stamps = {name: _stamps(shop, name) for name in ("orders", "returns")}
    days = table.partitions()
    for day in days[-(last or len(days)) :]:
        known: set[tuple[str, float]] = set()
        for revision in reversed(table.history(day)):
            query = Read(first=day, last=day, version=revision.version)
            rows = pd.DataFrame(table.read(query).to_pylist())
            latest = {
                name: max(version for version, at in stamped if at <= revision.at)
                for name, stamped in stamps.items()
            }
            # A past night that was played again was answered from the lake of then, and says so.
            versions = latest | dict(revision.read)
            said = list(zip(rows["prediction_id"], rows["probability"], strict=True))
            new = rows[[each not in known for each in said]]
            known |= set(said)
            reigns = tuple(_reigns(shop, revision.at))
            yield _Scoring(date.fromisoformat(day), new, versions, reigns)


def _differing(shop: Installation, scoring: _Scoring) -> Iterator[str]:
    stores = shop.stores
    lake = stores.lake.at(scoring.versions)
    then = replace(stores.scorer, lake=lake, reigns=scoring.reigns)
    again = then.answers(scoring.day, night(scoring.day + timedelta(days=1)))
    again = again.set_index("prediction_id") if len(again) else again
    columns = ["version", "probability", *stores.definition.pipeline.features.columns]
    for row in scoring.logged.to_dict("records"):
        if row["prediction_id"] not in again.index:
            yield f"{row['order_id']} of v{row['version']} would not be asked of it"
            continue
        now = again.loc[row["prediction_id"]]
        unlike = [name for name in columns if not _equal(row[name], now[name])]
        if unlike:
            named = ", ".join(f"{name} {row[name]} now {now[name]}" for name in unlike)
            yield f"{row['order_id']} of v{row['version']}: {named}"


def _equal(old: object, new: object) -> bool:
    """Bit by bit; a null is a null, however it is spelled."""
    return value(old) == value(new)


def _stamps(shop: Installation, name: str) -> list[tuple[int, datetime]]:
    """Every version of a table of the lake, and when it was committed."""
    table = opened(shop, name)
    assert table is not None
    return [(each["version"], _instant(each["timestamp"])) for each in table.history()]


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _reigns(shop: Installation, by: datetime) -> Iterator[Reign]:
    """Who reigns since when, of the decisions that were on record by then."""
    with closing(sqlite3.connect(shop.home / "ledger.db")) as ledger:
        taken = ledger.execute(
            "SELECT as_of, champion, recorded_at FROM decisions "
            "WHERE champion IS NOT NULL ORDER BY sequence"
        ).fetchall()
    for as_of, champion, recorded_at in taken:
        if datetime.fromisoformat(recorded_at) <= by:
            yield Reign(datetime.fromisoformat(as_of), champion)
