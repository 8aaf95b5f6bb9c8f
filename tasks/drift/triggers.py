"""Triggers: which readings of which clock are a drop that asks for a retrain, and which are not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from config.schema import Pipeline
from config.values import Metric
from config.watch import Trigger
from tasks.evaluation.metrics import higher_is_better
from tasks.evaluation.skill import Bar, skilled
from tasks.records import Interval, Status
from tasks.signs import Clock, Reading, Track, Why


@dataclass(frozen=True)
class Found:
    """What a trigger makes of the present night.

    `bar` is the value that the reading is held against and `drop` how far below it the reading
    is, positive where it is worse: in units of the metric against a promise; against skill, the
    bar is a skill and the drop a share of it. `allowed` is in the drop's unit. nan where
    undefined. `reading` is None when the clock has not been read.
    """

    trigger: str
    why: Why
    reason: str
    reading: Reading | None
    bar: float
    drop: float
    allowed: float

    @property
    def fired(self) -> bool:
        """Whether it asks for a retrain."""
        return self.why is Why.DROPPED

    @property
    def status(self) -> Status:
        """A drop fails; what could not be told is no pass."""
        return _STATUS.get(self.why, Status.NO_EVIDENCE)


_STATUS = {Why.DROPPED: Status.FAIL, Why.HOLDS: Status.PASS}


@dataclass(frozen=True)
class Fall:
    """How far a measurement lies below a bar, and whether its whole interval does."""

    drop: float
    certain: bool

    def counts(self, allowed: float) -> bool:
        """Whether it is one: more than what is allowed, and beyond doubt; nan is none."""
        return self.certain and self.drop > allowed


def evaluated(
    pipeline: Pipeline,
    history: Sequence[Reading],
    bars: Mapping[Metric, Bar],
    tracks: Sequence[Track],
) -> tuple[Found, ...]:
    """What each of the pipeline's triggers says of the present night, in their order.

    `history` are readings of all clocks, oldest first; the last one's moment is the present.
    A night counts as a drop when the reading lies more than what is allowed below its bar, and
    its whole interval below the bar: were quality at the bar, a 95 % interval would let that
    happen on at most 2.5 % of nights. Of the last `of` days that the champion was read on,
    `nights` have to count, the latest among them; nights share most of the days that they look
    back on, so that two of three is far from the square of one. The bar is taken as known: a
    promise that was measured on ten days itself let 4-8 % of simulated quiet nights fall below.
    A clock other than the realised one counts when its past intervals held as often as promised.
    """
    rules = pipeline.watch.triggers.items()
    cases = (_Case(pipeline, name, rule, history, tracks) for name, rule in rules)
    return tuple(_found(case, bars.get(case.metric)) for case in cases)


def metrics(pipeline: Pipeline) -> tuple[Metric, ...]:
    """What has to be read: the pipeline's metric, and those that its triggers name."""
    named = [pipeline.metric, *(each.metric for each in pipeline.watch.triggers.values())]
    return tuple(dict.fromkeys(each for each in named if each is not None))


def fallen(metric: Metric, measured: Interval, bar: float) -> Fall:
    """How far below the bar, in units of the metric, whichever way the metric points.

    >>> fallen("roc_auc", Interval(0.625, 0.5, 0.75), 0.75)
    Fall(drop=0.125, certain=False)
    >>> fallen("log_loss", Interval(0.625, 0.5, 0.75), 0.375)
    Fall(drop=0.25, certain=True)
    """
    sign = 1 if higher_is_better(metric) else -1
    best = measured.high if sign > 0 else measured.low
    return Fall(sign * (bar - measured.value), sign * (bar - best) > 0)


