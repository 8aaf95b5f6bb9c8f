"""Cells played some at once, each when what it waits for is over."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass
from heapq import heappop, heappush

from tasks.ledger.played import Cell, Played
from tasks.nights.grid import Grid

Play = Callable[[Cell], Played]

_log = logging.getLogger("ratchet.backfill")


@dataclass(frozen=True)
class Went:
    """A cell that is over, and how far the grid is; `moved` when by another whole percent."""

    played: Played
    percent: float
    moved: bool


def run(grid: Grid, play: Play, workers: int) -> Iterator[Went]:
    """Play every cell of the grid, at most `workers` at once; what each came to, as it ends.

    A cell that raises is told by its error and stops no other but those of its night that need
    what it would have made: they are left unplayed. With one worker it is the caller's thread
    that plays; others are handed its context.
    """
    share = 100 / len(grid)
    for number, played in enumerate(_played(grid, _Book(grid, play), workers), 1):
        percent = number * share
        yield Went(played, percent, int(percent) > int(percent - share))


def _played(grid: Grid, book: "_Book", workers: int) -> Iterator[Played]:
    if workers == 1:
        yield from map(book.played, grid.cells)
        return
    line, running = _Line(grid), dict[Future[Played], Cell]()
    with ThreadPoolExecutor(workers) as pool:
        while line.ready or running:
            while line.ready and len(running) < workers:
                cell = line.next()
                running[pool.submit(copy_context().run, book.played, cell)] = cell
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                line.over(running.pop(future))
                yield future.result()


class _Line:
    """Cells that wait for nothing any more, the wanted first."""

    def __init__(self, grid: Grid) -> None:
        self.ready: list[tuple[int, Cell]] = []
        self._place = {cell: place for place, cell in enumerate(grid.cells)}
        self._open: dict[Cell, int] = {}
        self._waiting: defaultdict[Cell, list[Cell]] = defaultdict(list)
        for cell in self._place:
            before = grid.after(cell)
            self._open[cell] = len(before)
            for each in before:
                self._waiting[each].append(cell)
            if not before:
                self._join(cell)

    def next(self) -> Cell:
        return heappop(self.ready)[1]

    def over(self, cell: Cell) -> None:
        for waiting in self._waiting.pop(cell, ()):
            self._open[waiting] -= 1
            if not self._open[waiting]:
                self._join(waiting)

    def _join(self, cell: Cell) -> None:
        heappush(self.ready, (self._place[cell], cell))


class _Book:
    """Which cells failed, or could not be played after one that had."""

    def __init__(self, grid: Grid, play: Play) -> None:
        self._grid, self._play = grid, play
        self._missing: set[Cell] = set()

    def played(self, cell: Cell) -> Played:
        if not self._missing.isdisjoint(self._grid.needs(cell)):
            self._missing.add(cell)
            played = Played(cell.night, unplayed=(cell.step,))
            _log.warning("%s", played.of(cell), extra={"advance": 1})
            return played
        try:
            played = self._play(cell)
            _log.info("%s", played.of(cell), extra={"advance": 1})
        except Exception as error:  # the other cells go on, and it is told in the end
            self._missing.add(cell)
            played = Played(cell.night, error=f"{cell.step}: {type(error).__name__}: {error}")
            _log.error("%s", played.of(cell), extra={"advance": 1})
        return played
