"""How long it takes to trace: `ratchet trace`, from the shell until it has answered.

A year of flights is lived once: every file that the airline delivers in 2013 is ingested, the
first champion is trained as of 15 March, and answers every question asked from then on to the end
of December. Then the whole command is timed in fresh processes, in each of its directions: a
prediction of October, with its explanation and given again to the bit; the champion with the days
that it scored; and the file that the questions of that day came from.

The year takes some minutes to live. `--home FOLDER` keeps it there, and finds it there again.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.command import Command, told
from config.settings import Settings, export, inherited

if TYPE_CHECKING:
    from tasks.stores import Stores

GOAL = 2.0
"""Seconds that the median of each direction may take."""

NAME = "flights"
BORN, ASKED, END = date(2013, 3, 15), date(2013, 10, 15), date(2014, 1, 2)


@dataclass
class Report:
    """Seconds of every command, by what was traced."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def slowest(self) -> float:
        """The median of the direction that takes longest."""
        return max(median(each) for each in self.seconds.values())

    @property
    def meets_goal(self) -> bool:
        return self.slowest <= GOAL

    @property
    def table(self) -> str:
        """For people."""
        lines = [f"{'seconds of ratchet trace':<30}{'p50':>8}{'least':>8}{'most':>8}"]
        lines += [
            f"{name:<30}{median(each):>8.2f}{min(each):>8.2f}{max(each):>8.2f}"
            for name, each in self.seconds.items()
        ]
        return "\n".join(lines)

    @property
    def line(self) -> str:
        """All in one line of figures."""
        word = "met" if self.meets_goal else "missed"
        medians = ", ".join(f"{name} {median(each):.2f} s" for name, each in self.seconds.items())
        return f"trace p50 {medians}; slowest {self.slowest:.2f} s; goal {GOAL:g} s: {word}"

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {**asdict(self), "goal": GOAL}


def measured(home: Path, rounds: int) -> Report:
    """Live the year if nobody has, then trace in turns; the first round does not count."""
    if not _is_lived(home):
        _say("live a year of flights; this takes some minutes")
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, __file__, "--prepare", str(home)], home)
    report = Report()
    asked = _asked(home)
    for number in range(rounds + 1):
        for name, words in asked.items():
            seconds = _traced(home, words)
            if number:
                report.seconds.setdefault(name, []).append(seconds)
        _say(f"round {number} of {rounds}")
    return report


def _asked(home: Path) -> dict[str, list[str]]:
    """What is traced in each direction."""
    logged = _stores(home).log.read(ASKED, ASKED).iloc[100]
    return {
        "a prediction": [logged["prediction_id"]],
        "a version": ["--version", str(logged["version"])],
        "a file": ["--file", f"schedule/{ASKED}.csv.gz"],
    }


def _traced(home: Path, words: list[str]) -> float:
    """Seconds of the command; it has to find what it is asked for."""
    command = [str(Path(sys.executable).with_name("ratchet")), "trace", *words]
    began = time.perf_counter()
    _run(command, home)
    return time.perf_counter() - began


def _is_lived(home: Path) -> bool:
    """Whether the year is there, to its last day."""
    return (home / "ledger.db").exists() and date(2013, 12, 31) in _stores(home).log.counts()


def _stores(home: Path) -> "Stores":
    from tasks.stores import open_stores

    return open_stores(NAME, Settings.from_environment({"RATCHET_HOME": str(home)}))


def prepare(home: Path) -> None:
    """Live the year, in a process of its own: what was lived in is then in its files alone."""
    from config.load import pipeline
    from deployments.embedded import prefect_here
    from infra.airline import Airline

    export({"RATCHET_HOME": str(home)})
    settings = Settings.from_environment()
    schedule = pipeline(settings, NAME).pipeline.schedule
    airline, landing = Airline(), Path(str(settings.landing))
    with prefect_here(settings):
        from flows.ingest import ingest
        from flows.retrain import retrain
        from flows.score import score

        born, end = schedule.night_of(BORN), schedule.night_of(END)
        airline.deliver(landing, None, born)
        ingest(NAME, born)
        retrain(NAME, born)
        airline.deliver(landing, born, end)
        ingest(NAME, end)
        _say(f"{score(NAME, end).rows:,} questions answered")


def _run(command: list[str], home: Path) -> None:
    theirs = ("PREFECT", "RATCHET", "MLFLOW")
    mine = {name: value for name, value in inherited().items() if not name.startswith(theirs)}
    ended = subprocess.run(
        command,
        env={**mine, "RATCHET_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given:
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


def main() -> int:
    """The command line; 1 when `--check` finds the goal missed."""
    command = Command("trace", __doc__, rounds=5)
    command.add_argument("--home", type=Path, metavar="FOLDER", help="keep the year there")
    command.add_argument("--prepare", type=Path, metavar="FOLDER", help="only live the year there")
    arguments = command.given()
    if arguments.prepare:
        prepare(arguments.prepare)
        return 0
    with _home(arguments.home) as home:
        return told(measured(home, arguments.rounds), arguments)


if __name__ == "__main__":
    sys.exit(main())
