"""An arm's ledger: its own decisions, beside what the real one knows of the world."""

from bisect import insort
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, cast

from tasks.features.pinning import Pinning
from tasks.ledger.corrections import Correction
from tasks.ledger.decisions import Entry
from tasks.ledger.ledger import Ledger
from tasks.ledger.probations import Probation
from tasks.records import Admission, Decision, Intent, Interval, ModelVersion, Performance
from tasks.signs import Reading, Scored

T = TypeVar("T")


class Book(Ledger):
    """A ledger that nobody else writes to: what was read once is known until it is changed.

    Deliveries and what people pinned are the real ledger's: no policy changes them. Nothing is
    measured again, as nothing is delivered anew while an arm lives.
    """

    def __init__(self, url: str, real: Ledger) -> None:
        super().__init__(url)
        self._real = real
        self._known: dict[Hashable, Any] = {}

    def admissions(self, pipeline: str) -> list[Admission]:
        """Every admission of the real pipeline, in the order in which they were judged."""
        return self._once("admissions", partial(self._real.admissions, pipeline))

    def pinnings(self, pipeline: str) -> list[Pinning]:
        """Every version of the real golden set, oldest first."""
        return self._once("pinnings", partial(self._real.pinnings, pipeline))

    def corrections(self, pipeline: str, as_of: datetime | None = None) -> list[Correction]:
        """None, ever."""
        return []

    def decide(self, entry: Entry) -> Decision:
        """Appends a decision, or returns the one already stored under its key."""
        self._known.pop("decisions", None)
        return super().decide(entry)

    def decisions(self, pipeline: str) -> list[Decision]:
        """Every decision, oldest first."""
        return self._once("decisions", partial(super().decisions, pipeline))

    def champion(self, pipeline: str, as_of: datetime | None = None) -> int | None:
        """Who serves: the last decision's champion, of those taken by `as_of` when given."""
        taken = [d for d in self.decisions(pipeline) if as_of is None or d.as_of <= as_of]
        return taken[-1].champion if taken else None

    def version(self, pipeline: str, number: int) -> ModelVersion:
        """The recorded version."""
        return self._once(("version", number), partial(super().version, pipeline, number))

    def reference(self, pipeline: str, number: int) -> Interval:
        """The holdout performance that a version was recorded with."""
        return self._once(("reference", number), partial(super().reference, pipeline, number))

    def intend(self, intent: Intent) -> bool:
        """Writes an intent down; False when its cause is already there."""
        self._known.pop("intents", None)
        return super().intend(intent)

    def intents(self, pipeline: str) -> list[Intent]:
        """Every intent, oldest first."""
        return self._once("intents", partial(super().intents, pipeline))

    def claim(self, pipeline: str, cause: str, by: str, instead_of: str = "") -> bool:
        """True for exactly one caller; a claimed intent goes to who names its claimant."""
        self._known.pop("intents", None)
        return super().claim(pipeline, cause, by, instead_of)

    def settle(self, pipeline: str, cause: str, state: str, outcome: str) -> None:
        """Ends an intent as `done` or `declined`."""
        self._known.pop("intents", None)
        super().settle(pipeline, cause, state, outcome)

    def performance(self, performance: Performance) -> bool:
        """Appends a measurement; False when this `as_of` has been measured."""
        is_new = super().performance(performance)
        if is_new and "performances" in self._known:
            insort(self._known["performances"], performance, key=lambda each: each.as_of)
        return is_new

    def performances(self, pipeline: str) -> list[Performance]:
        """Every measurement, oldest first."""
        return self._once("performances", partial(super().performances, pipeline))

    def keep_readings(self, found: Sequence[Reading]) -> int:
        """Writes down what clocks said; how many were new, as the first word stands."""
        kept = super().keep_readings(found)
        if kept == len(found) and "readings" in self._known:
            for each in found:
                insort(self._known["readings"], each, key=_order)
        else:
            self._known.pop("readings", None)
        return kept

    def readings(self, pipeline: str, as_of: datetime | None = None) -> list[Reading]:
        """Every reading of every clock, of those made by `as_of` when given, oldest first."""
        made = self._once("readings", partial(super().readings, pipeline))
        return [each for each in made if as_of is None or each.as_of <= as_of]

    def score_reading(self, reading: Reading, truth: float, as_of: datetime) -> bool:
        """Writes down what turned out; False when that was known, or is undefined."""
        is_new = super().score_reading(reading, truth, as_of)
        if is_new and "scored" in self._known:
            scored = Scored(reading, truth)
            insort(self._known["scored"], scored, key=lambda each: _order(each.reading))
        return is_new

    def scored(self, pipeline: str, as_of: datetime) -> list[Scored]:
        """Readings beside what has turned out; nights go forward, so all of it is known by then."""
        return self._once("scored", partial(super().scored, pipeline, as_of))

    def probation(self, probation: Probation) -> Probation:
        """Writes down how a promotion's probation ended, once; what is on record then."""
        self._known.pop("probations", None)
        return super().probation(probation)

    def probations(self, pipeline: str) -> list[Probation]:
        """Every probation that has ended, oldest promotion first."""
        return self._once("probations", partial(super().probations, pipeline))

    def _once(self, what: Hashable, read: Callable[[], T]) -> T:
        if what not in self._known:
            self._known[what] = read()
        return cast("T", self._known[what])


def _order(reading: Reading) -> tuple[datetime, str, str]:
    """As the ledger lists them."""
    return reading.as_of, reading.clock.value, reading.metric
