"""What arms have in common on a night: made by the first that needs it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar, cast

from tasks.backtest.memory import Memory

T = TypeVar("T")


@dataclass
class Shared:
    """The lake in memory, the folder of fits, and what was made tonight by what it follows from."""

    memory: Memory
    fits: Path
    made: dict[Hashable, Any] = field(default_factory=dict)
    alone: RLock = field(default_factory=RLock)

    def begin(self) -> None:
        """Forget the night before."""
        self.made = {}

    def lake(self, as_of: datetime) -> Memory:
        """The lake as it was by then, the same for all."""
        return self.once(as_of, lambda: self.memory.by(as_of))

    def once(self, of: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once a night."""
        with self.alone:
            if of not in self.made:
                self.made[of] = make()
            return cast("T", self.made[of])
