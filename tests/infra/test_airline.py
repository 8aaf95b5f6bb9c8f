"""The airline delivers the year of flights: all of it, once, and nothing before its time."""

import gzip
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from config.schema import Pipeline
from infra.airline import CORRECTIONS, LATE_DAYS, Airline, Parcel
from infra.flights import NEW_YORK
from tests.infra.conftest import EVER

FEBRUARY_11 = datetime(2013, 2, 11, 8, tzinfo=UTC)
FEBRUARY_18 = datetime(2013, 2, 18, 8, tzinfo=UTC)


def written(folder: Path) -> dict[str, tuple[str, float]]:
    """sha256 and modification time of every file under a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_nothing_is_delivered_before_its_time_or_twice(
    airline: Airline, parcels: list[Parcel]
) -> None:
    """Night after night, each file is due once, in the night in which it arrives."""
    nights = [datetime(2012, 12, 30, 8, tzinfo=UTC) + timedelta(days=n) for n in range(372)]
    due = airline.due(None, nights[0])
    for since, until in pairwise(nights):
        tonight = airline.due(since, until)
        assert all(since < parcel.arrives_at <= until for parcel in tonight)
        due += tonight
    assert due == parcels


def test_files_are_written_whole_at_their_hour_with_the_same_bytes(
    airline: Airline, tmp_path: Path
) -> None:
    """A week written twice, by two airlines, is the same files with the same bytes and times."""
    paths = airline.deliver(tmp_path / "one", FEBRUARY_11, FEBRUARY_18)
    once = written(tmp_path / "one")
    again = Airline().deliver(tmp_path / "two", FEBRUARY_11, FEBRUARY_18)
    airline.deliver(tmp_path / "one", FEBRUARY_11, FEBRUARY_18)
    assert once == written(tmp_path / "one") == written(tmp_path / "two")
    assert len(paths) == len(again) == len(once)
    due = airline.due(FEBRUARY_11, FEBRUARY_18)
    assert [once[f"flights/{parcel.name}"][1] for parcel in due] == [
        parcel.arrives_at.timestamp() for parcel in due
    ]
    assert {
        "flights/outcomes/2013-02-09.csv.gz",
        "flights/outcomes/2013-02-14.csv.gz",
        "flights/outcomes/2013-02-14.r2.csv.gz",
        "flights/schedule/2013-02-18.csv.gz",
        "flights/weather/2013-02-17.csv.gz",
    } <= set(once)
    assert "flights/outcomes/2013-02-18.csv.gz" not in once


def test_a_file_holds_the_rows_of_its_parcel(airline: Airline, tmp_path: Path) -> None:
    """What is read back from a file is what the parcel has, under the same names."""
    parcel = next(
        each for each in airline.due(FEBRUARY_11, FEBRUARY_18) if each.table == "schedule"
    )
    airline.deliver(tmp_path, FEBRUARY_11, parcel.arrives_at)
    with gzip.open(tmp_path / "flights" / parcel.name) as file:
        found = pd.read_csv(BytesIO(file.read()))
    pd.testing.assert_frame_equal(found, airline.rows(parcel).reset_index(drop=True))


def test_a_window_without_a_zone_is_refused(airline: Airline) -> None:
    """An instant that could mean several is an error."""
    naive = datetime(2013, 2, 11)  # noqa: DTZ001
    with pytest.raises(ValueError, match="needs a time zone"):
        airline.due(None, naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        airline.due(naive, FEBRUARY_18)


def test_files_come_at_their_usual_hour_but_for_the_late_ones(parcels: list[Parcel]) -> None:
    """Schedules come at 12:05 the day before, outcomes at 01:00 and weather at 01:05 after."""
    usual = {"schedule": (-1, time(12, 5)), "outcomes": (1, time(1)), "weather": (1, time(1, 5))}
    late = {}
    for parcel in parcels:
        if parcel.day is None or parcel.revision > 1:
            continue
        arrived = parcel.arrives_at.astimezone(NEW_YORK)
        days, at = usual[parcel.table]
        assert arrived.time() == at
        delay = (arrived.date() - parcel.day).days - days
        if delay:
            late[parcel.table, parcel.day] = delay
    assert late == LATE_DAYS
    assert set(late.values()) == {1, 2, 3}
    assert {table for table, _ in late} == {"outcomes", "weather"}


def test_every_day_has_its_files(parcels: list[Parcel]) -> None:
    """A file a day and table: the schedule's 365, outcomes to New Year, no weather on 31 Dec."""
    count = Counter(parcel.table for parcel in parcels if parcel.revision == 1)
    expected = {"schedule": 365, "outcomes": 366, "weather": 364, "planes": 1, "airports": 1}
    assert count == expected
    corrected = {parcel.day for parcel in parcels if parcel.revision > 1}
    assert corrected == set(CORRECTIONS)
    assert len({parcel.name for parcel in parcels}) == len(parcels)


