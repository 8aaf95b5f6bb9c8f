"""Measurements taken again: of the same version, days and metric, on what the lake has by now."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import pandas as pd

from tasks.drift.clocks import clockwork
from tasks.drift.clocks.clockwork import Clockwork
from tasks.drift.performance import labelled, realised
from tasks.drift.performance import readings as realised_readings
from tasks.records import Performance
from tasks.signs import Clock, Reading

Measurement = Performance | Reading


def again(
    world: Clockwork, first: Sequence[Measurement], as_of: datetime
) -> Iterator[tuple[Measurement, Measurement]]:
    """Each of the first measurements of one version at one moment, beside itself taken again.

    What was realised is measured on the same days with the labels known by `as_of`. The clocks
    that do not wait for labels say what they would have said at their moment. One that cannot be
    read any more is left out.
    """
    made: dict[tuple[str, str], Measurement] = {}
    for each in first:
        if _name(each) in made:
            continue
        found = _read(world, each) if _is_estimate(each) else _realised(world, each, as_of)
        made |= {_name(new): new for new in found}
    yield from ((each, made[_name(each)]) for each in first if _name(each) in made)


def _realised(world: Clockwork, first: Measurement, as_of: datetime) -> Iterator[Measurement]:
    """The performance, and the realised readings of the same rows."""
    rows = world.log.read(first.first_day, first.last_day)
    known = labelled(world.definition, world.lake, rows, as_of) if len(rows) else pd.DataFrame()
    measured = realised(world.definition, known, world.promise, first.as_of)
    yield measured
    yield from realised_readings(world.definition, known, measured)


def _read(world: Clockwork, first: Measurement) -> tuple[Reading, ...]:
    return clockwork.readings(world, first.as_of)


def _is_estimate(measurement: Measurement) -> bool:
    return isinstance(measurement, Reading) and measurement.clock is not Clock.REALISED


def _name(measurement: Measurement) -> tuple[str, str]:
    clock = measurement.clock.value if isinstance(measurement, Reading) else ""
    return clock, measurement.metric
