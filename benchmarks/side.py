"""A side of the race: an object in a process of its own, asked by name over a pipe."""

import json
import os
import subprocess
import sys
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

Answer = dict[str, Any]


class Side:
    """The process that runs `benchmarks.<module>.main`; only answers travel back from it."""

    def __init__(self, module: str, root: Path) -> None:
        # This light file is the main module: children of a fork server run it again.
        self._process = subprocess.Popen(
            [sys.executable, __file__, module, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            text=True,
        )

    def ask(self, name: str, *moments: datetime) -> Answer:
        """What the method answers, with the `seconds` that it took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *(each.isoformat() for each in moments)]), file=self._process.stdin)
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        if not told:
            raise SystemExit(f"{name} failed; what it said is above")
        answer: Answer = json.loads(told)
        return answer

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()


def serve(side: object) -> None:
    """Answer from the methods of `side` until nobody can ask any more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    for line in sys.stdin:
        name, *moments = json.loads(line)
        arguments = [datetime.fromisoformat(each) for each in moments]
        began = time.perf_counter()
        answer: Answer = getattr(side, name)(*arguments)
        answer["seconds"] = time.perf_counter() - began
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    import_module(f"benchmarks.{sys.argv[1]}").main(Path(sys.argv[2]))
