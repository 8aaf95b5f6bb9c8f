"""One look at the champion: what its clocks say, what has moved, why, and whether to act on it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from tasks.drift import grounds
from tasks.drift.clocks.clockwork import Clockwork, truth
from tasks.drift.clocks.clockwork import readings as clocks
from tasks.drift.diagnosis import Case, diagnosed, weighed
from tasks.drift.grounds import Grounds
from tasks.drift.patrol import Reign
from tasks.drift.performance import Recent, readings
from tasks.drift.trigger import Due, due, evaluation
from tasks.drift.triggers import Found, evaluated, metrics
from tasks.evaluation.recorded import recorded
from tasks.evaluation.spending import COST
from tasks.ledger.bars import bars
from tasks.ledger.corrections import readings_now
from tasks.ledger.deciding import measured
from tasks.models.selection import PROFILES
from tasks.predictions.skew import Skew
from tasks.profiles import storing
from tasks.profiles.columns import Profile
from tasks.records import Intent, Performance
from tasks.signs import FEATURE, Clock, Reading, Routed, Signal, Track
from tasks.stores import Stores


@dataclass(frozen=True)
class Sight:
    """Everything that was seen at a moment: `alarms` are those raised since the look before."""

    performance: Performance
    readings: tuple[Reading, ...]
    signals: tuple[Signal, ...]
    alarms: tuple[Signal, ...]
    skew: Skew | None
    grounds: Grounds

    @property
    def routed(self) -> Routed:
        return self.grounds.routed

    @property
    def told(self) -> str:
        """The alarms in a line, those with the most evidence first."""
        ordered = sorted(self.alarms, key=lambda each: -each.evidence)
        named = [f"{each.stream} (against the {each.reference.value})" for each in ordered[:5]]
        more = len(ordered) - len(named)
        return ", ".join([*named, *([f"{more} more"] if more > 0 else [])])


@dataclass(frozen=True)
class Conclusion:
    """What comes of a look: what asks for a retrain now, if anything, and what policy says to it.

    `news` is false when this moment had been concluded on before.
    """

    drop: Intent | None
    due: Due
    news: bool


def look(stores: Stores, recent: Recent, performance: Performance) -> Sight:
    """Look from all sides, write down what was read, and say what it amounts to.

    Nobody is told. Readings of the past whose labels have come since are scored beforehand, so
    that a clock is trusted on what is known by now. A second look at the same moment finds the
    same.
    """
    as_of = performance.as_of
    made = stores.patrol.made(reign(stores, as_of), as_of)
    readings = _read(stores, recent, performance)
    realised, *_ = readings
    tracks = stores.ledger.tracks(stores.name, as_of)
    found = _found(stores, readings, tracks)
    case = Case(
        performance=performance,
        dropped=any(each.fired for each in found),
        realised=realised,
        latest=_latest(stores, readings, tracks),
        admissions=stores.ledger.admissions(stores.name),
        usual_cost=_usual_cost(stores, performance.version),
    )
    return Sight(
        performance=performance,
        readings=readings,
        signals=made.signals,
        alarms=made.raised,
        skew=made.skew,
        grounds=_grounds(stores, case, found),
    )


def concluded(stores: Stores, sight: Sight) -> Conclusion:
    """Write down what was measured, and what the policy makes of it: a drop is an intent first."""
    ledger, as_of = stores.ledger, sight.performance.as_of
    drop = grounds.drop(sight.grounds, len(stores.standing(as_of).decisions))
    news = measured(ledger, sight.performance, drop)
    answer = due(stores.definition.pipeline.retrain, stores.record(as_of, sight.grounds), as_of)
    ledger.keep_evaluation(evaluation(answer, sight.grounds, stores.name, as_of))
    return Conclusion(drop, answer, news)


def reign(stores: Stores, as_of: datetime) -> Reign:
    """Who serves, and what that model was trained on and leans on; nothing without a champion."""
    promise = stores.standing(as_of).promise
    zone = stores.definition.pipeline.schedule.zone
    if promise is None:
        return Reign(as_of.astimezone(zone).date(), {}, {})
    digest = stores.ledger.version(stores.name, promise.version).manifest.get(PROFILES)
    kept = stores.folder(promise.version) / PROFILES
    training = _profiles(kept, digest) if digest else {}
    weights = _weights(stores, promise.version)
    return Reign(promise.since.astimezone(zone).date(), training, weights)


@lru_cache(maxsize=8)
def _profiles(kept: Path, _: str) -> Mapping[date, Profile]:
    """By day, from a verified file of this digest."""
    return storing.read(kept)


def _weights(stores: Stores, version: int) -> Mapping[str, float]:
    """How much worse the version's answers got when an input was shuffled, by its stream."""
    heard = _heard(stores, version)
    found = next((each for evidence in heard if (each := recorded(evidence))), ())
    return {f"{FEATURE}{each.column}": each.loss.value for each in found}


