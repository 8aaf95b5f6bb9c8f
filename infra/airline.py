"""A landing writer: turns the flights of 2013 into an airline's deliveries, one file at a time.

Schedule, outcomes and weather come as a file a day, planes and airports once. A few files come
late, and a few outcomes are first sent with rows wrong or missing and corrected days later, as
in life. Everything follows from the data: the same delivery always has the same bytes.
"""

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple
from zlib import crc32

import pandas as pd

from infra.flights import NEW_YORK, OPENED, Flights

FOLDER = "flights"
"""Under landing: the name of the pipeline that these deliveries are for."""

LATE_DAYS = {
    ("outcomes", date(2013, 1, 10)): 2,
    ("weather", date(2013, 1, 24)): 1,
    ("outcomes", date(2013, 2, 9)): 3,
    ("weather", date(2013, 3, 26)): 2,
    ("outcomes", date(2013, 3, 28)): 1,
    ("outcomes", date(2013, 5, 24)): 2,
    ("weather", date(2013, 6, 13)): 3,
    ("outcomes", date(2013, 7, 4)): 1,
    ("outcomes", date(2013, 8, 14)): 3,
    ("weather", date(2013, 9, 12)): 1,
    ("outcomes", date(2013, 10, 17)): 1,
    ("weather", date(2013, 11, 27)): 2,
    ("outcomes", date(2013, 12, 5)): 2,
}
"""Files that arrive days after their time, at the usual hour."""

Fault = Literal["missing", "wrong"]

CORRECTIONS: dict[date, tuple[Fault, int]] = {
    date(2013, 1, 22): ("missing", 2),
    date(2013, 2, 14): ("wrong", 1),
    date(2013, 3, 19): ("missing", 1),
    date(2013, 3, 25): ("wrong", 3),
    date(2013, 5, 8): ("wrong", 2),
    date(2013, 7, 23): ("missing", 3),
    date(2013, 9, 3): ("wrong", 1),
    date(2013, 10, 30): ("missing", 2),
    date(2013, 12, 17): ("wrong", 1),
}
"""Outcomes first sent with a fault, and the days until the correction, at 14:00 local time."""


class _Usual(NamedTuple):
    """When a table's file of a day comes, in local time."""

    partition: str
    days_after: int
    at: time


_DAILY = {
    "schedule": _Usual("flight_date", -1, time(12, 5)),
    "outcomes": _Usual("landed_date", 1, time(1, 0)),
    "weather": _Usual("observed_date", 1, time(1, 5)),
}
_ONCE = ("airports", "planes")


@dataclass(frozen=True, order=True)
class Parcel:
    """One file: when it arrives, and what is in it. `day` is none for a table sent once."""

    arrives_at: datetime
    table: str
    day: date | None = None
    revision: int = 1

    @property
    def name(self) -> str:
        """Path under the pipeline's landing folder."""
        if self.day is None:
            return f"{self.table}/{self.table}.csv"
        revision = f".r{self.revision}" if self.revision > 1 else ""
        return f"{self.table}/{self.day}{revision}.csv.gz"


class Airline:
    """Delivers what is due. Reads the tables once, when the first file is written."""

    def __init__(self, flights: Flights | None = None) -> None:
        self.flights = flights or Flights()

    def deliver(self, landing: Path, since: datetime | None, until: datetime) -> list[Path]:
        """Write every file that arrives in (since, until] under landing; the paths, in order.

        A file appears whole, with its arrival as modification time. Since none: from the start.
        Written again, a file has the same bytes. Raises ValueError for an instant without zone.
        """
        paths = []
        for parcel in self.due(since, until):
            path = landing / FOLDER / parcel.name
            _put(path, self.content(parcel), parcel.arrives_at)
            paths.append(path)
        return paths

    def due(self, since: datetime | None, until: datetime) -> list[Parcel]:
        """Parcels that arrive in (since, until], in order of arrival."""
        if until.tzinfo is None or (since is not None and since.tzinfo is None):
            raise ValueError(f"an arrival needs a time zone: since {since}, until {until}")
        return [
            parcel
            for parcel in self._parcels
            if parcel.arrives_at <= until and (since is None or parcel.arrives_at > since)
        ]

    def rows(self, parcel: Parcel) -> pd.DataFrame:
        """What the parcel holds: instants and dates as text, numbers as numbers."""
        if parcel.day is None:
            return self._once[parcel.table]
        rows = self._daily[parcel.table][parcel.day]
        if parcel.table != "outcomes" or parcel.day not in CORRECTIONS:
            return rows
        fault, _ = CORRECTIONS[parcel.day]
        if parcel.revision == 1:
            return _with_fault(rows, fault)
        return rows.assign(
            known_at=rows["known_at"].mask(_at_fault(rows, fault), _text(parcel.arrives_at))
        )

    def content(self, parcel: Parcel) -> bytes:
        """The bytes of the file, always the same for the same parcel."""
        text = self.rows(parcel).to_csv(index=False, lineterminator="\n").encode()
        return text if parcel.day is None else gzip.compress(text, mtime=0)

    @cached_property
    def _parcels(self) -> list[Parcel]:
        daily = [each for table in _DAILY for day in self._daily[table] for each in _of(table, day)]
        return sorted([*(Parcel(OPENED.to_pydatetime(), table) for table in _ONCE), *daily])

    @cached_property
    def _once(self) -> dict[str, pd.DataFrame]:
        return {"airports": self.flights.airports, "planes": self.flights.planes}

    @cached_property
    def _daily(self) -> dict[str, dict[date, pd.DataFrame]]:
        tables = {
            "schedule": self.flights.schedule,
            "outcomes": self.flights.outcomes,
            "weather": self.flights.weather,
        }
        return {
            table: {
                date.fromisoformat(str(day)): of_day
                for day, of_day in rows.groupby(_DAILY[table].partition)
            }
            for table, rows in tables.items()
        }


def _of(table: str, day: date) -> Iterator[Parcel]:
    """The day's file, and its correction if there is one."""
    usual = _DAILY[table]
    late = LATE_DAYS.get((table, day), 0)
    yield Parcel(_local(day + timedelta(usual.days_after + late), usual.at), table, day)
    if table == "outcomes" and day in CORRECTIONS:
        _, wait = CORRECTIONS[day]
        yield Parcel(_local(day + timedelta(usual.days_after + wait), time(14)), table, day, 2)


def _at_fault(rows: pd.DataFrame, fault: Fault) -> "pd.Series[bool]":
    """Rows that the first file has missing or wrong: one in 25, picked by their id."""
    picked = rows["flight_id"].map(lambda name: crc32(name.encode()) % 25 == 0)
    if fault == "missing":
        return picked
    return picked & (rows["arrival_delay_minutes"] != rows["departure_delay_minutes"])


def _with_fault(rows: pd.DataFrame, fault: Fault) -> pd.DataFrame:
    """A first file: rows left out, or sent with the delay at departure for that at arrival."""
    at_fault = _at_fault(rows, fault)
    if fault == "missing":
        return rows[~at_fault]
    delays = rows["arrival_delay_minutes"].mask(at_fault, rows["departure_delay_minutes"])
    return rows.assign(arrival_delay_minutes=delays)


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _put(path: Path, content: bytes, arrives_at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    part.write_bytes(content)
    os.utime(part, (arrives_at.timestamp(), arrives_at.timestamp()))
    part.replace(path)
