"""What was seen in a night is kept whole, once, and comes back as it was."""

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tasks.data.lake import Lake
from tasks.drift.sightings import Sightings
from tasks.signs import Reference, Signal

NIGHT = date(2013, 4, 2)
SEEN = Signal(
    day=NIGHT,
    reference=Reference.PREVIOUS,
    stream="feature wind_speed",
    rows=900,
    p=0.001,
    e=15.8,
    evidence=120.0,
    since=NIGHT - timedelta(days=2),
    effect=0.07,
    floor=0.02,
    unit="rank",
    weight=0.01,
    alarmed=True,
    standing=True,
)
UNDEFINED = replace(
    SEEN,
    reference=Reference.SEASON,
    p=math.nan,
    e=math.nan,
    effect=math.nan,
    floor=math.nan,
    alarmed=False,
    unit="",
    reason="0 of at least 8 days to compare with",
)


@pytest.fixture
def sightings(tmp_path: Path) -> Sightings:
    return Sightings(Lake(tmp_path).table("signals"))


def test_signals_come_back_as_they_were(sightings: Sightings) -> None:
    """Every field is kept, what is undefined as that, and labels' days though earlier."""
    label = replace(SEEN, stream="label", day=NIGHT - timedelta(days=3))
    assert sightings.of(date.min, date.max) == []
    assert sightings.keep(NIGHT, [SEEN, UNDEFINED, label])
    found = sightings.of(NIGHT, NIGHT)
    assert (found[0], found[2]) == (SEEN, label)
    assert repr(found[1]) == repr(UNDEFINED)  # nan is not equal to itself


def test_a_night_is_kept_once(sightings: Sightings) -> None:
    """The same signals again write nothing; others take the place of those of their night."""
    assert sightings.keep(NIGHT, [SEEN, UNDEFINED])
    version = sightings.table.version()
    assert not sightings.keep(NIGHT, [SEEN, UNDEFINED])
    assert not sightings.keep(NIGHT, [])
    assert sightings.table.version() == version
    assert sightings.keep(NIGHT, [replace(SEEN, rows=901)])
    assert [each.rows for each in sightings.of(NIGHT, NIGHT)] == [901]


def test_nights_come_in_order(sightings: Sightings) -> None:
    """Whichever was kept first, older nights come first, and only those that were asked for."""
    for ahead in (2, 0, 1):
        night = NIGHT + timedelta(days=ahead)
        sightings.keep(night, [replace(SEEN, day=night)])
    found = sightings.of(NIGHT, NIGHT + timedelta(days=1))
    assert [each.day for each in found] == [NIGHT, NIGHT + timedelta(days=1)]
