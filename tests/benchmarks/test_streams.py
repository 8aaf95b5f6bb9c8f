"""What the streams' benchmark lives, and what it makes of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import stream_pipelines, streams
from benchmarks.stream_pipelines import Stream, opened
from benchmarks.streams import NIGHTLY, OURS, SHIFTED, WEEKLY, Report, Row, arms, measured
from tasks.backtest.arms import FRESH, NEVER


def row(arm: str, roc_auc: float, retrains: int, stream: str = "elec2") -> Row:
    return Row(stream, arm, roc_auc, 0.5, retrains, retrains, 1.0)


OTHERS = (row(NEVER, 0.75, 0), row(NIGHTLY, 0.8, 300), row(WEEKLY, 0.79, 43))


@pytest.mark.parametrize(
    ("ours", "is_met"),
    [
        (row(OURS, 0.7961, 100), True),
        (row(OURS, 0.7959, 100), False),
        (row(OURS, 0.81, 101), False),
    ],
)
def test_the_goal_is_within_a_half_percent_with_a_third_of_the_retrains(
    ours: Row, is_met: bool
) -> None:
    """Of the best one's, on every stream."""
    report = Report([ours, *OTHERS])
    assert report.meets_goal is is_met
    easy = [replace(each, stream="other") for each in (row(OURS, 0.9, 0), *OTHERS)]
    assert Report([*easy, ours, *OTHERS]).meets_goal is is_met
    assert ("missed" in report.line) is not is_met


def test_nothing_measured_meets_no_goal() -> None:
    """Streams that are not there are told."""
    report = Report([], ["elec2"])
    assert not report.meets_goal
    assert "skipped: no file of elec2" in report.table
    assert json.loads(json.dumps(report.document))["skipped"] == ["elec2"]


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """60 days of 40 rows; from the 40th on the answer turns and a column moves."""
    rng = np.random.default_rng(5)
    number = np.arange(60 * 40)
    inputs = rng.normal(size=(len(number), 2)) + np.outer(number >= 40 * 40, [0.0, 3.0])
    turned = np.where(number >= 40 * 40, -1, 1)
    rows = pd.DataFrame(inputs, columns=["one", "two"]).assign(
        event_time=number, target=turned * 3 * inputs[:, 0] + rng.normal(size=len(number))
    )
    rows.to_parquet(tmp_path / "small.parquet")
    monkeypatch.setattr(stream_pipelines, "FOLDER", tmp_path)
    monkeypatch.setattr(stream_pipelines, "HISTORY", 0.55)
    return Stream("small", 40, stream_pipelines.STREAMS[0].label)


def test_only_ours_lets_rows_age(stream: Stream, tmp_path: Path) -> None:
    """The policies that people write count all rows alike."""
    here = opened(stream, tmp_path / "home")
    found = {each.name: each for each in arms(here)}
    assert set(found) == {OURS, NEVER, FRESH, WEEKLY, SHIFTED}
    weighed = {each.name for each in arms(here) if each.definition.pipeline.windows.half_life_days}
    assert weighed == {OURS}


@pytest.mark.slow
def test_every_policy_is_lived(stream: Stream, tmp_path: Path) -> None:
    """Who never retrains is left behind by a world that turns; nightly retrains every night."""
    here = opened(stream, tmp_path / "home")
    rows = {each.arm: each for each in streams.raced(here)}
    assert rows[NEVER].retrains == 0
    assert rows[NIGHTLY].retrains > 3 * rows[WEEKLY].retrains > 0
    assert rows[SHIFTED].retrains > 0
    assert 0 < rows[OURS].retrains <= rows[NIGHTLY].retrains
    assert rows[NIGHTLY].roc_auc > rows[NEVER].roc_auc + 0.1
    assert measured([replace(stream, name="gone")]).skipped == ["gone"]