def _usual_cost(stores: Stores, version: int | None) -> float:
    """What an answer of the version cost when it was judged; nan where that is not on record."""
    kept = (evidence.get(COST) for evidence in _heard(stores, version))
    return next((each for each in kept if isinstance(each, float)), math.nan)


def _heard(stores: Stores, version: int | None) -> list[Mapping[str, object]]:
    """The evidence of every decision about a version."""
    return [d.evidence for d in stores.ledger.decisions(stores.name) if d.version == version]


def _read(stores: Stores, recent: Recent, performance: Performance) -> tuple[Reading, ...]:
    """What every clock says, the realised one first; written down once."""
    definition, as_of = stores.definition, performance.as_of
    for past in stores.ledger.unscored(stores.name):
        if past.as_of < as_of:
            known = truth(definition, stores.lake, stores.log, past, as_of)
            stores.ledger.score_reading(past, known, as_of)
    promise, names = stores.standing(as_of).promise, metrics(definition.pipeline)
    clockwork = Clockwork(definition, stores.lake, stores.log, promise, names)
    realised = readings(definition, recent.answered, performance)
    found = (*realised, *clocks(clockwork, as_of))
    stores.ledger.keep_readings(found)
    return found


def _found(stores: Stores, now: Sequence[Reading], tracks: Sequence[Track]) -> tuple[Found, ...]:
    """What the triggers say of tonight's readings, after those of earlier nights.

    A night whose data was corrected since counts as it was measured again.
    """
    pipeline, as_of = stores.definition.pipeline, now[-1].as_of
    ledger = stores.ledger
    known = readings_now(
        ledger.readings(stores.name, as_of), ledger.corrections(stores.name, as_of)
    )
    past = [each for each in known if each.as_of < as_of]
    return evaluated(pipeline, [*past, *now], bars(ledger, pipeline, as_of), tracks)


def _latest(stores: Stores, readings: Sequence[Reading], tracks: Sequence[Track]) -> Reading | None:
    """The newest estimate in the pipeline's metric, where past ones held as often as they must."""
    pipeline = stores.definition.pipeline
    watch = pipeline.watch
    proven = any(
        (each.clock, each.metric) == (Clock.ESTIMATED, pipeline.metric)
        and each.proves(watch.min_scored, watch.min_coverage)
        for each in tracks
    )
    estimates = (e for e in readings if e.clock is Clock.ESTIMATED and e.metric == pipeline.metric)
    return next(estimates, None) if proven else None


def _grounds(stores: Stores, case: Case, found: tuple[Found, ...]) -> Grounds:
    """The cause of what was seen, and what it costs where that is weighed."""
    routed, costs = diagnosed(stores.patrol, case), stores.definition.pipeline.costs
    promise = stores.standing(case.as_of).promise
    if costs is None or promise is None or not case.dropped:
        return Grounds(found, routed)
    weighed_up = weighed(stores.patrol, costs, case, promise.since.date())
    return Grounds(
        found, routed, weighed_up.inequality, weighed_up.too_dear, dict(weighed_up.numbers)
    )
