"""Labels and rows by day, as columns in percent of their frames."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from tasks.ledger.axis import Axis, Tick
from tasks.ledger.monitoring import Maturity, Volume, delivered_day
from tasks.ledger.monitoring_days import Run, Timeline
from tasks.ledger.monitoring_lanes import shortened
from tasks.ledger.templates import percent
from tasks.records import Admission, Outcome

FOOT, HANGS_FROM = 66.0, 72.0
"""Where the columns of rows stand, and where those of held rows hang on a scale of their own."""

_BARS_TO = 92


@dataclass(frozen=True)
class Arrived:
    """Share of labels that have arrived: of complete days, and of days that still wait."""

    complete: str
    waiting: str
    columns: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Delivered:
    """One table: rows upwards, held rows downwards, refused deliveries as marks."""

    table: str
    levels: tuple[Tick, ...]
    rows: str
    held: str
    most_held: int
    refused: tuple[Run, ...]
    columns: tuple[tuple[float, str], ...]


def arrived(
    maturity: Iterable[Maturity], complete_through: date | None, days: Timeline
) -> Arrived | None:
    """Columns by day; a day on which nothing was asked has none. None without a day."""
    found = sorted((each for each in maturity if days.has(each.day)), key=lambda each: each.day)
    if not found:
        return None
    shares = [(each.day, each.share) for each in found if math.isfinite(each.share)]
    done = {day for day, _ in shares if complete_through is not None and day <= complete_through}
    return Arrived(
        complete=_columns([(d, 100 - s * 100, 100) for d, s in shares if d in done], days),
        waiting=_columns([(d, 100 - s * 100, 100) for d, s in shares if d not in done], days),
        columns=tuple((days.at(each.day), _told(each, complete_through)) for each in found),
    )


def delivered(
    volumes: Iterable[Volume], admissions: Iterable[Admission], days: Timeline
) -> tuple[Delivered, ...]:
    """Every table with rows, or with refused deliveries, in the time shown."""
    by_table: dict[str, list[Volume]] = defaultdict(list)
    for each in volumes:
        if days.has(each.day):
            by_table[each.table].append(each)
    refused: dict[str, list[Admission]] = defaultdict(list)
    for admission in admissions:
        is_shown = days.has(delivered_day(admission))
        if admission.outcome is Outcome.REFUSED and is_shown:
            refused[admission.delivery.table].append(admission)
    tables = sorted({*by_table, *refused})
    return tuple(_delivered(by_table[each], refused[each], each, days) for each in tables)


def brief(count: float) -> str:
    """A count in as little room as a scale has.

    >>> brief(950), brief(1_500), brief(20_000), brief(3_000_000)
    ('950', '1.5k', '20k', '3M')
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(count) >= size:
            return f"{count / size:.3g}{unit}"
    return f"{count:.3g}"


def _delivered(
    volumes: Sequence[Volume], refused: Sequence[Admission], table: str, days: Timeline
) -> Delivered:
    found = sorted(volumes, key=lambda each: each.day)
    rows = Axis(0.0, max([each.rows for each in found], default=0) * 1.02 or 1.0, steps=2)
    most_held = max([each.held for each in found], default=0)
    held = Axis(0.0, float(most_held or 1))
    depth = (100 - HANGS_FROM) / 100
    return Delivered(
        table=table,
        levels=tuple(
            Tick(round(FOOT * (1 - tick.at / 100), 2), brief(float(tick.label)))
            for tick in rows.ticks
        ),
        rows=_columns([(e.day, FOOT * (1 - rows.at(e.rows) / 100), FOOT) for e in found], days),
        held=_columns(
            [
                (e.day, HANGS_FROM, HANGS_FROM + max(held.at(e.held) * depth, 4.0))
                for e in found
                if e.held
            ],
            days,
        ),
        most_held=most_held,
        refused=tuple(Run(days.at(delivered_day(each)), 0.0, _refused(each)) for each in refused),
        columns=tuple(
            (days.at(e.day), f"{e.day}: {e.rows:,} rows in the lake, {e.held:,} held")
            for e in found
        ),
    )


def _refused(admission: Admission) -> str:
    delivery = admission.delivery
    return shortened(
        f"{delivery.table} {delivery.partition} refused, {admission.code}: {admission.message}"
    )


def _told(each: Maturity, complete_through: date | None) -> str:
    if not each.asked:
        return f"{each.day}: nothing was asked"
    is_complete = complete_through is not None and each.day <= complete_through
    state = "complete" if is_complete else "still arriving"
    return (
        f"{each.day}, {state}: {percent(each.share)}, {each.arrived:,} labels of {each.asked:,} "
        "answers"
    )


def _columns(found: Iterable[tuple[date, float, float]], days: Timeline) -> str:
    """Columns from top to foot; with room between them only where days are wide enough."""
    gap = 0.14 * days.width if days.days <= _BARS_TO else 0.0
    width = round(days.width - 2 * gap, 3)
    return "".join(
        f"M{days.start(day) + gap:.2f} {top:.1f}h{width}V{foot:.1f}h-{width}z"
        for day, top, foot in found
        if foot > top
    )
