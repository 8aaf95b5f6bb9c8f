"""Stores as they stood: the version of each table that a past night had."""

from datetime import UTC, datetime, timedelta

from tasks.nights.views import versions
from tasks.records import Admission, Delivery, Outcome

NIGHT = datetime(2024, 1, 20, 3, tzinfo=UTC)


def admitted(version: int | None, hours: int, table: str = "orders") -> Admission:
    """A delivery that arrived so many hours after the night; refused without a version."""
    delivery = Delivery(table, "2024-01-19", "x", NIGHT + timedelta(hours=hours), "s", 1)
    outcome = Outcome.REFUSED if version is None else Outcome.ACCEPTED
    return Admission(delivery, outcome, table_version=version)


def test_the_last_version_before_a_later_arrival() -> None:
    """What was released in between had been there as well."""
    past = [admitted(1, -30), admitted(2, -6), admitted(5, 6), admitted(6, 30)]
    assert versions(past, NIGHT, {}) == {"orders": 4}


def test_a_table_that_had_no_rows_yet() -> None:
    """Version 0 is the table before its first row, and not the latest."""
    assert versions([admitted(1, 6)], NIGHT, {}) == {"orders": 0}


def test_without_a_later_arrival_it_is_the_last_that_is_known() -> None:
    """Rows that were released since are in it; a refused delivery made no version."""
    past = [admitted(3, -6), admitted(None, 6)]
    assert versions(past, NIGHT, {"orders": 5, "returns": 0}) == {"orders": 5, "returns": 0}


def test_what_was_admitted_since_is_known_as_well() -> None:
    """A night that is admitted now sees what it admitted."""
    assert versions([admitted(3, -6), admitted(4, -1)], NIGHT, {"orders": 3}) == {"orders": 4}


def test_a_delivery_admitted_out_of_turn_is_seen() -> None:
    """It had arrived: a night that is played again answers what it asks."""
    past = [admitted(1, -30), admitted(2, 6), admitted(3, -6), admitted(4, 8)]
    assert versions(past, NIGHT, {}) == {"orders": 3}


def test_each_table_has_its_own() -> None:
    """Versions are counted by table."""
    past = [admitted(4, 6), admitted(9, 7, "returns"), admitted(8, -1, "returns")]
    assert versions(past, NIGHT, {}) == {"orders": 3, "returns": 8}
