"""Causes planted in a lot of days, each from a given day on, in one of several ways by seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from gzip import compress, decompress
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.flown import FIRST, LAST, NAME, NIGHT, Flown, Lot
from infra.airline import Parcel
from tasks.records import Admission
from tasks.signs import Route

_EVER = datetime(2100, 1, 1, tzinfo=UTC)
WEATHER = (
    "temperature_f",
    "dew_point_f",
    "humidity_percent",
    "wind_speed_mph",
    "precipitation_in",
    "pressure_hpa",
    "visibility_miles",
)


@dataclass(frozen=True)
class Place:
    """Where a cause is planted: the lot, its first day, and the draws of this seed."""

    flown: Flown
    lot: Lot
    start: int
    rng: np.random.Generator

    @property
    def since(self) -> "pd.Series[bool]":
        """Rows from the first day on."""
        return self.lot.rows["number"] >= self.start

    @property
    def on_day(self) -> "pd.Series[bool]":
        """Rows of the first day."""
        return self.lot.rows["number"] == self.start

    def asked_anew(self, rows: pd.DataFrame) -> Lot:
        """The lot with these rows, answered by the champion as they are now."""
        return replace(self.lot, rows=self.flown.answered(rows))


@dataclass(frozen=True)
class Cause:
    """What is planted, by name, the route that is right, and the ways to plant it."""

    name: str
    route: Route
    ways: Mapping[str, Callable[[Place], Lot]]

    def planted(self, place: Place, turn: int) -> tuple[str, Lot]:
        """One of the ways, in turns, and what becomes of the lot."""
        way = list(self.ways)[turn % len(self.ways)]
        return way, self.ways[way](place)


def _nothing(place: Place) -> Lot:
    return place.lot


def _refused(place: Place) -> Lot:
    """A real delivery of a day of the year, spoiled, and judged by the contract's desk."""
    table = str(place.rng.choice(["weather", "outcomes"]))
    admission = _judged(place, table)
    others = [e for e in place.lot.admissions[place.start] if e.delivery.table != table]
    lot = replace(place.lot, admissions={**place.lot.admissions, place.start: (*others, admission)})
    if table == "weather":
        return replace(place, lot=lot).asked_anew(_stale(place))
    rows = lot.rows
    landed = rows["number"] + rows[NIGHT] - 1
    rows = rows.assign(**{NIGHT: rows[NIGHT].mask(landed == place.start)})
    return replace(lot, rows=rows, gone=frozenset({place.start}))


def _judged(place: Place, table: str) -> Admission:
    """What the desk says of a spoiled file; its day is one of the year's, drawn by lot."""
    flown = place.flown
    day = FIRST + timedelta(days=int(place.rng.integers((LAST - FIRST).days)))
    night = flown.definition.pipeline.schedule.night_of(day + timedelta(days=5))
    parcels = [p for p in flown.airline.due(None, night) if (p.table, p.day) == (table, day)]
    parcel: Parcel = parcels[0]
    path = flown.landing / NAME / f"{table}/{day}.r9.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_spoiled(flown.airline.content(parcel), place.rng))
    found = flown.desk.source.deliveries(table, flown.definition.pipeline.tables[table], _EVER)
    (delivery,) = [each for each in found if Path(each.path) == path]
    admission = flown.desk.admit(delivery)
    path.unlink()
    return admission


