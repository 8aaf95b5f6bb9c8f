"""What every benchmark's command line has: rounds, a file for machines, a comparison with goals."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Report(Protocol):
    """Everything that a benchmark measured."""

    @property
    def table(self) -> str: ...

    @property
    def line(self) -> str: ...

    @property
    def document(self) -> Mapping[str, object]: ...

    @property
    def meets_goal(self) -> bool: ...


class Command(argparse.ArgumentParser):
    """The options that all benchmarks share."""

    def __init__(self, name: str, description: str | None, rounds: int) -> None:
        super().__init__(
            prog=f"benchmarks/{name}.py",
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument(
            "--rounds", type=int, default=rounds, help=f"rounds that count, default {rounds}"
        )
        self.add_argument("--json", type=Path, metavar="FILE", help="write every time to FILE")
        self.add_argument("--check", action="store_true", help="fail when the goal is missed")

    def given(self) -> argparse.Namespace:
        """The arguments; wrong ones end the process."""
        arguments = self.parse_args()
        if arguments.rounds < 1:
            self.error("--rounds must be at least 1")
        return arguments


def told(report: Report, arguments: argparse.Namespace) -> int:
    """Print it, write it, compare it with the goal; 1 when `--check` finds that missed."""
    print(report.table)
    if arguments.json:
        arguments.json.write_text(json.dumps(report.document, indent=2) + "\n")
    if not arguments.check:
        return 0
    print(report.line)
    return int(not report.meets_goal)
