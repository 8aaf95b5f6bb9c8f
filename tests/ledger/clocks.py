"""Readings of clocks, as a night keeps them."""

import math
from datetime import timedelta

from tasks.records import Interval
from tasks.signs import Clock, Reading
from tests.ledger.conftest import night


def reading(
    number: int,
    value: float = 0.71,
    clock: Clock = Clock.ESTIMATED,
    metric: str = "roc_auc",
    method: str = "cbpe",
) -> Reading:
    """What a clock said in a night, 0.02 either way; nan: nothing, and why."""
    undefined = math.isnan(value)
    return Reading(
        pipeline="flights",
        clock=clock,
        as_of=night(number),
        version=1,
        metric=metric,
        first_day=(night(number) - timedelta(days=7)).date(),
        last_day=(night(number) - timedelta(days=1)).date(),
        rows=6100,
        labels=0,
        measured=Interval(value, value - 0.02, value + 0.02),
        baseline=math.nan if undefined else 0.5,
        method=method,
        reason="too few rows" if undefined else "",
    )
