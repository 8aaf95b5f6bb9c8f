"""What the trace benchmark makes of its times."""

import pytest

from benchmarks.trace import Report


@pytest.mark.parametrize(("middle", "word"), [(2.0, "met"), (2.1, "missed")])
def test_goal(middle: float, word: str) -> None:
    """The median of the slowest direction decides, whatever a single round took."""
    made = Report({"a prediction": [1.5, middle, 4.0], "a file": [0.9, 1.0, 9.0]})
    assert made.line.endswith(f"slowest {middle:.2f} s; goal 2 s: {word}")
    assert made.meets_goal is (word == "met")
    assert made.document["goal"] == 2.0
