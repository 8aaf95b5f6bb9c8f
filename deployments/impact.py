"""`ratchet impact`: what depended on what a partition held before it was delivered again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from deployments import show
from tasks.drift.again import Measurement
from tasks.features.redelivery import State
from tasks.impact.answers import Outdated
from tasks.impact.impact import Impact, Touched, impact
from tasks.impact.redeliveries import redelivery
from tasks.impact.versions import Affected
from tasks.signs import Reading
from tasks.stores import Stores, open_stores

_SHOWN = 40  # measurements


@dataclass(frozen=True)
class Told:
    """An impact as it is printed; `told` says in a line or two what is left to do about it."""

    pipeline: str
    table: str
    partition: str
    states: tuple[State, ...]
    days: tuple[Touched, ...]
    scores: tuple[Outdated, ...]
    measurements: tuple[Measurement, ...]
    corrected: int
    versions: tuple[Affected, ...]
    redone: bool
    told: tuple[str, ...]


def run(partition: str, pipeline: str, as_json: bool) -> None:
    """Print what came of a redelivery; `Terminal` for a partition that nobody delivered."""
    stores, now = open_stores(pipeline), datetime.now(UTC)
    found = told(stores, impact(stores, redelivery(stores, partition, now), now).impact)
    if as_json:
        show.document(found)
    else:
        printed(found)


def told(stores: Stores, found: Impact) -> Told:
    """An impact with what there is to be said of it."""
    of = found.redelivery
    return Told(
        pipeline=stores.name,
        table=of.table,
        partition=of.partition,
        states=of.states,
        days=found.days,
        scores=found.scores,
        measurements=found.measurements,
        corrected=found.corrected,
        versions=found.versions,
        redone=bool(found.corrected) and not found.is_left,
        told=_told(stores, found),
    )


def printed(found: Told) -> None:
    """Print tables for people; none of what there is nothing of."""
    if found.days:
        show.table("questions that changed", _DAYS, [_day(each) for each in found.days])
    if found.scores:
        show.table("outdated answers", ["day", "by", "answers"], map(_score, found.scores))
    if found.measurements:
        shown = [_measurement(each) for each in found.measurements[-_SHOWN:]]
        left = len(found.measurements) - len(shown)
        earlier = f" (and {left} earlier ones)" if left else ""
        show.table(f"measurements taken before{earlier}", _MEASUREMENTS, shown)
    if found.versions:
        show.table("versions trained before", ["version", "affected", ""], _versions(found))
    for line in found.told:
        show.line(line)


_DAYS = ["day", "other inputs", "other labels", "gone", "new", "most in"]
_MEASUREMENTS = ["night", "clock", "metric", "by", "days", "value"]


def _day(day: Touched) -> list[show.Cell]:
    most = sorted(day.columns.items(), key=lambda each: (-each[1], each[0]))[:3]
    named = ", ".join(f"{name} {rows:,}" for name, rows in most)
    return [str(day.day), day.inputs, day.labels, day.gone, day.new, named]


def _score(outdated: Outdated) -> list[show.Cell]:
    return [str(outdated.day), f"v{outdated.version}", outdated.rows]


def _measurement(measurement: Measurement) -> list[show.Cell]:
    clock = measurement.clock.value if isinstance(measurement, Reading) else "performance"
    return [
        f"{measurement.as_of:%Y-%m-%d %H:%M}",
        clock,
        measurement.metric,
        f"v{measurement.version}",
        f"{measurement.first_day} to {measurement.last_day}",
        measurement.measured.value,
    ]


def _versions(found: Told) -> list[list[show.Cell]]:
    return [
        [
            f"v{each.number}",
            "its rows are other ones now" if each.certain else "may be: it cannot be built again",
            "serves" if each.serves else "",
        ]
        for each in found.versions
    ]


def _told(stores: Stores, found: Impact) -> tuple[str, ...]:
    of = found.redelivery
    if not of.earlier:
        return (f"{of.name} was delivered once: nothing depends on what it held before",)
    since = f"{of.states[-1].since:%Y-%m-%d %H:%M}"
    times = f"{of.name} holds something else than at first, last changed as of {since}"
    return (times, *_left(stores, found), *_retrain(found))


def _left(stores: Stores, found: Impact) -> list[str]:
    if found.is_left:
        first, last = _range(stores, found)
        command = f"ratchet backfill {stores.name} --from {first} --to {last} --affected"
        return [f"`{command}` redoes that"]
    if found.corrected:
        return [f"redone: {found.corrected} measurements stand corrected beside the first"]
    return ["no answer and no measurement depends on what it held before"]


def _range(stores: Stores, found: Impact) -> tuple[date, date]:
    """The days and nights to redo."""
    zone = stores.definition.pipeline.schedule.zone
    nights = [each.as_of.astimezone(zone).date() for each in found.measurements]
    days = [*nights, *(each.day for each in found.scores)]
    return min(days), max(days)


def _retrain(found: Impact) -> list[str]:
    if not found.asks_for_retrain:
        return []
    serving = next(each.number for each in found.versions if each.serves)
    return [f"v{serving} serves, and was trained before; a retrain would replace it"]
