"""The policies that a backtest lives under, and what comes of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.load import Definition
from tasks.records import Decision
from tasks.stores import Stores

if TYPE_CHECKING:
    import pandas as pd

NEVER = "never"
FRESH = "always fresh"

When = Callable[[Stores, datetime], bool]
"""Whether to retrain on the night of then, by an arm's own stores."""


@dataclass(frozen=True)
class Arm:
    """One policy: the pipeline's definition as it would be, and what it is called.

    `overrides` is what it says otherwise than pipeline.yaml, nested as there; the definition has
    them already. `when` is another rule than the definition's triggers. An arm that is not gated
    is a reference, no policy: whatever it fits serves.
    """

    name: str
    definition: Definition
    overrides: Mapping[str, object] = field(default_factory=dict)
    gated: bool = True
    when: When | None = None


@dataclass(frozen=True)
class Period:
    """The nights that are lived, both included."""

    first: date
    last: date

    @property
    def nights(self) -> tuple[date, ...]:
        """Every night's date."""
        return tuple(
            self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)
        )


@dataclass(frozen=True)
class Lived:
    """What came of an arm.

    `answers` has a row for each answered question of the period whose label is known by its end:
    the question's key, `day` (ISO), `asked_at`, `version`, `probability` and `label` (0 or 1), in
    order of event time and key. `fits_seconds` is the CPU time of its fits as if no other arm
    had made them; `seconds` the wall time that it took here. `error` says what ended it early.
    `folder` holds its ledger and models, and of a reference the inputs of all questions.
    """

    arm: Arm
    answers: "pd.DataFrame"
    decisions: tuple[Decision, ...]
    retrains: int
    promotions: int
    fits_seconds: float
    seconds: float
    error: str = ""
    folder: Path = Path()


def references(definition: Definition) -> tuple[Arm, Arm]:
    """Never retrained, and always fresh: what no policy does worse and better than for long.

    Fresh fits every night the candidate that the first champion is of, with its parameters, on
    all complete days of the window, those that a gate would judge on among them; it ships without
    a gate, and without the search for parameters that an attempt makes.
    """
    return (
        Arm(NEVER, definition, gated=False, when=_never),
        Arm(FRESH, definition, gated=False, when=_always),
    )


def _never(_: Stores, __: datetime) -> bool:
    return False


def _always(_: Stores, __: datetime) -> bool:
    return True
