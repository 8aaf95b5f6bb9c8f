"""What is known when the cause of a drop or a shift is looked for, and what follows from it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from config.values import Metric
from tasks.drift.clocks.density import Density
from tasks.drift.faults import Fault
from tasks.drift.maturity import LabelMove
from tasks.evaluation.metrics import higher_is_better
from tasks.records import Admission, Outcome
from tasks.signs import FEATURE, Reading, Signal


@dataclass(frozen=True)
class Symptoms:
    """What was seen by a moment, of the window that the newest readings are about.

    `dropped` is whether a trigger found the present champion below `bar` by more than `allowed`,
    beyond doubt. `realised` is what turned out on complete days and `expected` what the
    probabilities of the same rows had promised, calibrated on days before them; `latest` is the
    estimate for the newest days, none where that clock has not proved itself. `admissions` and
    `signals` are those of the window, in order of time; `faults` describe its columns. None, nan
    and empty mean that nothing is known, which never speaks for a cause.
    """

    metric: Metric
    dropped: bool = False
    bar: float = math.nan
    allowed: float = math.nan
    realised: Reading | None = None
    expected: Reading | None = None
    latest: Reading | None = None
    admissions: Sequence[Admission] = ()
    signals: Sequence[Signal] = ()
    faults: Sequence[Fault] = ()
    labels: LabelMove | None = None
    density: Density | None = None

    @property
    def refused(self) -> list[Admission]:
        """Deliveries that are refused, and whose partition nobody has delivered anew."""
        return [each for each in self._last_word if each.outcome is Outcome.REFUSED]

    @property
    def held(self) -> dict[str, tuple[int, int]]:
        """Rows held of the rows delivered, by table."""
        counted: dict[str, tuple[int, int]] = {}
        for each in self._last_word:
            held, rows = counted.get(each.delivery.table, (0, 0))
            counted[each.delivery.table] = held + each.held, rows + each.rows + each.held
        return counted

    @property
    def alarmed(self) -> tuple[str, ...]:
        """Streams with an alarm that was raised or stood in the window, by name."""
        up = {each.stream for each in self.signals if each.alarmed or each.standing}
        return tuple(sorted(up))

    @property
    def alarmed_inputs(self) -> tuple[str, ...]:
        """Columns among them that the model is given."""
        return tuple(s.removeprefix(FEATURE) for s in self.alarmed if s.startswith(FEATURE))

    @property
    def broken(self) -> list[Fault]:
        """Faults on a minority of the days, with an alarm about their column or beyond doubt."""
        inputs = self.alarmed_inputs
        return [e for e in self.faults if e.confined and (e.beyond or e.column in inputs)]

    @property
    def worst_expected(self) -> float:
        """The limit of what was expected of the realised rows; nan where nothing is known of it."""
        realised, expected = self.realised, self.expected
        if realised is None or expected is None or not _of_same_rows(realised, expected):
            return math.nan
        if math.isnan(realised.measured.value):
            return math.nan
        rises = higher_is_better(self.metric)
        return expected.measured.low if rises else expected.measured.high

    @property
    def worse_than_expected(self) -> bool:
        """Whether what turned out is worse than the worst expected of the same rows."""
        if self.realised is None:
            return False
        value = self.realised.measured.value
        if higher_is_better(self.metric):
            return value < self.worst_expected
        return value > self.worst_expected

    @property
    def fallen(self) -> Reading | None:
        """The estimate that fell: by more than is allowed, or by half of a drop that is certain.

        Its own limits are for what will turn out, and wide as those; the doubt here is about
        whether the inputs shifted, which alarms and the classifier's limit carry.
        """
        if self.latest is not None and self._loss(self.latest) > self.allowed:
            return self.latest
        if self.dropped and self.realised is not None and self.expected is not None:
            lost = self._loss(self.realised)
            if lost > 0 and self._loss(self.expected) >= lost / 2:
                return self.expected
        return None

    @property
    def numbers(self) -> dict[str, float | str]:
        """The readings beside the bar, as evidence."""
        return {"metric": str(self.metric), "bar": self.bar, **dict(self._measured())}

    @property
    def _last_word(self) -> list[Admission]:
        """The newest verdict about each partition: a correction replaces what was refused."""
        newest = {(each.delivery.table, each.delivery.partition): each for each in self.admissions}
        return list(newest.values())

    def _loss(self, reading: Reading) -> float:
        """How far a reading is on the wrong side of the bar; nan where either is."""
        sign = 1 if higher_is_better(self.metric) else -1
        return sign * (self.bar - reading.measured.value)

    def _measured(self) -> Iterator[tuple[str, float]]:
        for name in ("realised", "expected", "latest"):
            reading: Reading | None = getattr(self, name)
            if reading is not None:
                yield name, reading.measured.value
                yield f"{name}_low", reading.measured.low
                yield f"{name}_high", reading.measured.high


def _of_same_rows(realised: Reading, expected: Reading) -> bool:
    named = ("version", "metric", "first_day", "last_day")
    return all(getattr(realised, name) == getattr(expected, name) for name in named)