def test_a_file_is_of_its_day_complete_and_has_each_key_once(
    airline: Airline, parcels: list[Parcel], declared: Pipeline
) -> None:
    """Columns are those declared, a partition is one day, keys are unique, nulls are allowed."""
    for parcel in parcels:
        rows, table = airline.rows(parcel), declared.tables[parcel.table]
        assert list(rows.columns) == list(table.columns)
        assert not rows.duplicated(list(table.key)).any()
        if table.partition:
            assert set(rows[table.partition]) == {str(parcel.day)}
        for name, column in table.columns.items():
            blank = rows[name].isna()
            assert column.nullable or not blank.any(), (parcel, name)
            assert column.sparse or not blank.all(), (parcel, name)


def test_every_row_was_known_when_it_arrived(airline: Airline, parcels: list[Parcel]) -> None:
    """No delivery holds a row from its own future."""
    for parcel in parcels:
        latest = str(airline.rows(parcel)["known_at"].max())
        assert datetime.fromisoformat(latest) <= parcel.arrives_at, parcel


@pytest.mark.parametrize("day", CORRECTIONS, ids=str)
def test_a_correction_mends_the_rows_at_fault_and_no_other(
    day: date, airline: Airline, parcels: list[Parcel]
) -> None:
    """Corrected rows become known with the correction, all others stay as they were sent."""
    first, second = (each for each in parcels if (each.table, each.day) == ("outcomes", day))
    assert timedelta(days=1) <= second.arrives_at - first.arrives_at < timedelta(days=4)
    sent, mended = (airline.rows(each).set_index("flight_id") for each in (first, second))
    now = second.arrives_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = mended["known_at"] == now
    assert 0.02 < changed.mean() < 0.07
    pd.testing.assert_frame_equal(sent.loc[mended.index[~changed]], mended[~changed])
    fault, _ = CORRECTIONS[day]
    if fault == "missing":
        assert set(mended.index[changed]) == set(mended.index) - set(sent.index)
    else:
        wrong = sent.loc[mended.index[changed], "arrival_delay_minutes"]
        assert (wrong != mended.loc[changed, "arrival_delay_minutes"]).all()


def test_the_last_revisions_hold_the_outcome_of_every_landed_flight(
    airline: Airline, parcels: list[Parcel]
) -> None:
    """Once all has arrived, each landed flight has one outcome, and it is the true one."""
    last = {parcel.day: parcel for parcel in parcels if parcel.table == "outcomes"}
    found = pd.concat([airline.rows(parcel) for parcel in last.values()]).set_index("flight_id")
    true = airline.flights.source.set_index("flight_id")["arr_delay"].dropna()
    assert found.index.is_unique
    assert (found["arrival_delay_minutes"].reindex(true.index) == true).all()
    assert len(found) == len(true) == 327_346


def test_the_whole_year_is_delivered(airline: Airline) -> None:
    """Nothing is left after the last file."""
    last = airline.due(None, EVER)[-1]
    assert airline.due(last.arrives_at, EVER) == []
