"""Progress bars that hang on log lines: work is told once, and shown where someone looks."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


def bars(hidden: bool) -> Progress:
    """Bars on standard error, so that standard output stays a result."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=hidden,
    )


@contextmanager
def advancing(
    progress: Progress, title: str, total: int, logger: str = "ratchet"
) -> Iterator[TaskID]:
    """A bar that moves with every log record under `logger` that carries `advance`."""
    bar = progress.add_task(title, total=total)
    handler = _Advance(progress, bar)
    log = logging.getLogger(logger)
    log.addHandler(handler)
    try:
        yield bar
    finally:
        log.removeHandler(handler)
        progress.update(bar, completed=total)


class _Advance(logging.Handler):
    def __init__(self, progress: Progress, bar: TaskID) -> None:
        super().__init__(logging.INFO)
        self._progress, self._bar = progress, bar

    def emit(self, record: logging.LogRecord) -> None:
        self._progress.advance(self._bar, getattr(record, "advance", 0))
