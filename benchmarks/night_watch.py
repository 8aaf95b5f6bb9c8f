"""What the watch sees of a lot of days, night by night: symptoms by the shipped functions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from benchmarks.flown import LOSS, NIGHT, OPENING, PROBABILITY, Flown, Lot
from tasks.drift.clocks.density import density_ratio
from tasks.drift.expectation import expected
from tasks.drift.faults import faults
from tasks.drift.labelling import counted
from tasks.drift.maturity import LabelDay, moved
from tasks.drift.performance import readings, realised
from tasks.drift.routing import density_needed, routed
from tasks.drift.symptoms import Symptoms
from tasks.drift.vigil import Watched, vigil
from tasks.profiles.columns import Profile
from tasks.signs import Reading, Reference, Routed, Signal

WARM_UP = 37
"""The number of the first night on which the vigil has all that it compares with."""


def _name(number: int) -> date:
    return OPENING + timedelta(days=number)


class NightWatch:
    """Looks at a lot on consecutive nights; night n comes after day n - 1."""

    def __init__(self, flown: Flown, lot: Lot) -> None:
        self.flown, self.lot = flown, lot
        self.signals: dict[int, tuple[Signal, ...]] = {}
        watch = flown.definition.pipeline.watch
        self._window, self._before = watch.window_days, watch.drift.reference_days
        self._wait = flown.definition.pipeline.label.complete_after_days + 1
        self._profiles = flown.profiles(lot.rows)
        in_time = lot.rows[NIGHT] <= self._wait
        label = lot.rows[flown.label]
        self._outcomes = flown.profiles(lot.rows.assign(**{flown.label: label.where(in_time)}))

    def look(self, night: int) -> Routed:
        """The route of a night, after those before it."""
        self._watch(night)
        pipeline, answered = self.flown.definition.pipeline, self._answered(night)
        symptoms = self._symptoms(night, answered)
        if symptoms.dropped and symptoms.realised is not None:
            shifted = bool(symptoms.alarmed_inputs)
            found = expected(pipeline, answered, symptoms.realised, shifted)
            symptoms = replace(symptoms, expected=found.reading, density=found.density)
        if density_needed(symptoms):
            before = self._rows(night - self._window - self._before, night - self._window)
            now = self._rows(night - self._window, night)
            numeric, categorical = pipeline.features.numeric, pipeline.features.categorical
            symptoms = replace(symptoms, density=density_ratio(before, now, numeric, categorical))
        return routed(symptoms)

    def warm_up(self, night: int) -> None:
        """Let the vigil see the days before a night."""
        for each in range(WARM_UP, night):
            self._watch(each)

    def _symptoms(self, night: int, answered: pd.DataFrame) -> Symptoms:
        """Those that are known without a further look at what is dear."""
        pipeline = self.flown.definition.pipeline
        first = night - self._window - 1
        inside = answered[answered["number"] >= self._complete(night)[0]]
        as_of = pipeline.schedule.night_of(_name(night))
        told = realised(self.flown.definition, inside, self.flown.promise, as_of)
        (reading,) = readings(self.flown.definition, inside, told)
        return Symptoms(
            metric=pipeline.metric,
            dropped=told.dropped,
            bar=told.reference,
            allowed=pipeline.watch.max_drop,
            realised=reading,
            latest=self._latest(night, answered, reading),
            admissions=[
                each
                for number in range(first, night)
                for each in self.lot.admissions.get(number, ())
            ],
            signals=[s for n in range(first, night) for s in self.signals.get(n + 1, ())],
            faults=faults(
                self._of(self._profiles, first, night),
                self._of(self._profiles, first - self._before, first),
            ),
            labels=moved(self._label_days(night), self._window, self._before),
        )

    def _complete(self, night: int) -> list[int]:
        """The latest days whose labels have had their time and whose label files came."""
        gone = {number - n for number in self.lot.gone for n in range(self._wait)}
        days = [each for each in range(night - self._wait + 1) if each not in gone]
        return days[-self._window :]

    def _answered(self, night: int) -> pd.DataFrame:
        """Answers of complete days whose label is there, as far back as anything looks."""
        gone = {number - n for number in self.lot.gone for n in range(self._wait)}
        rows = self._rows(night - self._window - self._before - self._wait, night - self._wait + 1)
        there = rows["number"] + rows[NIGHT] <= night
        return rows[there & ~rows["number"].isin(gone)]

    def _latest(self, night: int, answered: pd.DataFrame, reading: Reading) -> Reading:
        """The estimate for the newest days, whose labels nobody looks at."""
        newest = self._rows(night - self._window, night)
        before = answered[answered["number"] < night - self._window]
        days = _name(night - self._window), _name(night - 1)
        asked = replace(reading, first_day=days[0], last_day=days[1], reason="")
        both = pd.concat([before, newest])
        return expected(self.flown.definition.pipeline, both, asked).reading

    def _label_days(self, night: int) -> list[LabelDay]:
        rows = self._rows(night - self._window - self._before - self._wait, night)
        passed = {
            str(day): min(self._wait, night - int(number))
            for day, number in rows.groupby("day")["number"].first().items()
        }
        return list(counted(rows.rename(columns={NIGHT: "_night"}), passed))

    def _watch(self, night: int) -> None:
        if night in self.signals:
            return
        past = [each for n in range(night - 4, night) for each in self.signals.get(n, ())]
        inputs = {f"feature {n}": n for n in self.flown.definition.pipeline.features.columns}
        inputs["prediction"] = PROBABILITY
        trained = {Reference.TRAINING: self.flown.trained_on}
        asked = self._watched(inputs, (self._profiles, trained), night)
        turned = {"label": self.flown.label, "loss": LOSS}
        settled = self._watched(turned, (self._outcomes, {}), night - self._wait + 1)
        policy = self.flown.definition.pipeline.watch.drift
        found = [each for each in (asked, settled) if each is not None]
        self.signals[night] = vigil(found, self.flown.weights, past, policy)

    def _watched(
        self,
        streams: Mapping[str, str],
        beside: tuple[Mapping[date, Profile], Mapping[Reference, Mapping[date, Profile]]],
        night: int,
    ) -> Watched | None:
        profiles, references = beside
        recent = self._of(profiles, night - self._window, night)
        if _name(night - 1) not in recent:
            return None
        end = night - self._window
        previous = self._of(profiles, end - self._before, end)
        return Watched(streams, recent, {**references, Reference.PREVIOUS: previous})

    def _rows(self, first: int, end: int) -> pd.DataFrame:
        rows = self.lot.rows
        return rows[(rows["number"] >= first) & (rows["number"] < end)]

    def _of(self, profiles: Mapping[date, Profile], first: int, end: int) -> dict[date, Profile]:
        days = (_name(number) for number in range(first, end))
        return {day: profiles[day] for day in days if day in profiles}
