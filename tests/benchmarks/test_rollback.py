"""What the rollback benchmark makes of its times."""

import pytest

from benchmarks.rollback import Report


@pytest.mark.parametrize(("slowest", "word"), [(10.0, "met"), (10.1, "missed")])
def test_goal(slowest: float, word: str) -> None:
    """The slowest rollback of either side decides."""
    made = Report(alone=[4.0, slowest], beside=[2.0, 3.0])
    assert made.line.endswith(f"slowest {slowest:.2f} s of 2 rounds; goal 10 s: {word}")
    assert made.meets_goal is (word == "met")
