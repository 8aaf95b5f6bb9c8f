"""What the backfill benchmark makes of its times, and that it runs."""

import pytest

from benchmarks.backfill import QUICK, Report, Times, measured

SIZES = {"flights": (10, 20), "synthetic": (10, 20)}


def times(later: float) -> Times:
    """Ten nights of a second, and ten of so many; of CPU half as many."""
    clock = [float(n) for n in range(1, 11)] + [10 + n * later for n in range(1, 11)]
    return Times(tuple(clock), tuple(each / 2 for each in clock))


@pytest.mark.parametrize(
    ("later", "together", "word"),
    [(1.0, 179.0, "met"), (1.4, 179.0, "met"), (1.5, 179.0, "missed"), (1.0, 180.0, "missed")],
)
def test_goals(later: float, together: float, word: str) -> None:
    """A night costs at most a fifth more after many than at first, and a year takes 3 minutes."""
    alone = {"flights": times(1.0), "synthetic": times(later)}
    report = Report(alone, SIZES, together, 200.0)  # type: ignore[arg-type]  # two worlds
    assert report.ratio("synthetic") == pytest.approx((1 + later) / 2)
    assert report.alone["synthetic"].latest(20) == pytest.approx(later / 2)
    assert report.line.endswith(word)
    assert report.meets_goal is (word == "met")
    assert f"synthetic: last over first {(1 + later) / 2:.2f}" in report.table


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_runs() -> None:
    """Both worlds, alone and together, on a few nights."""
    report = measured(QUICK)
    assert {world: len(each.clock) for world, each in report.alone.items()} == {
        "flights": 4,
        "synthetic": 4,
    }
    assert all(sorted(each.clock) == list(each.clock) for each in report.alone.values())
    assert report.together_cpu > 0
    assert "4 nights of flights by 2 workers" in report.table
