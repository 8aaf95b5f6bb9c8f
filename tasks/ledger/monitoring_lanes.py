"""What came of watching, night by night: one lane a reason, and one a verdict."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tasks.ledger.monitoring_days import Run, Timeline, stretches
from tasks.ledger.templates import number, reach
from tasks.records import Decision, Kind
from tasks.signs import Clock, Evaluation, Scored, Why

ASKED, HELD_BACK, UNKNOWN, FINE = "asked", "back", "unknown", "fine"
"""What an evaluation came to: a retrain, none in spite of a sign, nothing known, no need."""

STANDINGS: Mapping[Why, str] = {
    Why.DROPPED: ASKED,
    Why.SHIFTED: ASKED,
    Why.OLD: ASKED,
    Why.SCHEDULED: ASKED,
    Why.ARRIVED: ASKED,
    Why.NO_CHAMPION: UNKNOWN,
    Why.UNDEFINED: UNKNOWN,
    Why.IN_DOUBT: HELD_BACK,
    Why.NOT_OFTEN_ENOUGH: HELD_BACK,
    Why.UNPROVEN: HELD_BACK,
    Why.BROKEN_DATA: HELD_BACK,
    Why.WAITS_FOR_LABELS: HELD_BACK,
    Why.NOT_WORTH_IT: HELD_BACK,
    Why.TOO_FEW_DAYS: HELD_BACK,
    Why.COOLING_DOWN: HELD_BACK,
    Why.OVER_BUDGET: HELD_BACK,
    Why.HOLDS: FINE,
    Why.DECIDED: FINE,
}
_ORDER = (ASKED, HELD_BACK, UNKNOWN, FINE)
_VERDICTS = {
    Kind.PROMOTED: "good",
    Kind.REFUSED: "quiet",
    Kind.EXPIRED: "warn",
    Kind.ROLLED_BACK: "bad",
}
_LONGEST = 240


@dataclass(frozen=True)
class Lane:
    """One kind of thing that happened, how often, and when; `style` colours it."""

    name: str
    style: str
    count: int
    runs: tuple[Run, ...]


def standing(evaluation: Evaluation) -> str:
    """What an evaluation came to: whether it asked for a retrain says more than why."""
    if evaluation.wanted:
        return ASKED
    found = STANDINGS.get(evaluation.why, HELD_BACK)
    return HELD_BACK if found is ASKED else found


def evaluated(evaluations: Iterable[Evaluation], days: Timeline) -> tuple[Lane, ...]:
    """A lane for each reason that was given: what asked first, then what was held back."""
    by_why: dict[tuple[str, Why], list[Evaluation]] = defaultdict(list)
    for each in evaluations:
        if days.has(each.as_of.date()):
            by_why[standing(each), each.why].append(each)
    order = sorted(by_why, key=lambda key: (_ORDER.index(key[0]), list(Why).index(key[1])))
    return tuple(
        Lane(why.value, style, len(by_why[style, why]), _nights(by_why[style, why], days))
        for style, why in order
    )


def decided(decisions: Iterable[Decision], days: Timeline) -> tuple[Lane, ...]:
    """A lane for each verdict that was given; one verdict is one mark."""
    found = [each for each in decisions if days.has(each.as_of.date())]
    lanes = []
    for kind, style in _VERDICTS.items():
        of_kind = [each for each in found if each.kind is kind]
        runs = tuple(_mark(each.as_of.date(), days, _told(each)) for each in of_kind)
        lanes += [Lane(kind.value, style, len(runs), runs)] if runs else []
    return tuple(lanes)


def missed(scored: Iterable[Scored], days: Timeline) -> tuple[Lane, ...]:
    """A lane for each clock and metric whose intervals did not contain what turned out."""
    found: dict[tuple[Clock, str], dict[date, Scored]] = defaultdict(dict)
    for each in scored:
        is_known = math.isfinite(each.truth) and math.isfinite(each.reading.measured.value)
        if is_known and not each.held and days.has(each.reading.last_day):
            found[each.reading.clock, each.reading.metric][each.reading.last_day] = each
    several = len({metric for _, metric in found}) > 1
    return tuple(
        Lane(
            f"{clock.value} missed{f', {metric}' if several else ''}",
            clock.value.replace(" ", "-"),
            len(by_day),
            tuple(
                days.run(first, last, _missed(by_day[last], first))
                for first, last in stretches(by_day)
            ),
        )
        for (clock, metric), by_day in found.items()
    )


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The beginning of a text that is too long for a tooltip."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _nights(evaluations: Sequence[Evaluation], days: Timeline) -> tuple[Run, ...]:
    """Nights that follow each other as one run, told by their number and the last one's reason."""
    runs: list[list[Evaluation]] = []
    for each in evaluations:
        follows = runs and each.as_of.date() - runs[-1][-1].as_of.date() <= timedelta(days=1)
        runs = runs if follows else [*runs, []]
        runs[-1].append(each)
    return tuple(_run(run, days) for run in runs)


def _run(run: Sequence[Evaluation], days: Timeline) -> Run:
    first, last = run[0].as_of.date(), run[-1].as_of.date()
    when = f"{first}" if first == last else f"{first} to {last}, {len(run)} nights, the last"
    return days.run(first, last, shortened(f"{when}: {run[-1].reason or run[-1].why.value}"))


def _missed(scored: Scored, first: date) -> str:
    reading, last = scored.reading, scored.reading.last_day
    when = f"{last}" if first == last else f"{first} to {last}, {(last - first).days + 1} days"
    return (
        f"{when}: {reading.clock.value} {reading.metric} {number(reading.measured.value)} "
        f"({reach(reading.measured)}), {scored.truth:.4f} turned out"
    )


def _mark(day: date, days: Timeline, text: str) -> Run:
    return Run(days.at(day), 0.0, shortened(text))


def _told(decision: Decision) -> str:
    day, version = decision.as_of.date(), decision.version
    return f"{day}: v{version} {decision.kind.value}: {decision.reason}"
