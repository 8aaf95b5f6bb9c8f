"""Deliveries judged ahead of their turn, by processes beside this one; settled they are here."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from tasks.quality.checker import Checker
from tasks.quality.judging import Judge, Judged
from tasks.records import Delivery

Verdict = Callable[[Delivery], Judged]

_WAITING = 4  # verdicts a process: so many may be ready before their turn


@contextmanager
def ahead(judge: Judge, deliveries: Iterable[Delivery], processes: int) -> Iterator[Verdict]:
    """Gives verdicts on `deliveries`, best asked for in their order: they are judged in it.

    Judging asks nothing of the lake and writes nothing, so it may run ahead. At most a few
    verdicts wait to be asked for, however many deliveries there are. A delivery that is asked
    about again is judged again.
    """
    checkers = _Checkers(judge)
    pool = ThreadPoolExecutor(processes)
    coming = iter(deliveries)
    waiting: deque[tuple[Delivery, Future[Judged]]] = deque()

    def refill() -> None:
        while len(waiting) < _WAITING * processes and (following := next(coming, None)):
            waiting.append((following, pool.submit(checkers.judged, following)))

    def verdict(delivery: Delivery) -> Judged:
        refill()
        if all(coming_up != delivery for coming_up, _ in waiting):
            return checkers.judged(delivery)
        while (turn := waiting.popleft())[0] != delivery:
            pass  # nobody will ask about it any more
        refill()
        return turn[1].result()

    try:
        yield verdict
    finally:
        pool.shutdown(cancel_futures=True)
        checkers.close()


class _Checkers:
    """As many processes as are asked at once; one that died is replaced when it is needed."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._idle: SimpleQueue[Checker] = SimpleQueue()

    def judged(self, delivery: Delivery) -> Judged:
        try:
            checker = self._idle.get_nowait()
        except Empty:
            checker = Checker(self._judge)
        try:
            return checker.judged(delivery)
        finally:
            if checker.alive:
                self._idle.put(checker)
            else:
                checker.close()

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()
