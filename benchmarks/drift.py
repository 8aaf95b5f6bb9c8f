"""How often drift is told where there is none, how soon where there is some, and what it costs.

Twenty columns of invented days: quiet years at three sizes and with days that differ, nine changes,
and one comparison of as many rows as fit. Beside Ratchet's vigil stand Evidently's default preset,
Kolmogorov and Smirnov's test of every column at 0.05, and NannyML's defaults where an interpreter
that has it is named.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import footprint
from benchmarks.command import Command, told
from benchmarks.drift_report import EVIDENTLY, OURS, STREAMED, Report
from benchmarks.footprint import Footprint
from benchmarks.histories import CHANGED_ROWS, SIZES, Side, changed, quiet
from benchmarks.nanny import Nanny
from benchmarks.vigilance import Vigilance
from benchmarks.watchers import Columnwise, Evidently
from tasks.drift.quickness import YEAR

PARTS = ("alarms", "delays", "costs")
ROWS = (1_000, 10_000, 100_000, 1_000_000)
MOST_ROWS = 10_000_000
"""Too many for any peer, and for the memory that most have."""
UNLIKE = 0.1
"""Deviations by which days differ in the world of such days."""
_SLOW_ROWS = 1_000_000
_FEW = dict(zip(SIZES, (30, 10, 4), strict=True))
_EVERY, _SOME = dict.fromkeys(SIZES, YEAR), dict(zip(SIZES, (YEAR, YEAR, 60), strict=True))


def sides(nannyml: Path | None) -> list[Side]:
    """Everyone, with as many days as their pace allows."""
    ours = Side(
        OURS, lambda seen: Vigilance(seen.profiles), _EVERY, sys.maxsize, horizon_days=30, lead=True
    )
    tests = Side("KS at 0.05", lambda seen: Columnwise(seen.sample), _SOME, 3, horizon_days=10)
    preset = Side(
        EVIDENTLY, lambda seen: Evidently(seen.sample), _FEW, 1, horizon_days=3, of_half=True
    )
    found = [ours, tests, preset]
    if nannyml:
        found.append(
            Side(
                "NannyML",
                lambda seen: Nanny(nannyml, seen.rows, seen.rows_a_day),
                _SOME,
                3,
                horizon_days=10,
            )
        )
    return found


def measured(rounds: int, nannyml: Path | None, parts: Sequence[str]) -> Report:
    """The parts that are asked for; the slow sides take part in fewer rounds."""
    report, everyone = Report(), sides(nannyml)
    if "alarms" in parts:
        for rows in SIZES:
            _say(f"quiet years of {rows:,} rows a day")
            report.alarms[f"{rows:,} rows a day"] = quiet(everyone, rows, 0.0, rounds)
        _say("quiet years of days that differ")
        fast = [side for side in everyone if side.name != EVIDENTLY]
        report.alarms["1,000, days that differ"] = quiet(fast, SIZES[0], UNLIKE, rounds)
    if "delays" in parts:
        _say(f"changes at {CHANGED_ROWS:,} rows a day")
        report.delays.update(changed(everyone, rounds))
    for rows in (*ROWS, MOST_ROWS) if "costs" in parts else ():
        _say(f"one comparison of {rows:,} rows with {rows:,}")
        report.costs[rows] = costs(rows, min(rounds, 3), nannyml)
    return report


def costs(rows: int, rounds: int, nannyml: Path | None) -> Mapping[str, list[Footprint]]:
    """By side, what every round took; sides take turns, and Evidently has one at the largest."""
    made: dict[str, list[Footprint]] = {}
    with tempfile.TemporaryDirectory() as name:
        footprint.write(folder := Path(name), rows)
        for turn in range(rounds if rows < MOST_ROWS else 1):
            for side, child in _children(rows, turn).items():
                made.setdefault(side, []).append(footprint.of(child, folder))
            if nannyml and rows < MOST_ROWS:
                made.setdefault("NannyML", []).append(Nanny.measured(nannyml, folder, rows))
    return made


def _children(rows: int, turn: int) -> Mapping[str, str]:
    if rows >= MOST_ROWS:
        return {STREAMED: "streamed"}
    found = {OURS: "ratchet", STREAMED: "streamed", "KS at 0.05": "tests"}
    return found if rows >= _SLOW_ROWS and turn else {**found, EVIDENTLY: "evidently"}


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main() -> int:
    """The command line; 1 when `--check` finds a goal missed, or not measured."""
    command = Command("drift", __doc__, rounds=10)
    command.add_argument(
        "--nannyml", type=Path, metavar="PYTHON", help="an interpreter that has NannyML"
    )
    command.add_argument(
        "--part", choices=PARTS, action="append", help="only this, may be repeated; default: all"
    )
    arguments = command.given()
    report = measured(arguments.rounds, arguments.nannyml, arguments.part or PARTS)
    return told(report, arguments)


if __name__ == "__main__":
    sys.exit(main())
