"""The round that is made every night: profiles of what is new, and signals of what has moved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from config.load import Definition
from config.watch import Watch
from tasks.data.lake import Lake
from tasks.drift.performance import labelled
from tasks.drift.sightings import Sightings
from tasks.drift.vigil import Watched, vigil
from tasks.evaluation.metrics import losses
from tasks.features.cohort import complete_days
from tasks.predictions.log import PredictionLog
from tasks.predictions.skew import Skew, skew
from tasks.profiles.columns import NumericProfile, Profile
from tasks.profiles.frames import by_day, profiled
from tasks.profiles.shelf import Shelf
from tasks.signs import FEATURE, Reference, Signal

PREDICTION, LABEL, LOSS, SKEW = "prediction", "label", "loss", "skew"
PROBABILITY = "probability"
_YEAR, _SEASON = timedelta(days=365), timedelta(days=14)
_MEMORY = 14  # days back that a stream may have missed and still go on

Profiles = Mapping[date, Profile]


@dataclass(frozen=True)
class Reign:
    """Who has served since when: the days that it was trained on, and what it makes use of.

    `weights` say by stream how much depends on it.
    """

    since: date
    training: Profiles
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Round:
    """Signals of the newest day that is over, alarms of all days that were judged only now, and
    the skew of the newest complete day if that was."""

    signals: tuple[Signal, ...] = ()
    raised: tuple[Signal, ...] = ()
    skew: Skew | None = None


@dataclass(frozen=True)
class Patrol:
    """Watches what one pipeline is asked and answers; what it keeps lies beside the log."""

    definition: Definition
    lake: Lake
    log: PredictionLog

    @property
    def asked(self) -> Shelf:
        """Profiles of the inputs and probabilities of each day that was asked about."""
        return Shelf(self.log.lake.table("profiles"))

    @property
    def outcomes(self) -> Shelf:
        """Profiles of the labels and losses of each complete day."""
        return Shelf(self.log.lake.table("outcomes"))

    @property
    def sightings(self) -> Sightings:
        """Signals by the day that they were judged on."""
        return Sightings(self.log.lake.table("signals"))

    def made(self, reign: Reign, as_of: datetime) -> Round:
        """Profile what is new by `as_of`, judge every day that has not been; the newest's signals.

        A day is judged once it is over in the pipeline's time zone. A second round changes
        nothing.
        """
        counts = self.log.counts()
        today = as_of.astimezone(self.definition.pipeline.schedule.zone).date()
        answered = [day for day in sorted(counts) if day < today]
        if not answered:
            return Round()
        self._profile(answered, counts)
        beside = self._turned_out(answered, counts, as_of)
        raised: list[Signal] = []
        judged = set(self.sightings.table.partitions())
        due = [d for d in answered if d >= reign.since and d.isoformat() not in judged]
        for day, signals in self._judged(due, reign):
            self.sightings.keep(day, signals)
            raised += [each for each in signals if each.alarmed]
        newest = self.sightings.of(answered[-1], answered[-1])
        return Round(tuple(newest), tuple(raised), beside)

    def renewed(self, days: Sequence[date], as_of: datetime) -> int:
        """Profile days again whose answers or labels were corrected; how many profiles changed.

        Days that have no profile yet get theirs in the next round. Signals of days that have been
        judged stay what they were: somebody was told.
        """
        counts, changed = self.log.counts(), 0
        for day in days:
            asked, judged = self.asked.days(day, day), self.outcomes.days(day, day)
            if day in asked:
                changed += self.asked.renew(day, self._asked(day, day)[day], str(counts[day]))
            if day in judged:
                outcome = self._judged_by_labels([day], as_of)[day]
                kept = {n: each for n, each in judged[day].columns.items() if n == SKEW}
                outcome = Profile(outcome.rows, {**outcome.columns, **kept})
                changed += self.outcomes.renew(day, outcome, str(counts[day]))
        return changed

    def completed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Logged rows with every input: one that no answer was ever given from is null."""
        inputs = self.definition.pipeline.features.columns
        return rows.reindex(columns=list(dict.fromkeys([*rows.columns, *inputs])))

    def _profile(self, answered: Iterable[date], counts: Mapping[date, int]) -> None:
        """Keep a profile of every day whose number of answers is not that of its profile."""
        new = _new(self.asked, answered, counts)
        if not new:
            return
        found = self._asked(new[0], new[-1])
        for day in new:
            self.asked.keep(day, found[day], str(counts[day]))

    def _turned_out(
        self, answered: Iterable[date], counts: Mapping[date, int], as_of: datetime
    ) -> Skew | None:
        """Keep profiles of labels and losses of complete days; the skew of the newest if new."""
        complete = set(complete_days(self.definition, self.lake, as_of))
        new = _new(self.outcomes, (day for day in answered if day in complete), counts)
        if not new:
            return None
        policy = self.definition.pipeline.watch.drift
        found = self._judged_by_labels(new, as_of)
        beside = skew(self.definition, self.lake, self.log, new[-1], policy.skew_rows)
        for day, outcome in found.items():
            profile = outcome
            if day == new[-1]:
                profile = Profile(outcome.rows, {**outcome.columns, SKEW: _mismatches(beside)})
            self.outcomes.keep(day, profile, str(counts[day]))
        return beside

    def _asked(self, first: date, last: date) -> Profiles:
        """The profiles of inputs and probabilities that the log gives for these days."""
        features = self.definition.pipeline.features
        rows = self.completed(self.log.read(first, last))
        return by_day(rows, [*features.numeric, PROBABILITY], features.categorical)

    def _judged_by_labels(self, days: Sequence[date], as_of: datetime) -> dict[date, Profile]:
        """The profile of labels and losses of each of these days, also of one without a label."""
        label = self.definition.pipeline.label.name
        known = labelled(self.definition, self.lake, self.log.read(days[0], days[-1]), as_of)
        y, p = known[label].to_numpy() == 1, known[PROBABILITY].to_numpy(dtype=np.float64)
        known = known.assign(**{LOSS: losses("log_loss", y, p)})
        found, silent = by_day(known, [label, LOSS], ()), profiled(known.head(0), [label, LOSS], ())
        return {day: found.get(day, silent) for day in days}

    def _judged(
        self, days: Sequence[date], reign: Reign
    ) -> Iterator[tuple[date, tuple[Signal, ...]]]:
        """The signals of each day, and of the outcomes that became complete with it."""
        if not days:
            return
        pipeline = self.definition.pipeline
        wait = timedelta(days=pipeline.label.complete_after_days)
        asked, outcomes = self._read(self.asked, days), self._read(self.outcomes, days)
        memory = days[0] - timedelta(days=_MEMORY)
        past = [e for e in self.sightings.of(memory, days[-1]) if _goes_on(e, reign)]
        for day in days:
            before = [each for each in past if each.day < day]
            inputs = self._inputs(_Window.of(asked, day, pipeline.watch), reign)
            turned_out = self._outcomes(_Window.of(outcomes, day - wait, pipeline.watch), reign)
            watched = [*inputs, *turned_out]
            signals = vigil(watched, reign.weights, before, pipeline.watch.drift)
            past += signals
            yield day, signals

    def _read(self, shelf: Shelf, days: Sequence[date]) -> Profiles:
        """All that judging these days looks at, the days of a year before included."""
        watch = self.definition.pipeline.watch
        back = timedelta(days=watch.window_days + watch.drift.reference_days + _MEMORY)
        last_year = shelf.days(days[0] - _YEAR - _SEASON - back, days[-1] - _YEAR + _SEASON)
        return {**last_year, **shelf.days(days[0] - back, days[-1])}

    def _inputs(self, window: "_Window", reign: Reign) -> Iterator[Watched]:
        features = {f"{FEATURE}{name}": name for name in self.definition.pipeline.features.columns}
        yield Watched(features, window.recent, window.beside(reign.training))
        yield Watched({PREDICTION: PROBABILITY}, window.recent, window.since(reign.since))

    def _outcomes(self, window: "_Window", reign: Reign) -> Iterator[Watched]:
        if window.day not in window.recent:
            return
        label = self.definition.pipeline.label.name
        yield Watched({LABEL: label}, window.recent, window.beside(reign.training))
        yield Watched({LOSS: LOSS, SKEW: SKEW}, window.recent, window.since(reign.since))


