"""NannyML as a watcher, in a process of the interpreter that it is installed in."""

import json
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.columns import COLUMNS
from benchmarks.footprint import Footprint
from benchmarks.watchers import Verdict
from config.settings import inherited


@dataclass
class Nanny:
    """Its univariate drift with defaults; a day is one chunk."""

    interpreter: Path
    reference: pd.DataFrame
    rows_a_day: int
    _folder: tempfile.TemporaryDirectory[str] = field(init=False)
    _process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._process = _started(self.interpreter)
        weakref.finalize(self, self._process.communicate)
        _asked(self._process, {"fit": self._written(self.reference), "rows": self.rows_a_day})

    def look(self, day: date, rows: pd.DataFrame) -> tuple["Nanny", Verdict]:
        answer = _asked(self._process, {"look": self._written(rows)})
        return self, Verdict(frozenset(answer["columns"]))

    @staticmethod
    def measured(interpreter: Path, folder: Path, rows: int) -> Footprint:
        """One comparison of the folder's rows with its reference, as `footprint` measures it."""
        process = _started(interpreter)
        fit = _asked(process, {"fit": str(folder / "reference.parquet"), "rows": rows})
        look = _asked(process, {"look": str(folder / "current.parquet")})
        process.communicate()
        return Footprint(fit["seconds"] + look["seconds"], look["peak_mb"])

    def _written(self, rows: pd.DataFrame) -> str:
        path = Path(self._folder.name) / "rows.parquet"
        rows.to_parquet(path, index=False)
        return str(path)


def _started(interpreter: Path) -> "subprocess.Popen[str]":
    script = Path(__file__).with_name("nanny_drift.py")
    return subprocess.Popen(
        [str(interpreter), str(script), *COLUMNS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**inherited(), "NML_DISABLE_USAGE_LOGGING": "1"},  # it would call home
    )


def _asked(process: "subprocess.Popen[str]", what: Mapping[str, object]) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    print(json.dumps(what), file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit(f"NannyML's process ended with {process.wait()}")
    told: dict[str, Any] = json.loads(answer)
    return told
