"""Ratchet's side of the drift benchmark: a day is profiled once, and profiles are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from benchmarks.columns import CATEGORICAL, COLUMNS, NUMERIC
from benchmarks.watchers import Verdict
from config.watch import Drift, Watch
from tasks.drift.vigil import QUIET_DAYS, Watched, vigil
from tasks.profiles.columns import Profile
from tasks.profiles.frames import profiled
from tasks.signs import Reference, Signal

STREAMS = {name: name for name in COLUMNS}
WEIGHTS = dict.fromkeys(COLUMNS, 1.0)
"""A model that uses all columns alike."""


@dataclass(frozen=True)
class Vigilance:
    """The vigil with its defaults, beside the training window and the previous one."""

    training: Mapping[date, Profile]
    policy: Drift = field(default_factory=Drift)
    logged: Mapping[date, Profile] = field(default_factory=dict)
    past: tuple[Signal, ...] = ()

    def look(self, day: date, rows: pd.DataFrame) -> tuple["Vigilance", Verdict]:
        return self.seen(day, profiled(rows, NUMERIC, CATEGORICAL))

    def seen(self, day: date, profile: Profile) -> tuple["Vigilance", Verdict]:
        """As `look`, of a day that has been profiled."""
        window = Watch().window_days
        kept = [*self.logged.items(), (day, profile)][-window - self.policy.reference_days :]
        references = {
            Reference.TRAINING: self.training,
            Reference.PREVIOUS: dict(kept[:-window]),
        }
        watched = Watched(STREAMS, dict(kept[-window:]), references)
        signals = vigil([watched], WEIGHTS, self.past, self.policy)
        past = [each for each in self.past if (day - each.day).days < QUIET_DAYS]
        after = replace(self, logged=dict(kept), past=(*past, *signals))
        return after, Verdict(frozenset(each.stream for each in signals if each.alarmed))
