"""A process of its own that judges deliveries: asked one after another, gone when nobody asks."""

import socket
import subprocess
import sys
from multiprocessing.connection import Connection

from tasks.errors import RatchetError, Terminal
from tasks.quality.judging import Judge, Judged
from tasks.records import Delivery


class Checker:
    """A fresh interpreter that judges as `judge` does.

    It shares no thread and no lock with whoever asks, and ends with them, however they end: its
    pipe is closed then.
    """

    def __init__(self, judge: Judge) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            start = (
                f"import sys; sys.path[:] = {sys.path!r}; "
                f"from tasks.quality.checker import serve; serve({theirs.fileno()})"
            )
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-c", start],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is ours to handle: we leave, and it follows
            )
        self._pipe = Connection(ours.detach())
        self._pipe.send(judge)

    def judged(self, delivery: Delivery) -> Judged:
        """The delivery, judged over there. Raises what that raised, `Terminal` if it died of it."""
        try:
            self._pipe.send(delivery)
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Terminal(
                f"{delivery.path}: the process that judged it died with {self._process.wait()}; "
                "`--workers 1` judges it in this one"
            ) from error
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, Judged)
        return answer

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Let it end what it does, and end."""
        self._pipe.close()
        self._process.wait()


def serve(descriptor: int) -> None:
    """Judge whatever comes over the pipe, until it is closed."""
    with Connection(descriptor) as pipe:
        try:
            judge: Judge = pipe.recv()
            while True:
                pipe.send(_answer(judge, pipe.recv()))
        except (EOFError, OSError):  # whoever asked has gone
            return


def _answer(judge: Judge, delivery: Delivery) -> Judged | RatchetError:
    """What is not ours goes over the pipe in words: not every exception can."""
    try:
        return judge.judged(delivery)
    except RatchetError as error:
        return error
    except Exception as error:  # whoever asked tells it
        return Terminal(f"{delivery.path}: {type(error).__name__}: {error}")
