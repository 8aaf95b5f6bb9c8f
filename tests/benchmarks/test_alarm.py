"""What the alarm benchmark makes of its times, and what it deploys."""

from datetime import timedelta

import pytest

from benchmarks.alarm import Report, without_storm
from config.settings import Settings
from deployments.wanted import wanted


def test_percentiles_are_compared_with_percentiles() -> None:
    """A slow tail of the alarm is held against the bare run's own tail."""
    made = Report("SQLite", alarm=[2.0] * 18 + [12.0] * 2, bare=[2.0] * 18 + [10.0] * 2)
    assert made.ratios == {"p50": 1.0, "p95": 1.2}
    assert made.meets_goal


@pytest.mark.parametrize(("seconds", "word"), [(3.6, "met"), (3.7, "missed")])
def test_goal(seconds: float, word: str) -> None:
    """At most 1.2 times the bare run's seconds is met."""
    made = Report("SQLite", alarm=[seconds, seconds], bare=[3.0, 3.0])
    assert made.line.endswith(f"2 rounds on SQLite; goal 1.2: {word}")
    assert made.meets_goal is (word == "met")


def test_only_the_alarm_starts_runs() -> None:
    """The shipped automation is measured, without its pause and with nothing beside it."""
    shipped = wanted(Settings.from_environment({}))
    quiet = without_storm(shipped)
    retrains = [each for each in quiet.automations if "retrain when" in each.name]
    assert [each.actions for each in retrains] == [
        each.actions for each in shipped.automations if "retrain when performance" in each.name
    ]
    assert all(each.within == timedelta(0) for each in quiet.automations)
    assert not any(each.recurrence for each in quiet.deployments)
