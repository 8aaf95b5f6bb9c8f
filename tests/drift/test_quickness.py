"""A trigger's false alarms, recall and delay are told with limits that hold."""

import math

import numpy as np
import pytest

from tasks.drift.quickness import YEAR, History, median, quickness, rate, share
from tasks.records import Interval


def test_before_a_change_every_alarm_is_false_and_after_it_none() -> None:
    """A history's days are judged by the day on which there was something to find."""
    history = History(days=40, alarms=(3, 20, 25), change=20)
    assert (history.quiet_days, history.false_alarms, history.delay_days) == (20, 1, 1)
    late = History(days=40, alarms=(3, 25), change=20)
    assert late.delay_days == 6
    assert math.isinf(History(days=40, change=20).delay_days)
    assert math.isnan(History(days=40, alarms=(3,)).delay_days)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"alarms": (10,)}, r"alarms on days \[10\]"),
        ({"alarms": (1, 1)}, "one alarm at most"),
        ({"change": 10}, "a change on day 10"),
    ],
)
def test_a_history_that_cannot_be(wrong: dict[str, int], told: str) -> None:
    """A day outside the history, or counted twice, would make every rate a wrong one."""
    with pytest.raises(ValueError, match=told):
        History(days=10, **wrong)  # type: ignore[arg-type]


def test_undefined_is_nan() -> None:
    """Without quiet days there is no rate of false alarms, without changes no recall or delay."""
    made = quickness([])
    for undefined in (made.false_alarms, made.recall, made.delay_days):
        assert np.isnan([undefined.value, undefined.low, undefined.high]).all()
    assert not made.keeps(90)
    assert math.isnan(quickness([History(days=5, change=0)]).false_alarms.value)


def test_a_promise_is_kept_until_the_limits_say_otherwise() -> None:
    """Twice the promised rate in one year may be chance; in ten years it is not."""
    twice = History(days=YEAR, alarms=tuple(range(8)))
    assert quickness([twice]).keeps(90)
    assert not quickness([twice] * 10).keeps(90)
    assert quickness([History(days=YEAR)] * 10).keeps(90)


def test_missed_changes_count() -> None:
    """The median delay is over all changes: what was never found was found last."""
    found = [History(days=60, alarms=(30 + after,), change=30) for after in (0, 1, 2)]
    missed = [History(days=60, change=30)] * 2
    made = quickness(found + missed, within_days=2)
    assert made.delay_days.value == 3
    assert made.recall.value == 0.4
    assert quickness(found + missed).recall.value == 0.6
    assert math.isinf(quickness(found + 2 * missed).delay_days.value)


@pytest.mark.parametrize("shape", [math.inf, 2.0], ids=["Poisson", "histories that differ"])
def test_limits_of_the_rate_hold(shape: float) -> None:
    """95 % limits hold the true rate in at least 93 of 100 studies, of 40 histories each."""
    rng, per_year, studies = np.random.default_rng(1), 4.0, 400
    held = 0
    for _ in range(studies):
        often = per_year if math.isinf(shape) else rng.gamma(shape, per_year / shape, 40)
        made = rate(rng.poisson(often, 40).tolist(), [YEAR] * 40)
        held += made.low <= per_year <= made.high
    assert held / studies >= 0.93


def test_limits_of_shares_hold() -> None:
    """95 % limits hold the true share in at least 95 of 100 studies, as exact ones must."""
    rng = np.random.default_rng(2)
    for truth in (0.02, 0.5, 0.9):
        made = [share(int(caught), 30) for caught in rng.binomial(30, truth, 600)]
        assert np.mean([each.low <= truth <= each.high for each in made]) >= 0.94


def test_limits_of_the_median_hold() -> None:
    """95 % limits hold the true median in at least 95 of 100 studies, whatever the delays."""
    rng = np.random.default_rng(3)
    made = [median(rng.exponential(1, 25)) for _ in range(600)]
    assert np.mean([each.low <= math.log(2) <= each.high for each in made]) >= 0.94


def test_few_delays_have_no_limits() -> None:
    """Of five delays or fewer no two are sure to hold the median; nothing is made up."""
    assert median([2, 1, 3]) == Interval(2, 0, math.inf)
    assert median([1, 2, 3, 4, 5, 6]) == Interval(3.5, 1, 6)
    assert median([1, math.inf, math.inf]).value == math.inf
    assert median([math.inf, math.inf]).value == math.inf


def test_no_alarm_is_not_a_rate_of_none() -> None:
    """A year without a false alarm leaves room for three and a half, ten years for a third."""
    assert rate([0], [YEAR]).high == pytest.approx(3.69, abs=0.01)
    assert rate([0] * 10, [YEAR] * 10).high == pytest.approx(0.369, abs=0.001)
