"""The monitoring page: what watching has found and what came of it, in one file."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from tasks.ledger import monitoring_clocks as clocks
from tasks.ledger import monitoring_columns as columns
from tasks.ledger import monitoring_drift as drift
from tasks.ledger import monitoring_lanes as lanes
from tasks.ledger.monitoring import Level, MonitorData, known
from tasks.ledger.monitoring_clocks import Panel
from tasks.ledger.monitoring_days import Reign, Timeline, reigns, shaded, timeline
from tasks.ledger.monitoring_drift import Strips
from tasks.ledger.monitoring_lanes import Lane
from tasks.ledger.templates import UNKNOWN, percent, rendered
from tasks.records import Decision
from tasks.signs import Clock, Evaluation, Reading, Route, Signal, Track

_SHOWN = 60
_COLOURS = {lanes.ASKED: "warn", lanes.HELD_BACK: "warn", lanes.UNKNOWN: "idle"}


@dataclass(frozen=True)
class Now:
    """A clock's newest reading of a metric, and how its past ones came out."""

    reading: Reading
    track: Track | None
    standing: str
    trust: str

    @property
    def style(self) -> str:
        return clocks.STYLES[self.reading.clock]


@dataclass(frozen=True)
class View:
    """What the template asks for, from one record."""

    data: MonitorData

    @cached_property
    def days(self) -> Timeline:
        """From the first day that anything is known of."""
        data = self.data
        found = [
            *(each.last_day for each in self.readings),
            *(each.day for each in data.signals),
            *(each.day for each in data.volumes),
            *(each.day for each in data.maturity),
            *(each.as_of.date() for each in data.evaluations),
            *(each.as_of.date() for each in data.decisions),
        ]
        return timeline(found, data.as_of.date(), data.days)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return clocks.realised(self.data)

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        return clocks.panels(self.data, self.days)

    @cached_property
    def reigns(self) -> tuple[Reign, ...]:
        return reigns(self.data.decisions, self.days)

    @cached_property
    def shaded(self) -> str:
        return shaded(self.reigns)

    @cached_property
    def evaluated(self) -> tuple[Lane, ...]:
        return lanes.evaluated(self.data.evaluations, self.days)

    @cached_property
    def decided(self) -> tuple[Lane, ...]:
        return lanes.decided(self.data.decisions, self.days)

    @cached_property
    def missed(self) -> tuple[Lane, ...]:
        return lanes.missed(self.data.scored, self.days)

    @cached_property
    def strips(self) -> Strips | None:
        return drift.strips(self.data.signals, self.days)

    @cached_property
    def alarms(self) -> list[Signal]:
        return drift.alarms(self.data.signals, self.days)

    @cached_property
    def standing(self) -> list[Signal]:
        """Alarms that are up on the newest day."""
        return drift.standing(self.data.signals)

    @cached_property
    def arrived(self) -> columns.Arrived | None:
        return columns.arrived(self.data.maturity, self.data.complete_through, self.days)

    @cached_property
    def delivered(self) -> tuple[columns.Delivered, ...]:
        return columns.delivered(self.data.volumes, self.data.admissions, self.days)

    @property
    def latest(self) -> Evaluation | None:
        """The newest answer of the trigger policy."""
        return self.data.evaluations[-1] if self.data.evaluations else None

    @property
    def state(self) -> tuple[str, str]:
        """The page's colour and headline. What nobody looked at is not good."""
        latest = self.latest
        if latest is None:
            is_read = any(math.isfinite(each.measured.value) for each in self.readings)
            return "idle", "Not judged yet" if is_read else "Nothing watched yet"
        if latest.route is Route.BROKEN_DATA:
            return "bad", "Broken data"
        if latest.wanted:
            return "warn", "Retrain asked for"
        standing = lanes.standing(latest)
        if standing != lanes.FINE:
            return _COLOURS[standing], _sentence(latest.why.value)
        count = len({each.stream for each in self.standing})
        if count:
            return "warn", f"Drift in {_counted(count, 'stream')}"
        return "good", _sentence(latest.why.value)

    @cached_property
    def now(self) -> tuple[Now, ...]:
        """The newest reading of every clock and metric, the pipeline's metric first."""
        newest = {(each.metric, each.clock): each for each in self.readings}
        order = sorted(newest, key=lambda key: (key[0] != self.data.metric, key[0], _place(key[1])))
        return tuple(self._now(newest[key]) for key in order)

    def newest(self, clock: str) -> Now | None:
        """A clock's latest word on the pipeline's metric; None when it never spoke."""
        found = (e for e in self.now if e.reading.metric == self.data.metric)
        return next((each for each in found if each.reading.clock.value == clock), None)

    def _now(self, reading: Reading) -> Now:
        tracks = self.data.tracks
        own = (t for t in tracks if (t.clock, t.metric) == (reading.clock, reading.metric))
        track = next(own, None)
        return Now(reading, track, *self._trust(reading.clock, track))

    def _trust(self, clock: Clock, track: Track | None) -> tuple[str, str]:
        needed, share = self.data.min_scored, self.data.min_coverage
        if clock is Clock.REALISED:
            return "good", "is what turned out"
        scored = track.scored if track else 0
        if track is None or scored < needed:
            return "", f"unproven: {scored} of {needed} scored"
        held = f"{_share(track.coverage)} of {_counted(scored, 'interval')} held"
        if track.coverage >= share:
            return "good", f"trusted: {held}"
        return "bad", f"may not trigger: {held}, {_share(share)} needed"

    @property
    def bar(self) -> Level | None:
        """What the pipeline's metric is held against now; None where there is nothing."""
        found = [each for each in clocks.bars(self.data) if each.metric == self.data.metric]
        return found[-1] if found and math.isfinite(found[-1].value) else None

    @property
    def champion(self) -> tuple[int, date, int] | None:
        """Who serves, since which day, and for how many days; None for nobody."""
        decisions = self.data.decisions
        version = decisions[-1].champion if decisions else None
        if version is None:
            return None
        since = decisions[-1].as_of.date()
        for each in reversed(decisions):
            if each.champion != version:
                break
            since = each.as_of.date()
        return version, since, (self.data.as_of.date() - since) // timedelta(days=1)

    @property
    def recent_decisions(self) -> list[Decision]:
        return list(reversed(self.data.decisions))[:_SHOWN]

    @property
    def recent_evaluations(self) -> list[Evaluation]:
        return list(reversed(self.data.evaluations))[:_SHOWN]

    @property
    def wanted(self) -> int:
        """How many of the evaluations shown asked for a retrain."""
        return sum(lane.count for lane in self.evaluated if lane.style == lanes.ASKED)