@dataclass(frozen=True)
class _Case:
    """One trigger's view of the history."""

    pipeline: Pipeline
    name: str
    rule: Trigger
    history: Sequence[Reading]
    tracks: Sequence[Track]

    @property
    def metric(self) -> Metric:
        return self.rule.metric or self.pipeline.metric

    @property
    def clock(self) -> Clock:
        return Clock(self.rule.clock)

    @property
    def allowed(self) -> float:
        return self.pipeline.watch.max_drop if self.rule.drop is None else self.rule.drop

    @property
    def latest(self) -> Reading | None:
        """The reading of the present night; None when the clock was not read then."""
        same = [each for each in self.history if self._is_asked_for(each)]
        return same[-1] if same and same[-1].as_of == self.history[-1].as_of else None

    def lately(self, latest: Reading) -> list[Reading]:
        """The last reading of each of the last `of` days that this version was read on."""
        by_day: dict[date, Reading] = {}
        zone = self.pipeline.schedule.zone
        for each in self.history:
            if self._is_asked_for(each) and each.version == latest.version:
                by_day[each.as_of.astimezone(zone).date()] = each
        return list(by_day.values())[-self.rule.of :]

    def bar(self, bar: Bar | None, latest: Reading) -> float:
        """What readings are held against: a value of the metric, or a skill; nan: nothing."""
        if bar is None:
            return math.nan
        if self.rule.against == "promise":
            return bar.promised
        best = bar.best_skill(latest.as_of, self.rule.bar_days)
        return best if best > 0 else math.nan

    def fall(self, reading: Reading, bar: float) -> Fall:
        if self.rule.against == "promise":
            return fallen(self.metric, reading.measured, bar)
        skill = skilled(self.metric, reading.measured, reading.baseline)
        return Fall((bar - skill.value) / bar, skill.high < bar)

    @property
    def form(self) -> str:
        """How a drop is written."""
        return ".3f" if self.rule.against == "promise" else ".1%"

    def facts(self, reading: Reading, bar: float) -> str:
        """What was read, beside what it is held against."""
        of_rows = self.clock is Clock.ESTIMATED
        rows = f"{reading.rows:,} rows" if of_rows else f"{reading.labels:,} labels"
        if self.rule.against == "promise":
            return f"{facts(self.metric, reading.measured, rows)}, {bar:.3f} promised"
        skill = skilled(self.metric, reading.measured, reading.baseline)
        told = facts(f"skill of {self.metric}", skill, rows)
        return f"{told}, {bar:.3f} the best promised in {self.rule.bar_days} days"

    def doubts(self) -> str:
        """Why the clock may not trigger yet, or any more; empty when it may."""
        if self.clock is Clock.REALISED:
            return ""
        same = [t for t in self.tracks if (t.clock, t.metric) == (self.clock, self.metric)]
        watch, scored = self.pipeline.watch, same[0].scored if same else 0
        if scored < watch.min_scored:
            return f"{scored} of its past readings have been scored, {watch.min_scored} needed"
        track = same[0]
        if track.coverage >= watch.min_coverage:
            return ""
        return (
            f"its intervals held {track.held} of {track.scored} times "
            f"({track.coverage:.0%}), {watch.min_coverage:.0%} needed"
        )

    def _is_asked_for(self, reading: Reading) -> bool:
        return reading.clock is self.clock and reading.metric == self.metric


def _found(case: _Case, known: Bar | None) -> Found:
    latest = case.latest
    if latest is None:
        told = f"{case.clock.value} {case.metric} was not read"
        return Found(case.name, Why.UNDEFINED, told, None, math.nan, math.nan, case.allowed)
    bar = case.bar(known, latest)
    fall = case.fall(latest, bar)
    why, reason = _answer(case, latest, bar, fall)
    return Found(case.name, why, reason, latest, bar, fall.drop, case.allowed)


def _answer(case: _Case, latest: Reading, bar: float, fall: Fall) -> tuple[Why, str]:
    """The first thing that stands in the way of a drop; a drop when nothing does."""
    clock = "" if case.clock is Clock.REALISED else f"{case.clock.value} "
    if latest.version is None:
        return Why.NO_CHAMPION, latest.reason or "no champion to watch"
    if math.isnan(latest.measured.value):
        told = latest.reason or f"{case.metric} undefined on {latest.labels:,} labels"
        return Why.UNDEFINED, f"{clock}{told}"
    told = f"{clock}{case.facts(latest, bar)}"
    if math.isnan(fall.drop):
        return Why.UNDEFINED, f"{told}: nothing to hold it against"
    told = judged(told, fall, case.allowed, case.form)
    if not fall.counts(case.allowed):
        return (Why.IN_DOUBT if fall.drop > case.allowed else Why.HOLDS), told
    against = _against(case, latest, bar)
    return (Why.DROPPED, told) if against is None else (against[0], f"{told}, but {against[1]}")


def _against(case: _Case, latest: Reading, bar: float) -> tuple[Why, str] | None:
    """Why a drop of the present night does not ask for a retrain yet; None when it does."""
    doubts = case.doubts()
    if doubts:
        return Why.UNPROVEN, doubts
    lately = [case.fall(each, bar) for each in case.lately(latest)]
    nights = sum(each.counts(case.allowed) for each in lately)
    if nights >= case.rule.nights:
        return None
    seen = f"on {nights} of the last {len(lately)} nights, {case.rule.nights} needed"
    return Why.NOT_OFTEN_ENOUGH, seen


def facts(what: str, measured: Interval, rows: str) -> str:
    """A measurement in words."""
    return f"{what} {measured.value:.3f} [{measured.low:.3f}, {measured.high:.3f}] on {rows}"


def judged(told: str, fall: Fall, allowed: float, form: str = ".3f") -> str:
    """The same with what is made of it."""
    if fall.drop <= allowed:
        return f"{told}: within the {allowed:{form}} allowed"
    worse = f"{told}: {fall.drop:{form}} worse, more than the {allowed:{form}} allowed"
    return worse if fall.certain else f"{worse}, but not beyond doubt"
