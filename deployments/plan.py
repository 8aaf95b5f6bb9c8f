"""What a deploy would do, told before it is done."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

Action = Literal["create", "change", "delete", "unchanged"]
Kind = Literal["work pool", "webhook", "deployment", "schedule", "automation", "event"]


@dataclass(frozen=True)
class Change:
    """What becomes of one thing on the server, and why."""

    action: Action
    kind: Kind
    name: str
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that is looked after, in the order in which it is done."""

    server: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What was left as a person made it, and what is missing."""

    @property
    def pending(self) -> tuple[Change, ...]:
        """What is to be created, changed or deleted."""
        return tuple(each for each in self.changes if each.action != "unchanged")

    @property
    def summary(self) -> str:
        """How many of what.

        >>> Plan("", (Change("create", "schedule", "night"),)).summary
        '1 to create, 0 to change, 0 to delete, 0 unchanged'
        """
        counts = Counter(each.action for each in self.changes)
        told = (f"{counts[action]} to {action}" for action in ("create", "change", "delete"))
        return f"{', '.join(told)}, {counts['unchanged']} unchanged"


@dataclass(frozen=True)
class Step:
    """One change and how it is carried out."""

    change: Change
    carry_out: Callable[[], object] = lambda: None
    note: str = ""


def unchanged(kind: Kind, name: str, note: str = "") -> Step:
    """Nothing to do; `note` says what a person chose otherwise."""
    return Step(Change("unchanged", kind, name), note=note)


def plan_of(server: str, steps: Iterable[Step], notes: Iterable[str] = ()) -> Plan:
    """The steps as they are told."""
    listed = list(steps)
    said = [step.note for step in listed if step.note]
    return Plan(server, tuple(step.change for step in listed), (*notes, *said))