def _spoiled(content: bytes, rng: np.random.Generator) -> bytes:
    """A column renamed, half of another day in it, keys emptied, the file cut off, or text."""
    header, *lines = decompress(content).decode().splitlines()
    column = header.split(",")[int(rng.integers(3, 6))]
    ways: list[Callable[[], list[str]]] = [
        lambda: [header.replace(column, f"{column}_2"), *lines],
        lambda: [header, *("," + line.partition(",")[2] for line in lines)],
        lambda: [header, *lines[: len(lines) // 20]],
        lambda: [header, *(line.replace(",2013-", ",1913-", 1) for line in lines)],
        lambda: ["<html><body>502 Bad Gateway</body></html>"],
    ]
    text = "\n".join(ways[int(rng.integers(len(ways)))]()) + "\n"
    return compress(text.encode(), mtime=0)


def _stale(place: Place) -> pd.DataFrame:
    """The first day with the weather that was last known the day before, at each origin."""
    rows = place.lot.rows.copy()
    before = rows[rows["number"] == place.start - 1]
    last = before.groupby("origin")[list(WEATHER)].last()
    for name in WEATHER:
        known = rows["origin"].map(last[name])
        rows[name] = rows[name].mask(place.on_day, known)
    return rows


def _null_burst(place: Place) -> Lot:
    """Two weather columns lose most of their values on the first day."""
    rows = place.lot.rows.copy()
    share = place.rng.uniform(0.5, 1)
    for name in place.rng.choice(WEATHER, 2, replace=False):
        lost = place.on_day & (place.rng.random(len(rows)) < share)
        rows[str(name)] = rows[str(name)].mask(lost)
    return place.asked_anew(rows)


_UNITS: Mapping[str, Callable[["pd.Series[float]"], "pd.Series[float]"]] = {
    "temperature_f": lambda values: (values - 32) / 0.18,  # tenths of a degree, as NOAA has them
    "pressure_hpa": lambda values: values / 33.86389,
    "visibility_miles": lambda values: values * 1.609344,
    "distance_miles": lambda values: values * 1.609344,
    "humidity_percent": lambda values: values / 100,
}


def _unit_change(place: Place) -> Lot:
    """One column of the first day comes in another unit."""
    name = str(place.rng.choice(list(_UNITS)))
    rows = place.lot.rows.copy()
    rows[name] = rows[name].mask(place.on_day, _UNITS[name](rows[name]))
    return place.asked_anew(rows)


def _unseen(place: Place) -> Lot:
    """The names of one column are spelled another way on the first day."""
    name = str(place.rng.choice(["destination", "manufacturer", "engine"]))
    rows = place.lot.rows.copy()
    rows[name] = rows[name].mask(place.on_day, rows[name].str.lower() + " ")
    return place.asked_anew(rows)


def _late_labels(place: Place) -> Lot:
    """Half of the labels, or more, come two nights later than they would."""
    rows = place.lot.rows
    late = place.since & (place.rng.random(len(rows)) < place.rng.uniform(0.5, 0.9))
    return replace(place.lot, rows=rows.assign(**{NIGHT: rows[NIGHT].mask(late, rows[NIGHT] + 2)}))


def _lost_labels(place: Place) -> Lot:
    """Half of the labels of late flights, or more, never come."""
    rows = place.lot.rows
    lost = place.since & (rows[place.flown.label] == 1)
    lost &= place.rng.random(len(rows)) < place.rng.uniform(0.5, 0.9)
    return _without_labels(place, lost)


def _silent_airport(place: Place) -> Lot:
    """No label of one of the three airports comes any more."""
    rows = place.lot.rows
    return _without_labels(
        place, place.since & (rows["origin"] == place.rng.choice(["EWR", "LGA"]))
    )


def _without_labels(place: Place, lost: "pd.Series[bool]") -> Lot:
    rows = place.lot.rows
    gone = {name: rows[name].mask(lost) for name in (NIGHT, place.flown.label, "loss")}
    return replace(place.lot, rows=rows.assign(**gone))


def _chance(place: Place) -> Lot:
    """Most labels of a day go to other flights of the day: what tells of lateness tells less."""
    rows = place.lot.rows.copy()
    share = place.rng.uniform(0.6, 0.9)
    for _, of_day in rows[place.since & rows[place.flown.label].notna()].groupby("number"):
        moved = of_day.index[place.rng.random(len(of_day)) < share]
        rows.loc[moved, place.flown.label] = place.rng.permutation(
            rows.loc[moved, place.flown.label]
        )
    return place.asked_anew(rows)


def _other_hours(place: Place) -> Lot:
    """Late is what leaves in the morning: the hours of a day swap their labels, last with first."""
    rows = place.lot.rows.copy()
    for _, of_day in rows[place.since & rows[place.flown.label].notna()].groupby("number"):
        order = of_day["departure_minute"].sort_values(kind="stable").index
        rows.loc[order, place.flown.label] = of_day.loc[order[::-1], place.flown.label].to_numpy()
    return place.asked_anew(rows)


def _mornings(place: Place) -> Lot:
    """Only flights that leave before noon, as many a day as before."""
    return _only(place, place.lot.rows["departure_minute"] < 720)


def _short_hauls(place: Place) -> Lot:
    """Only the flights of one airport's mornings and early afternoons."""
    rows = place.lot.rows
    airport = str(place.rng.choice(["EWR", "JFK", "LGA"]))
    return _only(place, (rows["departure_minute"] < 840) & (rows["origin"] == airport))


def _only(place: Place, kept: "pd.Series[bool]") -> Lot:
    """From the first day on, rows drawn from those kept, each day as many as it had."""
    rows = place.lot.rows
    parts = [rows[~place.since]]
    for _, of_day in rows[place.since].groupby("number"):
        left = of_day[kept.loc[of_day.index]]
        parts.append(left.sample(len(of_day), replace=True, random_state=place.rng))
    return replace(place.lot, rows=pd.concat(parts, ignore_index=True))


CAUSES = (
    Cause("nothing", Route.NOTHING, {"as drawn": _nothing}),
    Cause(
        "broken data",
        Route.BROKEN_DATA,
        {
            "refused delivery": _refused,
            "null burst": _null_burst,
            "unit change": _unit_change,
            "unseen category": _unseen,
        },
    ),
    Cause(
        "labels",
        Route.LABELS,
        {
            "late": _late_labels,
            "lost by class": _lost_labels,
            "lost by airport": _silent_airport,
        },
    ),
    Cause("covariate", Route.COVARIATE, {"mornings": _mornings, "one airport": _short_hauls}),
    Cause("concept", Route.CONCEPT, {"chance": _chance, "other hours": _other_hours}),
)
