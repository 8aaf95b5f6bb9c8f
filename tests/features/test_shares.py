"""The flights' late shares, counted from running totals, are what counting one by one gives."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import Definition
from config.load import pipeline as load
from config.settings import Settings
from tasks.features.query import Days, Tables, features

DAY = date(2013, 3, 1)
MIDNIGHT = datetime.combine(DAY, time(), UTC)
WINDOWS = (0, 3, 6, 24, 7 * 24, 28 * 24)
"""Hours before the question at which a window begins; 0 is the moment of the question itself."""

TYPES = {
    "string": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}
SHARE = re.compile(r"(?:(origin|carrier|route|band)_)?(late_share|delay)_(\d+)([hd])")


@dataclass(frozen=True)
class Flight:
    """One flight; `known_at` and `delay` of one that has landed."""

    carrier: str
    origin: str
    destination: str
    minute: int
    known_at: datetime = MIDNIGHT
    delay: int = 0

    @property
    def groups(self) -> dict[str, str]:
        return {
            "all": "all",
            "carrier": self.carrier,
            "origin": self.origin,
            "route": f"{self.origin}-{self.destination}",
            "band": f"{self.carrier}-{self.minute // 180}",
        }

    @property
    def asked_at(self) -> datetime:
        return MIDNIGHT + timedelta(minutes=self.minute) - timedelta(hours=2)


PLACES = st.tuples(st.sampled_from(["AA", "UA"]), st.sampled_from(["EWR", "JFK"]))
ASKED = st.builds(
    lambda place, to, hour: Flight(place[0], place[1], to, hour * 60),
    PLACES,
    st.sampled_from(["LAX", "BOS"]),
    st.integers(0, 23),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Flight], list[Flight]]:
    """Flights asked about, and landed ones that became known at the edges of their windows."""
    asked = draw(st.lists(ASKED, min_size=1, max_size=6))
    landed = []
    for _ in range(draw(st.integers(0, 30))):
        edge = draw(st.sampled_from(asked)).asked_at
        edge -= timedelta(hours=draw(st.sampled_from(WINDOWS)))
        beside = draw(st.sampled_from([0, 0, 1, -1, 3_600_000_000, -7_200_000_000]))
        known_at = edge + timedelta(microseconds=beside)
        carrier, origin = draw(PLACES)
        to, minute = draw(st.sampled_from(["LAX", "BOS"])), draw(st.integers(0, 23)) * 60
        delay = draw(st.sampled_from([-80, -61, -60, 0, 14, 15, 16, 180, 181, 400]))
        landed.append(Flight(carrier, origin, to, minute, known_at, delay))
    return asked, landed


@cache
def flights() -> Definition:
    return load(Settings.from_environment({}), "flights")


def tables(asked: list[Flight], landed: list[Flight]) -> Tables:
    """The lake's tables with these flights, no weather and no planes."""
    rows: dict[str, list[dict[str, object]]] = {
        "schedule": [
            *(_scheduled(f"asked {n}", flight, DAY) for n, flight in enumerate(asked)),
            *(
                _scheduled(f"landed {n}", flight, DAY - timedelta(days=1))
                for n, flight in enumerate(landed)
            ),
        ],
        "outcomes": [
            {
                "flight_id": f"landed {n}",
                "landed_date": DAY,
                "arrival_delay_minutes": flight.delay,
                "known_at": flight.known_at,
            }
            for n, flight in enumerate(landed)
        ],
    }
    return {
        name: pa.table(
            {
                column: pa.array([row.get(column) for row in rows.get(name, [])], TYPES[what.type])
                for column, what in table.columns.items()
            }
        )
        for name, table in flights().pipeline.tables.items()
    }


def _scheduled(flight_id: str, flight: Flight, on: date) -> dict[str, object]:
    return {
        "flight_id": flight_id,
        "flight_date": on,
        "scheduled_departure": flight.asked_at + timedelta(hours=2),
        "departure_minute": flight.minute,
        "carrier": flight.carrier,
        "origin": flight.origin,
        "destination": flight.destination,
        "known_at": MIDNIGHT - timedelta(days=40),
    }


