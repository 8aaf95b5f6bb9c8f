"""What came of making a version again."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.ledger.attestations import Likeness

WITHIN = 1e-9
"""Two probabilities that are no further apart differ by rounding."""

STEPS = (
    "environment",
    "code",
    "configuration",
    "snapshot",
    "split",
    "fit",
    "bytes",
    "predictions",
)
"""In the order in which a version follows from them."""

ASIDE = frozenset({"environment", "code", "bytes"})
"""Told, and no divergence: what a step came to can be compared whatever it was done with, and
skops writes the same model in other bytes each time."""


@dataclass(frozen=True)
class Step:
    """One step of making a version again: whether it came to what is on record, and to what."""

    name: str
    same: bool
    told: str


@dataclass(frozen=True)
class Apart:
    """A row that is answered differently: its question, and both probabilities."""

    question: Mapping[str, str]
    registered: float
    rebuilt: float


@dataclass(frozen=True)
class Reproduction:
    """A version made again: every step up to the last that made sense, and both answers.

    `rows` were answered by both models, `differ` of them differently, by up to `largest` (nan
    where there was nothing to compare); `furthest` are those furthest apart.
    """

    pipeline: str
    version: int
    likeness: Likeness
    steps: tuple[Step, ...]
    rows: int = 0
    differ: int = 0
    largest: float = float("nan")
    furthest: tuple[Apart, ...] = ()
    seconds: float = 0.0

    @property
    def diverged(self) -> str:
        """The first step that came to something else than is on record; empty without one."""
        return next((s.name for s in self.steps if not s.same and s.name not in ASIDE), "")

    @property
    def told(self) -> str:
        """The outcome in a sentence, with what else was otherwise."""
        beside = [
            f"{step.name}: {step.told}"
            for step in self.steps
            if not step.same and step.name not in {self.diverged, "bytes"}
        ]
        return "; ".join([self._outcome, *beside])

    @property
    def _outcome(self) -> str:
        if self.likeness is Likeness.IDENTICAL:
            return f"{self.rows:,} answers are the same to the bit"
        step = next(each for each in self.steps if each.name == self.diverged)
        return f"the first step that diverged is {step.name}: {step.told}"
