"""How near the clocks that do not wait for labels come to what turns out, and how often they hold.

Nothing is simulated but the delay of the streams' labels: the flights of 2013 and three streams of
real rows, beside what a frozen reference says and, where it is installed, NannyML's CBPE.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from benchmarks import flight_year, real_streams
from benchmarks.command import Command, told
from benchmarks.guesses import ESTIMATED, FROZEN, SO_FAR, Cell, Guess, Task, cells
from config.settings import inherited
from tasks.records import Interval

LEAST_COVERAGE = 0.8
NANNY = "NannyML CBPE"


@dataclass(frozen=True)
class Report:
    """Every cell, and what could not be measured."""

    cells: Sequence[Cell]
    skipped: Sequence[str] = field(default=())

    @property
    def table(self) -> str:
        lines = ["mean absolute error to what turned out, share of 95 % limits that held"]
        for world in dict.fromkeys(cell.world for cell in self.cells):
            lines += [
                "",
                f"{world:<36}{'metric':<14}{'read':>6}{'error':>11}{'held':>9}{'width':>10}",
            ]
            lines += [cell.told for cell in self.cells if cell.world == world]
        return "\n".join([*lines, "", *self.skipped])

    @property
    def missed(self) -> list[str]:
        return [*self._errors(), *self._coverages()]

    @property
    def meets_goal(self) -> bool:
        return not self.missed

    @property
    def line(self) -> str:
        word = "met" if self.meets_goal else f"missed by {'; '.join(self.missed)}"
        return f"error of {ESTIMATED} at most that of the {FROZEN}, flights' limits held: {word}"

    @property
    def document(self) -> Mapping[str, object]:
        return {"cells": [asdict(cell) for cell in self.cells], "skipped": list(self.skipped)}

    def _errors(self) -> Iterator[str]:
        """Streams on which the estimate is farther off than the metric of long ago."""
        binary = {stream.name for stream in real_streams.STREAMS if stream.binary}
        frozen = {(c.world, c.metric): c.error for c in self.cells if c.method == FROZEN}
        for cell in self.cells:
            if cell.method == ESTIMATED and cell.world in binary:
                most = frozen[cell.world, cell.metric]
                if not cell.error <= most:
                    yield f"{cell.world}, {cell.metric}: {cell.error:.4f} above {most:.4f}"

    def _coverages(self) -> Iterator[str]:
        """Clocks whose limits on the flights held less often than is asked."""
        for cell in self.cells:
            counts = cell.world == flight_year.NAME and cell.method in (ESTIMATED, SO_FAR)
            if counts and not cell.coverage >= LEAST_COVERAGE:
                yield f"{cell.world}, {cell.method}, {cell.metric}: {cell.coverage:.0%} held"


def measured(last: date, interpreter: Path | None) -> Report:
    """Flights until `last`, every stream that is there, and NannyML if there is one."""
    skipped = []
    with tempfile.TemporaryDirectory() as folder:
        guesses, tasks = flight_year.guesses(flight_year.Year(Path(folder), last))
    found = real_streams.found()
    for answered in found:
        guesses += real_streams.guesses(answered)
        tasks += real_streams.tasks(answered)
    missing = {stream.name for stream in real_streams.STREAMS} - {
        each.stream.name for each in found
    }
    if missing:
        skipped.append(f"skipped: no {', '.join(sorted(missing))} in {real_streams.FOLDER.name}")
    if interpreter is None:
        skipped.append("skipped: NannyML, no --nannyml interpreter given")
    else:
        guesses += _nanny(interpreter, tasks)
    return Report(cells(guesses), skipped)


def _nanny(interpreter: Path, tasks: Sequence[Task]) -> Iterator[Guess]:
    """What NannyML says of the same windows, from the same reference and from the first one."""
    asked = [
        {
            name: each.tolist()
            for name, each in (("y", task.y), ("p", task.p), ("current", task.current))
        }
        for task in tasks
    ]
    script = Path(__file__).with_name("nanny_estimates.py")
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(
            [str(interpreter), str(script)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=True,
            cwd=folder,
            env={**inherited(), "NML_DISABLE_USAGE_LOGGING": "1"},  # it would call home
        )
    for task, limits in zip(tasks, json.loads(answer.stdout), strict=True):
        said = Interval(*limits)
        yield Guess(task.world, f"{NANNY}, {task.method}", "roc_auc", said, task.truth)


def main() -> int:
    """The command line; 1 when `--check` finds a goal missed."""
    command = Command("estimate", __doc__, rounds=1)
    command.add_argument("--nannyml", type=Path, help="an interpreter that has NannyML")
    command.add_argument(
        "--last",
        type=date.fromisoformat,
        default=flight_year.LAST,
        help="last day of the flights, default the year's",
    )
    arguments = command.given()
    return told(measured(arguments.last, arguments.nannyml), arguments)


if __name__ == "__main__":
    sys.exit(main())
