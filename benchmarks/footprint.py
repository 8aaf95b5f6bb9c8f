"""Seconds and peak memory of one comparison, in a process of its own.

`benchmarks/footprint.py SIDE FOLDER` compares the folder's rows with its reference and prints what
it took. The clock starts when libraries are loaded and rows are frames in memory; streamed, it
starts before the files are opened, as rows are never all there.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.columns import CATEGORICAL, COLUMNS, NUMERIC, TRAINING_DAYS, World, day_of

_BATCH = 250_000
_TODAY = day_of(TRAINING_DAYS)


@dataclass(frozen=True)
class Footprint:
    """What one comparison took; the peak includes the interpreter, its libraries and the rows."""

    seconds: float
    peak_mb: float


def write(folder: Path, rows: int) -> None:
    """A day of `rows` rows, and as many of a reference, a 28th of them a day."""
    days = World(max(rows // TRAINING_DAYS, 1), seed=0)
    reference = ((day_of(n), days.day(n)) for n in range(TRAINING_DAYS))
    _write(folder / "reference.parquet", reference)
    sizes = [_BATCH] * (rows // _BATCH) + [rows % _BATCH] * (rows % _BATCH > 0)
    parts = (World(size, seed=1).day(n) for n, size in enumerate(sizes))
    _write(folder / "current.parquet", ((_TODAY, part) for part in parts))


def _write(path: Path, parts: Iterator[tuple[date, pd.DataFrame]]) -> None:
    """Row groups of a file, one a part."""
    writer = None
    for day, rows in parts:
        table = pa.Table.from_pandas(rows.assign(day=day.isoformat()), preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer
    writer.close()


def of(side: str, folder: Path) -> Footprint:
    """Measured in a child."""
    command = [sys.executable, __file__, side, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}")
    return Footprint(**json.loads(ended.stdout.splitlines()[-1]))


def main() -> int:
    """Compare, and print."""
    side, folder = sys.argv[1], Path(sys.argv[2])
    compare = {"ratchet": _ratchet, "streamed": _streamed, "tests": _tests, "evidently": _evidently}
    compared = compare[side](folder)
    began = time.perf_counter()
    compared()
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))
    return 0


def _frames(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_parquet(folder / "reference.parquet"), pd.read_parquet(
        folder / "current.parquet"
    )


def _ratchet(folder: Path) -> Callable[[], object]:
    from benchmarks.vigilance import Vigilance
    from tasks.profiles.frames import by_day

    reference, current = _frames(folder)
    return lambda: Vigilance(by_day(reference, NUMERIC, CATEGORICAL)).look(_TODAY, current)


def _streamed(folder: Path) -> Callable[[], object]:
    from benchmarks.vigilance import Vigilance
    from tasks.profiles.frames import streamed

    def compared() -> object:
        # Buffered ahead, all row groups would be in memory before the first is looked at.
        then, now = (
            pq.ParquetFile(folder / f"{name}.parquet", pre_buffer=False)
            for name in ("reference", "current")
        )
        named: dict[str, object] = {"batch_size": _BATCH, "columns": list(COLUMNS)}
        training = {
            day_of(n): streamed(then.iter_batches(row_groups=[n], **named), NUMERIC, CATEGORICAL)
            for n in range(TRAINING_DAYS)
        }
        today = streamed(now.iter_batches(**named), NUMERIC, CATEGORICAL)
        return Vigilance(training).seen(_TODAY, today)

    return compared


def _tests(folder: Path) -> Callable[[], object]:
    from benchmarks.watchers import Columnwise

    reference, current = _frames(folder)
    return lambda: Columnwise(reference).look(_TODAY, current)


def _evidently(folder: Path) -> Callable[[], object]:
    from benchmarks.watchers import Evidently

    reference, current = (rows[list(COLUMNS)] for rows in _frames(folder))
    # What is imported inside, and what the first call of a process costs.
    Evidently(reference.head(50)).look(_TODAY, current.head(50))
    return lambda: Evidently(reference).look(_TODAY, current)


if __name__ == "__main__":
    sys.exit(main())