@dataclass(frozen=True)
class _Window:
    """A day with the latest days, and the days that they are compared with."""

    day: date
    recent: Profiles
    previous: Profiles
    season: Profiles

    @classmethod
    def of(cls, profiles: Profiles, day: date, watch: Watch) -> "_Window":
        """The day's own, from the profiles of all days."""
        first = day - timedelta(days=watch.window_days - 1)
        start = first - timedelta(days=watch.drift.reference_days)
        last_year = day - _YEAR
        return cls(
            day=day,
            recent=_between(profiles, first, day),
            previous=_between(profiles, start, first - timedelta(days=1)),
            season=_between(profiles, last_year - _SEASON, last_year + _SEASON),
        )

    def beside(self, training: Profiles) -> dict[Reference, Profiles]:
        """What any model is asked and what turns out: against every reference that there is."""
        found = {
            Reference.TRAINING: training,
            Reference.PREVIOUS: self.previous,
            Reference.SEASON: self.season,
        }
        return {reference: days for reference, days in found.items() if days}

    def since(self, first: date) -> dict[Reference, Profiles]:
        """What one model answers: against its own answers alone."""
        return {Reference.PREVIOUS: {d: each for d, each in self.previous.items() if d >= first}}


def _between(profiles: Profiles, first: date, last: date) -> Profiles:
    return {day: each for day, each in profiles.items() if first <= day <= last}


def _new(shelf: Shelf, days: Iterable[date], counts: Mapping[date, int]) -> list[date]:
    """The days without a profile of as many answers as there are now."""
    wanted = list(days)
    kept = shelf.kept(wanted[0], wanted[-1]) if wanted else {}
    return [day for day in wanted if kept.get(day) != str(counts[day])]


def _goes_on(signal: Signal, reign: Reign) -> bool:
    """Whether the evidence behind a signal is still about the same two things."""
    is_model = signal.stream in (PREDICTION, LOSS) or signal.reference is Reference.TRAINING
    return not is_model or signal.day >= reign.since


def _mismatches(found: Skew) -> NumericProfile:
    """One for every sampled row that mismatches, else zero."""
    rows = np.zeros(found.rows)
    rows[: found.mismatched] = 1.0
    return NumericProfile.of(rows)
