"""How long it takes to get back: `ratchet rollback`, from the shell until it has returned.

A small installation with two champions is prepared once and copied for every round: the tests'
shop of 70 orders a day, whose second champion replaced the first. One side is the whole command
with the Prefect server that it starts for itself; the other is the same command beside a server
that is running already, as `ratchet up` leaves it. Either starts the interpreter, loads the
libraries, fetches nothing that is there, verifies every byte of the version to return to, asks it
its sample of rows, writes the decision down and moves the alias.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.command import Command, told
from config.servers import Addresses, Databases, Listening
from config.settings import Settings, export, inherited
from infra import ports
from infra.programs import prefect_program
from infra.supervisor import Supervisor

GOAL = 10.0
"""Seconds that the slowest rollback of a round may take."""


@dataclass
class Report:
    """Seconds of every rollback, alone and beside a server."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        return max(*self.alone, *self.beside)

    @property
    def meets_goal(self) -> bool:
        return self.slowest <= GOAL

    @property
    def table(self) -> str:
        """For people."""
        rows = [("with a server of its own", self.alone), ("beside a running server", self.beside)]
        lines = [f"{'seconds of ratchet rollback':<30}{'p50':>8}{'least':>8}{'most':>8}"]
        lines += [f"{name:<30}{median(s):>8.2f}{min(s):>8.2f}{max(s):>8.2f}" for name, s in rows]
        return "\n".join(lines)

    @property
    def line(self) -> str:
        """All in one line of figures."""
        word = "met" if self.meets_goal else "missed"
        return (
            f"rollback p50 {median(self.alone):.2f} s, {median(self.beside):.2f} s beside a "
            f"server, slowest {self.slowest:.2f} s of {len(self.alone)} rounds; "
            f"goal {GOAL:g} s: {word}"
        )

    @property
    def document(self) -> dict[str, object]:
        """For machines."""
        return {**asdict(self), "goal": GOAL}


def measured(rounds: int) -> Report:
    """Prepare, then roll copies back in turns."""
    report = Report()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        _say("prepare a shop with two champions")
        _run([sys.executable, __file__, "--prepare", folder], {})
        with _server(root / "server") as api:
            for number in range(rounds):
                report.alone.append(_rolled_back(root, f"alone-{number}", {}))
                report.beside.append(
                    _rolled_back(root, f"beside-{number}", {"PREFECT_API_URL": api})
                )
                _say(f"round {number + 1}: {report.alone[-1]:.2f} s, {report.beside[-1]:.2f} s")
    return report


def _rolled_back(root: Path, name: str, environment: dict[str, str]) -> float:
    """Seconds of the command on a copy of its own."""
    from tests.installation import Installation, copied
    from tests.places import settings_of

    home = root / name
    shop = copied(Installation(settings_of(_template(root))), home)
    places = {"RATCHET_HOME": str(home), "RATCHET_PIPELINES": str(shop.settings.pipelines)}
    words = ["rollback", "shop", "--as-of", "2024-02-04", "--reason", "benchmark"]
    command = [str(Path(sys.executable).with_name("ratchet")), *words]
    began = time.perf_counter()
    _run(command, {**places, **environment})
    seconds = time.perf_counter() - began
    if shop.stores.ledger.champion("shop") != 1 or shop.stores.registry.pointed("shop") != 1:
        raise SystemExit("the command ended, and v1 does not serve")
    shutil.rmtree(home, ignore_errors=True)
    return seconds


def _template(root: Path) -> Path:
    return root / "template-two" / "home"


def prepare(root: Path) -> None:
    """Live 34 days in which the customers change, and be promoted twice; in a process of its own.

    What was lived in is then in its files alone, to be copied.
    """
    from deployments.embedded import prefect_here
    from tests.conftest import LATE, TRAINED, TURNED
    from tests.installation import Installation, Templates
    from tests.shop import NAME, Shop, day, night

    def live(shop: Installation) -> None:
        with prefect_here(shop.settings):
            from flows.ingest import ingest
            from flows.retrain import retrain

            shop.define()
            shop.deliver(1, LATE - 1)
            for last in (TRAINED, LATE):
                ingest(NAME, night(day(last)))
                retrain(NAME, night(day(last)))
            if shop.stores.ledger.champion(NAME) != 2:
                raise SystemExit("the shop has no second champion to roll back from")

    Templates(root).lived("two", live, world=Shop(turns_on=day(TURNED)))


@contextmanager
def _server(home: Path) -> Iterator[str]:
    """The API of a Prefect server that runs all the while."""
    settings = Settings.from_environment({"RATCHET_HOME": str(home)})
    listening = Listening(prefect_port=ports.free())
    export(settings.prefect_environment())
    with Supervisor(home / "logs") as supervisor:
        _say("start a server")
        databases = Databases.embedded(settings)
        supervisor.start(prefect_program(settings, listening, databases))
        supervisor.wait_until_healthy()
        yield Addresses.of(listening).api


def _run(command: list[str], environment: dict[str, str]) -> None:
    mine = {name: value for name, value in inherited().items() if not name.startswith("PREFECT")}
    ended = subprocess.run(
        command, env={**mine, **environment}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """The command line; 1 when `--check` finds the goal missed."""
    command = Command("rollback", __doc__, rounds=5)
    command.add_argument("--prepare", type=Path, metavar="FOLDER", help="only make the shop there")
    arguments = command.given()
    if arguments.prepare:
        prepare(arguments.prepare)
        return 0
    return told(measured(arguments.rounds), arguments)


if __name__ == "__main__":
    sys.exit(main())