def counted(name: str, flight: Flight, landed: list[Flight]) -> float:
    """The feature by its definition: of the flights of its group that landed in the window, known
    after its beginning and not after the question.
    """
    found = SHARE.fullmatch(name)
    assert found
    group, what, number, unit = found.groups()
    begin = flight.asked_at - timedelta(hours=int(number) * (24 if unit == "d" else 1))
    group = group or "all"
    seen = [
        each
        for each in landed
        if each.groups[group] == flight.groups[group] and begin < each.known_at <= flight.asked_at
    ]
    if not seen:
        return float("nan")
    if what == "late_share":
        return float(np.mean([each.delay >= 15 for each in seen]))
    return float(np.mean([min(max(each.delay, -60), 180) for each in seen]))


SHARES = [name for name in flights().pipeline.features.numeric if SHARE.fullmatch(name)]


def test_every_share_is_meant() -> None:
    """All features that look back on labels are checked below."""
    assert len(SHARES) == 15


@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(world=worlds())
def test_shares(world: tuple[list[Flight], list[Flight]]) -> None:
    """Ties, edges to the microsecond and empty windows included."""
    asked, landed = world
    frame = features(flights(), tables(asked, landed), Days(DAY, DAY)).set_index("flight_id")
    expected = pd.DataFrame(
        {name: [counted(name, flight, landed) for flight in asked] for name in SHARES},
        index=[f"asked {n}" for n in range(len(asked))],
    )
    found = frame.loc[expected.index, SHARES]
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), rtol=1e-12)


def test_edges_are_met() -> None:
    """The edges by hand: known when asked counts, known when the window began does not."""
    flight = Flight("UA", "EWR", "LAX", 12 * 60)
    hours = [(0, 400), (3, 400), (6, -80), (24, 15)]
    landed = [
        Flight("UA", "EWR", "LAX", 12 * 60, flight.asked_at - timedelta(hours=before), delay)
        for before, delay in hours
    ]
    frame = features(flights(), tables([flight], landed), Days(DAY, DAY))
    assert frame["late_share_3h"].tolist() == [1.0]
    assert frame["origin_delay_3h"].tolist() == [180.0]
    assert frame["origin_late_share_6h"].tolist() == [1.0]
    assert frame["origin_late_share_1d"].tolist() == [2 / 3]
    assert frame["route_late_share_7d"].tolist() == [3 / 4]


def test_what_is_let_in_later_counts_from_then() -> None:
    """A flight whose schedule was held while it landed, a plane that was held while it flew."""
    flight = Flight("UA", "EWR", "LAX", 12 * 60)
    landed = Flight("UA", "EWR", "LAX", 6 * 60, flight.asked_at - timedelta(hours=1), 20)
    for late, share, seats in [(0, 1.0, 180.0), (1, np.nan, np.nan)]:
        known_at = pa.array([flight.asked_at + timedelta(seconds=late)], TYPES["timestamp"])
        lake = dict(tables([flight], [landed]))
        lake["schedule"] = _with(lake["schedule"], "tailnum", pa.array(["N1", "N2"]))
        told = pa.concat_arrays([lake["schedule"]["known_at"].chunk(0)[:1], known_at])
        lake["schedule"] = _with(lake["schedule"], "known_at", told)
        plane = {"tailnum": "N1", "seats": 180, "known_at": known_at[0].as_py()}
        lake["planes"] = pa.Table.from_pylist([plane], lake["planes"].schema)
        frame = features(flights(), lake, Days(DAY, DAY))
        np.testing.assert_equal(frame["late_share_3h"].tolist(), [share])
        np.testing.assert_equal(frame["seats"].tolist(), [seats])


def test_what_is_let_in_days_later_is_no_news() -> None:
    """It would count until its day is further back than anybody looks, and then be gone."""
    flight = Flight("UA", "EWR", "LAX", 12 * 60)
    landed = [
        Flight("UA", "EWR", "LAX", 6 * 60, flight.asked_at - timedelta(hours=1), delay)
        for delay in (20, 0)
    ]
    lake = dict(tables([flight], landed))
    days = pa.array([DAY - timedelta(days=back) for back in (4, 1)], pa.date32())
    lake["outcomes"] = _with(lake["outcomes"], "landed_date", days)
    frame = features(flights(), lake, Days(DAY, DAY))
    assert frame["late_share_3h"].tolist() == [0.0]


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), values)
