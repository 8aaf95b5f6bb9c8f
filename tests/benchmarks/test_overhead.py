"""What the overhead benchmark makes of its times; running it takes minutes and is no test."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.month import FIRST_CHAMPION, NIGHT, Kept, Month
from benchmarks.overhead import Report, Turns, require_equal


def report(*ratchet: float) -> Report:
    """Rounds of a retrain beside a bare one of 10 s, and of a score twice as long as a bare one."""
    made = Report(rounds=len(ratchet))
    for seconds in ratchet:
        made.retrain.add(
            {"seconds": seconds, "cpu_seconds": 9.0}, {"seconds": 10.0, "cpu_seconds": 8.0}
        )
        made.score.add({"seconds": 1.0, "cpu_seconds": 1.0}, {"seconds": 0.5, "cpu_seconds": 0.5})
        made.fits.append(6.0)
    return made


def test_ratio_is_of_one_round() -> None:
    """Times of one round are compared with each other: a machine that slows down slows both."""
    turns = Turns(ratchet=[11.0, 24.0, 48.0], bare=[10.0, 20.0, 40.0])
    assert turns.told == "1.20 (1.10-1.20)"


@pytest.mark.parametrize(("seconds", "word"), [(12.5, "met"), (12.51, "missed")])
def test_goal(seconds: float, word: str) -> None:
    """One line tells whether the goal was met, which at most 1.25 times the bare seconds is."""
    made = report(seconds)
    assert made.line.endswith(f"goal for retrain 1.25: {word}")
    assert made.meets_goal is (word == "met")


def test_document_and_table() -> None:
    """Machines get every time of every round, people the medians."""
    made = report(11.0, 12.0, 14.0)
    document = json.loads(json.dumps(made.document))
    assert document["retrain"]["ratchet"] == [11.0, 12.0, 14.0]
    assert document["ratios"]["retrain"] == {"median": 1.2, "low": 1.1, "high": 1.4}
    assert "1.20 (1.10-1.40)" in made.table


def test_unequal_work_is_no_comparison() -> None:
    """Sides that found different numbers are not compared."""
    require_equal({"rows": 1}, {"rows": 1}, "rows")
    with pytest.raises(SystemExit, match="rows 1 by Ratchet, 2 by the bare script"):
        require_equal({"rows": 1}, {"rows": 2}, "rows")


def test_month(tmp_path: Path) -> None:
    """A month of flights is trained on, nothing else differs, and every attempt is a new moment."""
    month = Month(tmp_path)
    month.write()
    assert month.definition.pipeline.windows.max_train_days == 30
    assert month.night(NIGHT, 1) - month.night(NIGHT) == timedelta(minutes=1)
    assert month.night(FIRST_CHAMPION) < month.night(NIGHT)


def test_every_round_starts_from_the_same_folder(tmp_path: Path) -> None:
    """What a round wrote is gone before the next."""
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "before").touch()
    Kept(folder).keep()
    (folder / "after").touch()
    Kept(folder).restore()
    assert [path.name for path in folder.iterdir()] == ["before"]
