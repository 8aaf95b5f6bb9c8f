"""What the benchmark of the clocks measures on a stream, and makes of its figures."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import flight_year, real_streams
from benchmarks.estimate import Report
from benchmarks.guesses import DIRECT, ESTIMATED, FROZEN, SO_FAR, Cell, Guess, cells
from benchmarks.real_streams import Answered, Stream, found, guesses, tasks
from tasks.records import Interval


def stream(folder: Path, binary: bool) -> Answered:
    """A stream of 60 blocks of 20 rows, of which 48 are answered."""
    rng = np.random.default_rng(0)
    moved = rng.normal(size=1200)
    target = moved + rng.normal(size=1200)
    frame = pd.DataFrame({"event_time": pd.NaT, "x": moved})
    frame["target"] = (target > 0).astype(int) if binary else target
    frame.to_parquet(folder / "tiny.parquet")
    return Answered(Stream("tiny", 20, binary=binary), folder / "tiny.parquet")


def cell(world: str, method: str, error: float = 0.1, coverage: float = 0.9) -> Cell:
    return Cell(world, method, "roc_auc", 10, 0, error, coverage, 0.2)


@pytest.mark.slow
@pytest.mark.parametrize(("binary", "clocks"), [(True, {ESTIMATED, SO_FAR}), (False, {DIRECT})])
def test_a_stream(tmp_path: Path, binary: bool, clocks: set[str]) -> None:
    """Every window after the first reference is read by the clocks, with limits, and by others."""
    answered = stream(tmp_path, binary)
    assert list(answered.windows) == [28, 35]
    made = cells(guesses(answered))
    assert {each.guesses for each in made} == {2}
    limited = {each.method for each in made if not math.isnan(each.width)}
    assert clocks <= limited
    assert FROZEN in {each.method for each in made} - limited
    assert len(list(tasks(answered))) == (4 if binary else 0)


def test_cells() -> None:
    """Errors are of what was defined, limits of what has them, and nothing of nothing."""
    said = [
        Interval(0.5, 0.4, 0.6),
        Interval(0.8, 0.7, 0.9),
        Interval(math.nan, math.nan, math.nan),
    ]
    (one,) = cells(Guess("w", "m", "brier", each, 0.6) for each in said)
    assert (one.guesses, one.undefined, one.coverage) == (3, 1, 0.5)
    assert one.error == pytest.approx(0.15)
    (none,) = cells([Guess("w", "m", "brier", said[2], 0.6)])
    assert math.isnan(none.error)
    assert math.isnan(none.coverage)


def test_goals() -> None:
    """Missed by a stream where the old value was nearer, by limits that fail, by nothing at all."""
    flights = [cell(flight_year.NAME, method) for method in (ESTIMATED, SO_FAR)]
    good = [*flights, cell("elec2", FROZEN), cell("elec2", ESTIMATED)]
    assert Report(good).meets_goal
    assert Report(good).line.endswith("met")
    worse = [*flights, cell("elec2", FROZEN), cell("elec2", ESTIMATED, error=0.11)]
    assert Report(worse).missed == ["elec2, roc_auc: 0.1100 above 0.1000"]
    low = [*good, cell(flight_year.NAME, SO_FAR, coverage=0.79)]
    assert Report(low).missed == ["flights, so far, roc_auc: 79% held"]
    assert not Report([cell(flight_year.NAME, SO_FAR, coverage=math.nan)]).meets_goal


def test_streams_that_are_not_there(tmp_path: Path) -> None:
    """Without their folder there is no stream, and the table says what was skipped."""
    assert found(tmp_path) == []
    report = Report([cell("flights", SO_FAR)], ["skipped: no elec2 in streams"])
    assert "skipped: no elec2 in streams" in report.table
    assert json.loads(json.dumps(report.document))["skipped"] == ["skipped: no elec2 in streams"]
    assert {each.stream.name for each in found()} <= {each.name for each in real_streams.STREAMS}
