"""What a person's Ctrl-C, a service manager's SIGTERM and a closed terminal mean to the stack."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The first signal raises `KeyboardInterrupt`; any later one calls `again` and raises nothing.

    So what cleans up after the first is not broken off by an impatient second.
    """

    def __init__(self, again: Callable[[], None]) -> None:
        self._again = again
        self._ending = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interrupts":
        self._before = {number: signal.signal(number, self._came) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def ending(self) -> None:
        """From now on no signal raises."""
        self._ending = True

    def _came(self, _: int, __: FrameType | None) -> None:
        if self._ending:
            self._again()
        else:
            self._ending = True
            raise KeyboardInterrupt
