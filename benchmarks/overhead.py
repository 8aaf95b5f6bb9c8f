"""What orchestration costs: Ratchet's retrain and score beside a bare script's.

One process runs Ratchet's flows on an embedded Prefect server (`benchmarks/orchestrated.py`),
another the bare script (`benchmarks/bare.py`) on the same tables; they take turns, round after
round, after a round that does not count. Every retrain is a new attempt, a minute later than the
last, against the champion of the round before; every score starts from the same log. Both must
choose the same candidate and find the same numbers, or there is nothing to compare.

A ratio is that of the two times of one round; told are the median, the lowest and the highest.
Starting the server, once a process, is told on a line of its own and is in no ratio.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.command import Command, told
from benchmarks.month import BEFORE, DAYS, FIRST_CHAMPION, NIGHT, Kept, Month
from benchmarks.side import Answer, Side
from infra.airline import Airline

GOAL = 1.25
"""Times the bare script's seconds that a retrain on a month of flights may take."""

_BREATH_SECONDS = 1.0  # between two turns, so that one side's last writes are not the other's cost
_HELP_TRIES = 5


@dataclass
class Turns:
    """Seconds of both sides by the clock and of CPU, a pair a round."""

    ratchet: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    ratchet_cpu: list[float] = field(default_factory=list)
    bare_cpu: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        """Ratchet's seconds over the bare script's, round by round."""
        return [ours / theirs for ours, theirs in zip(self.ratchet, self.bare, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def told(self) -> str:
        """The ratio with its spread."""
        return f"{self.ratio:.2f} ({min(self.ratios):.2f}-{max(self.ratios):.2f})"

    def add(self, ours: Answer, theirs: Answer) -> None:
        """One round."""
        self.ratchet.append(ours["seconds"])
        self.bare.append(theirs["seconds"])
        self.ratchet_cpu.append(ours["cpu_seconds"])
        self.bare_cpu.append(theirs["cpu_seconds"])


@dataclass
class Report:
    """Everything that was measured, in seconds."""

    rounds: int
    retrain: Turns = field(default_factory=Turns)
    score: Turns = field(default_factory=Turns)
    fits: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    startup: float = 0.0
    ingest_a_day: float = 0.0
    help: float = 0.0

    @property
    def meets_goal(self) -> bool:
        return self.retrain.ratio <= GOAL

    @property
    def line(self) -> str:
        """All in one line of figures."""
        word = "met" if self.meets_goal else "missed"
        return (
            f"retrain {self.retrain.told} times the bare {median(self.retrain.bare):.2f} s, "
            f"score {self.score.told} times {median(self.score.bare):.2f} s, "
            f"{self.rounds} rounds; goal for retrain {GOAL}: {word}"
        )

    @property
    def document(self) -> dict[str, object]:
        """For machines: every time of every round, and what is made of them."""
        ratios = {
            name: {"median": turns.ratio, "low": min(turns.ratios), "high": max(turns.ratios)}
            for name, turns in (("retrain", self.retrain), ("score", self.score))
        }
        return {**asdict(self), "goal": GOAL, "ratios": ratios}

    @property
    def table(self) -> str:
        """For people."""
        jobs = {"retrain on a month of flights": self.retrain, "score a day of flights": self.score}
        spent = ", ".join(f"{name} {median(each):.2f}" for name, each in self.stages.items())
        return "\n".join(
            [
                _row("median seconds", ("ratchet", "bare"), "ratio (lowest-highest)"),
                *(_row(name, _middle(t.ratchet, t.bare), t.told) for name, t in jobs.items()),
                *(
                    _row(f"  CPU of {name.split()[0]}", _middle(t.ratchet_cpu, t.bare_cpu))
                    for name, t in jobs.items()
                ),
                f"longest fit:       {median(self.fits):.2f} s of Ratchet's retrain",
                f"the bare retrain:  {spent}",
                f"server start-up:   {self.startup:.1f} s once a process, in no ratio",
                f"ingest:            {self.ingest_a_day:.2f} s a day of flights, three files",
                f"ratchet --help:    {self.help:.2f} s",
            ]
        )


@dataclass(frozen=True)
class Race:
    """Both sides, and the states that every round starts from."""

    month: Month
    ratchet: Side
    bare: Side

    @property
    def logs(self) -> tuple[Kept, Kept]:
        return Kept(self.month.home / "log"), Kept(self.month.root / "bare" / "log")

    def prepare(self, report: Report) -> None:
        """A lake, a champion for both sides, and a prediction log up to the night before."""
        born, before = self.month.night(FIRST_CHAMPION), self.month.night(BEFORE)
        report.startup = self.ratchet.ask("start")["seconds"]
        report.ingest_a_day = self.ratchet.ask("ingest", self.month.night(NIGHT))["seconds"] / DAYS
        _say("a first champion for both, then a round that does not count")
        trained = self.ratchet.ask("retrain", born), self.bare.ask("retrain", born)
        require_equal(*trained, "candidate", "value", "champion")
        assert trained[0]["champion"], "a retrain without a champion to face is not the whole job"
        self.ratchet.ask("score", before)
        self.bare.ask("score", born, before)
        for log in self.logs:
            log.keep()

    def round(self, number: int, report: Report) -> None:
        """A retrain of each side, then a score of each side."""
        for log in self.logs:
            log.restore()
        attempt = self.month.night(NIGHT, number)
        ours = _turn(self.ratchet, "retrain", attempt)
        theirs = _turn(self.bare, "retrain", attempt)
        require_equal(ours, theirs, "candidate", "value", "champion")
        report.retrain.add(ours, theirs)
        report.fits.append(ours["fits"])
        for name, seconds in theirs["stages"].items():
            report.stages.setdefault(name, []).append(seconds)
        before, tonight = self.month.night(BEFORE), self.month.night(NIGHT)
        ours = _turn(self.ratchet, "score", tonight)
        theirs = _turn(self.bare, "score", before, tonight)
        require_equal(ours, theirs, "rows")
        report.score.add(ours, theirs)


def _turn(side: Side, name: str, *moments: datetime) -> Answer:
    answer = side.ask(name, *moments)
    time.sleep(_BREATH_SECONDS)
    return answer


def measured(rounds: int) -> Report:
    """Run everything in a temporary folder."""
    report = Report(rounds, help=_help())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        month = Month(Path(folder))
        month.write()
        month.move_in()
        _say(f"deliver and ingest {DAYS} days of flights")
        Airline().deliver(month.home / "landing", None, month.night(NIGHT))
        with (
            closing(Side("orchestrated", month.root)) as ratchet,
            closing(Side("bare", month.root)) as bare,
        ):
            race = Race(month, ratchet, bare)
            race.prepare(report)
            race.round(0, Report(1))
            for number in range(1, rounds + 1):
                race.round(number, report)
                _say(f"round {number}: retrain {report.retrain.ratios[-1]:.2f} times the bare one")
    return report


def require_equal(ours: Answer, theirs: Answer, *names: str) -> None:
    """Raises `SystemExit` when the sides answer anything named differently."""
    for name in names:
        if ours[name] != theirs[name]:
            told = f"{name} {ours[name]} by Ratchet, {theirs[name]} by the bare script"
            raise SystemExit(f"the sides did not do the same work: {told}")


def _help() -> float:
    seconds: list[float] = []
    command = [str(Path(sys.executable).with_name("ratchet")), "--help"]
    for _ in range(_HELP_TRIES):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def _middle(*seconds: list[float]) -> list[str]:
    return [f"{median(each):.2f}" for each in seconds]


def _row(name: str, figures: Sequence[str], ratio: str = "") -> str:
    ours, theirs = figures
    return f"{name:<30}{ours:>9}{theirs:>9}   {ratio}".rstrip()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """The command line; 1 when `--check` finds the goal missed."""
    arguments = Command("overhead", __doc__, rounds=5).given()
    return told(measured(arguments.rounds), arguments)


if __name__ == "__main__":
    sys.exit(main())