def monitoring_page(data: MonitorData) -> str:
    """The page as HTML that loads nothing from elsewhere; every value in it is escaped.

    The same record gives the same bytes.
    """
    told = known(data)
    return rendered(
        "monitoring.html.j2",
        view=View(told),
        data=told,
        shown=_SHOWN,
        effect=drift.effect,
        strength=drift.strength,
        standing=lanes.standing,
        brief=columns.brief,
        foot=columns.FOOT,
        hangs=(columns.HANGS_FROM + 100) / 2,
        counted=_counted,
        facts=_facts,
        nothing=Route.NOTHING,
    )


def _share(share: float) -> str:
    """In percent, and never broken between number and sign."""
    return percent(share, 0).replace(" ", "\u00a0")


def _place(clock: Clock) -> int:
    return list(Clock).index(clock)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _facts(evidence: Mapping[str, object]) -> list[tuple[str, str]]:
    """Evidence by name, that of each trigger by its own, numbers within numbers laid out flat."""
    return [(name, told) for name, value in _flat(evidence) if (told := _plainly(value))]


def _flat(evidence: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in evidence.items():
        if isinstance(value, Mapping):
            yield from _flat({str(key).replace("_", " "): each for key, each in value.items()})
        elif isinstance(value, list):
            for each in value:
                told = each.get("reason", each) if isinstance(each, Mapping) else each
                called = each.get("trigger", name) if isinstance(each, Mapping) else name
                yield f"{name}: {called}", told
        else:
            yield name, value


def _plainly(value: object) -> str:
    """One piece of evidence, short enough for a table."""
    if isinstance(value, float):
        return f"{value:,.4g}" if math.isfinite(value) else UNKNOWN
    return lanes.shortened(str(value), 240)
