"""One spelling for every value, so that equal values have equal hashes."""

import doctest
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from tasks.ledger import text
from tasks.ledger.text import canonical, digest, stamp
from tasks.records import Interval, Status


def test_examples() -> None:
    """The examples in the documentation are true."""
    outcome = doctest.testmod(text)
    assert (outcome.failed, outcome.attempted > 0) == (0, True)


def test_order_of_keys() -> None:
    """Two mappings with the same items have the same digest."""
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1, "b": 2}) != digest({"a": 2, "b": 1})


def test_kinds_of_values() -> None:
    """Numbers, days, instants, states, paths, records and NumPy scalars all have a spelling."""
    values = [
        (np.float64(0.5), "0.5"),
        (np.int64(3), "3"),
        (np.bool_(True), "true"),
        (float("inf"), "null"),
        (date(2013, 3, 15), '"2013-03-15"'),
        (datetime(2013, 3, 15, tzinfo=UTC), '"2013-03-15T00:00:00.000000+00:00"'),
        (Status.NO_EVIDENCE, '"no evidence"'),
        (Path("reports/a.html"), '"reports/a.html"'),
        ({"b", "a"}, '["a","b"]'),
        (Interval(0.5, 0.4, float("nan")), '{"high":null,"low":0.4,"value":0.5}'),
    ]
    assert [canonical(value) for value, _ in values] == [spelt for _, spelt in values]


def test_stamps_sort() -> None:
    """Text order of stamps is time order, whatever the time zone was."""
    east = datetime(2013, 3, 15, 3, tzinfo=timezone(timedelta(hours=9)))
    west = datetime(2013, 3, 14, 20, 0, 0, 1, tzinfo=UTC)
    assert stamp(east) < stamp(west)
