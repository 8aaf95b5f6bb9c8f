"""A real ledger in a file of its own for every test, and the entries to fill it with."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tasks.ledger.decisions import Entry
from tasks.ledger.ledger import Ledger
from tasks.records import (
    Admission,
    Delivery,
    Intent,
    Interval,
    Kind,
    ModelVersion,
    Outcome,
    Performance,
)

START = datetime(2013, 3, 15, 7, tzinfo=UTC)


def night(number: int) -> datetime:
    """The logical time of a night."""
    return START + timedelta(days=number)


def entry(ledger: Ledger, kind: Kind, version: int, champion: int | None) -> Entry:
    """An entry as a caller that has just read the ledger would make it."""
    generation = ledger.generation("flights")
    return Entry(
        pipeline="flights",
        kind=kind,
        as_of=night(generation),
        key=f"{kind.value} {version}",
        version=version,
        champion=champion,
        reason="roc_auc .73 against .70",
        evidence={"roc_auc": 0.73, "checks": [{"code": "floor", "value": float("nan")}]},
        generation=generation,
        recorded_at=night(1000),
    )


def promote(ledger: Ledger, version: int) -> None:
    ledger.decide(entry(ledger, Kind.PROMOTED, version, version))


def refuse(ledger: Ledger, version: int) -> None:
    ledger.decide(entry(ledger, Kind.REFUSED, version, ledger.champion("flights")))


def roll_back(ledger: Ledger, version: int, champion: int) -> None:
    ledger.decide(entry(ledger, Kind.ROLLED_BACK, version, champion))


def model(number: int) -> ModelVersion:
    return ModelVersion(
        pipeline="flights",
        number=number,
        run_id="f00d",
        uri=f"models:/flights/{number}",
        manifest={"model.skops": "a" * 64, "MLmodel": "b" * 64},
        candidate="boosting",
        trained_through=date(2013, 3, 4),
    )


def admission(sha256: str, outcome: Outcome = Outcome.ACCEPTED, **other: str) -> Admission:
    delivery = Delivery(
        table="weather",
        partition=other.pop("partition", "2013-03-14"),
        path=other.pop("path", "/landing/weather/2013-03-14.csv.gz"),
        arrived_at=night(0),
        sha256=sha256,
        size_bytes=1200,
    )
    accepted = outcome is Outcome.ACCEPTED
    return Admission(
        delivery=delivery,
        outcome=outcome,
        rows=72 if accepted else 0,
        held=1 if accepted else 0,
        code="" if accepted else "unit_change",
        message=other.pop("message", "" if accepted else "1000 times the day before"),
        warnings=("1 unseen category",),
        table_version=3 if accepted else None,
        docs="data_docs/weather/2013-03-14.html",
    )


def intent(cause: str, number: int = 0) -> Intent:
    return Intent("flights", cause, night(number), {"drop": 0.05}, "open")


def performance(number: int, value: float = 0.71, version: int | None = 1) -> Performance:
    return Performance(
        pipeline="flights",
        as_of=night(number),
        version=version,
        first_day=night(number - 8).date(),
        last_day=night(number - 2).date(),
        labels=6100,
        metric="roc_auc",
        measured=Interval(value, value - 0.01, value + 0.01),
        reference=0.73,
        dropped=value < 0.69,
        reason="above the limit",
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/home/ledger.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger(url)
    yield opened
    opened.close()
