"""Which readings are a drop: beyond doubt, often enough, on a clock that has proved itself."""

import math

import numpy as np
import pytest
from scipy.stats import t

from config.values import Metric
from tasks.drift.triggers import evaluated, metrics
from tasks.records import Interval, Status
from tasks.signs import Clock, Reading, Track, Why
from tests.drift.reads import NAN, bar, looked, reading, watching

NEVER = Interval(NAN, NAN, NAN)

CASES: dict[str, tuple[Reading, Why, str]] = {
    "holds": (reading(9, 0.68), Why.HOLDS, "0.700 promised: within the 0.050 allowed"),
    "better": (reading(9, 0.9), Why.HOLDS, "within the 0.050 allowed"),
    "dropped": (
        reading(9, 0.6),
        Why.DROPPED,
        "roc_auc 0.600 [0.580, 0.620] on 1,200 labels, 0.700 promised: 0.100 worse, more than the "
        "0.050 allowed",
    ),
    "too wide": (reading(9, 0.6, reach=0.11), Why.IN_DOUBT, "but not beyond doubt"),
    "no limits": (
        reading(9, 0.6, measured=Interval(0.6, NAN, NAN)),
        Why.IN_DOUBT,
        "but not beyond doubt",
    ),
    "small but certain": (reading(9, 0.66, reach=0.01), Why.HOLDS, "within the 0.050 allowed"),
    "undefined": (
        reading(9, NAN, measured=NEVER, reason="roc_auc undefined on 3 labels"),
        Why.UNDEFINED,
        "roc_auc undefined on 3 labels",
    ),
    "undefined without a word": (
        reading(9, NAN, measured=NEVER),
        Why.UNDEFINED,
        "roc_auc undefined on 1,200 labels",
    ),
    "nobody": (
        reading(9, NAN, measured=NEVER, version=None),
        Why.NO_CHAMPION,
        "no champion to watch",
    ),
}


@pytest.mark.parametrize(("read", "why", "told"), CASES.values(), ids=CASES)
def test_one_night(read: Reading, why: Why, told: str) -> None:
    """Only what lies below the bar by more than is allowed, with its whole interval, is a drop."""
    found = looked([read])
    assert found.why is why
    assert found.reason.endswith(told)
    assert found.fired is (why is Why.DROPPED)


def test_what_could_not_be_told_is_no_pass() -> None:
    """A drop fails, a held promise passes, and everything else is no evidence for either."""
    found = {name: looked([read]).status for name, (read, _, __) in CASES.items()}
    assert {name for name, status in found.items() if status is Status.PASS} == {
        "holds", "better", "small but certain",
    }  # fmt: skip
    assert {name for name, status in found.items() if status is Status.FAIL} == {"dropped"}


def test_the_numbers() -> None:
    """The bar, how far below it, and what is allowed, stay with the answer."""
    found = looked([reading(9, 0.6)])
    assert (found.bar, found.allowed) == (0.7, 0.05)
    assert found.drop == pytest.approx(0.1)
    undefined = looked([reading(9, NAN, measured=NEVER)])
    assert math.isnan(undefined.drop)


def test_a_loss_points_the_other_way() -> None:
    """For a loss more is worse, and it is the lower limit that has to be above the bar."""
    rule, bars = {"metric": "log_loss"}, bar(0.5, "log_loss")
    for value, reach, why in ((0.6, 0.02, Why.DROPPED), (0.4, 0.02, Why.HOLDS)):
        assert looked([reading(9, value, metric="log_loss", reach=reach)], rule, bars).why is why
    wide = reading(9, 0.6, metric="log_loss", reach=0.11)
    assert looked([wide], rule, bars).why is Why.IN_DOUBT


def test_a_clock_that_was_not_read() -> None:
    """No reading tonight is not the reading of the night before."""
    for history in ([], [reading(8, 0.9), reading(9, 0.9, metric="brier")]):
        found = looked(history)
        assert (found.why, found.reading) == (Why.UNDEFINED, None)
        assert found.reason == "realised roc_auc was not read"


@pytest.mark.parametrize("against", ["promise", "skill"])
def test_without_a_bar(against: str) -> None:
    """Nothing to hold a reading against is no promise that holds."""
    found = looked([reading(9, 0.9)], {"against": against}, {})
    assert found.why is Why.UNDEFINED
    assert found.reason.endswith("nothing to hold it against")


LOW, HIGH = 0.6, 0.69
NIGHTS = {
    "one of one": ([LOW], 1, 1, True),
    "the first of two": ([LOW], 2, 3, False),
    "two of three": ([LOW, HIGH, LOW], 2, 3, True),
    "two of three, but not the latest": ([LOW, LOW, HIGH], 2, 3, False),
    "too long ago": ([LOW, HIGH, HIGH, LOW], 2, 3, False),
    "an undefined night takes its place": ([LOW, NAN, NAN, LOW], 2, 3, False),
    "undefined nights do not count": ([NAN, NAN, LOW], 2, 3, False),
}


@pytest.mark.parametrize(("values", "nights", "of", "fires"), NIGHTS.values(), ids=NIGHTS)
def test_nights(values: list[float], nights: int, of: int, fires: bool) -> None:
    """So many of the last nights have to count, the latest among them."""
    found = looked([reading(n, v) for n, v in enumerate(values)], {"nights": nights, "of": of})
    assert found.fired is fires


def test_told_how_often() -> None:
    """What is missing is told: the nights that counted, and those that are needed."""
    found = looked([reading(1, HIGH), reading(2, LOW)], {"nights": 2, "of": 3})
    assert found.why is Why.NOT_OFTEN_ENOUGH
    assert found.reason.endswith("but on 1 of the last 2 nights, 2 needed")


def test_a_new_champion_starts_afresh() -> None:
    """Nights of the champion before do not count against the one that replaced it."""
    history = [reading(1, LOW), reading(2, LOW), reading(3, LOW, version=2)]
    assert looked(history, {"nights": 2, "of": 3}).why is Why.NOT_OFTEN_ENOUGH


def test_a_day_is_a_night() -> None:
    """Looked at every hour, a day counts once, by its last reading."""
    hours = [reading(n / 24, LOW) for n in range(12)]
    assert looked(hours, {"nights": 2, "of": 3}).why is Why.NOT_OFTEN_ENOUGH
    healed = [*hours, reading(0.6, HIGH), reading(1, LOW)]
    assert looked(healed, {"nights": 2, "of": 3}).why is Why.NOT_OFTEN_ENOUGH


def estimated(value: float, **other: object) -> Reading:
    return reading(9, value, clock=Clock.ESTIMATED, labels=0, **other)


def track(scored: int, held: int, clock: Clock = Clock.ESTIMATED) -> Track:
    return Track(clock, "roc_auc", scored, held, 0.01)


PROOF = {
    "nothing scored": ((), "0 of its past readings have been scored, 30 needed"),
    "too few": ((track(29, 29),), "29 of its past readings have been scored, 30 needed"),
    "too narrow": ((track(40, 30),), "its intervals held 30 of 40 times (75%), 80% needed"),
    "another clock's": ((track(40, 40, Clock.SO_FAR),), "0 of its past readings"),
    "proved": ((track(40, 32),), ""),
}


@pytest.mark.parametrize(("tracks", "doubt"), PROOF.values(), ids=PROOF)
def test_who_may_trigger(tracks: tuple[Track, ...], doubt: str) -> None:
    """A clock whose past intervals did not hold often enough sees the drop and may not act."""
    found = looked([estimated(0.6)], {"clock": "estimated"}, None, tracks)
    assert found.why is (Why.UNPROVEN if doubt else Why.DROPPED)
    assert found.reason.startswith("estimated roc_auc 0.600 [0.580, 0.620] on 1,500 rows")
    assert doubt in found.reason


def test_an_unproven_clock_may_say_that_all_is_well() -> None:
    """Only the right to trigger is lost, not the right to be told."""
    assert looked([estimated(0.7)], {"clock": "estimated"}).why is Why.HOLDS


def test_skill_forgives_a_hard_week() -> None:
    """A loss that rises with the model-free answer's is no drop in skill; one that stays is."""
    rule = {"metric": "log_loss", "against": "skill", "drop": 0.1}
    bars = bar(0.4, "log_loss", baseline=0.5)
    hard = reading(9, 0.56, metric="log_loss", baseline=0.7)
    assert looked([hard], rule, bars).why is Why.HOLDS
    worse = reading(9, 0.46, metric="log_loss", baseline=0.5, reach=0.01)
    found = looked([worse], rule, bars)
    assert found.why is Why.DROPPED
    assert found.bar == pytest.approx(0.2)
    assert found.drop == pytest.approx(0.6)
    assert found.reason == (
        "skill of log_loss 0.080 [0.060, 0.100] on 1,200 labels, 0.200 the best promised in 180 "
        "days: 60.0% worse, more than the 10.0% allowed"
    )


def test_no_skill_was_promised() -> None:
    """A share of no skill is no bar: the trigger says that it cannot tell."""
    bars = bar(0.5, "log_loss", baseline=0.5)
    rule = {"metric": "log_loss", "against": "skill"}
    assert looked([reading(9, 0.6, metric="log_loss")], rule, bars).why is Why.UNDEFINED


def test_each_trigger_answers() -> None:
    """Triggers answer apart and in their order, each by its clock, metric and allowance."""
    rules = {
        "soon": {"clock": "estimated", "drop": 0.02},
        "sure": {"drop": 0.2},
        "loss": {"metric": "brier"},
    }
    pipeline = watching({"triggers": rules})
    history = [estimated(0.6), reading(9, 0.6), reading(9, 0.2, metric="brier")]
    bars = bar(0.7) | bar(0.1, "brier")
    found = evaluated(pipeline, history, bars, [track(40, 40)])
    assert [(each.trigger, each.why) for each in found] == [
        ("soon", Why.DROPPED),
        ("sure", Why.HOLDS),
        ("loss", Why.DROPPED),
    ]


def test_what_has_to_be_read() -> None:
    """The pipeline's metric first, then those that triggers name, each once."""
    triggers = {"a": {"metric": "brier"}, "b": {}, "c": {"metric": "brier"}}
    assert metrics(watching({"triggers": triggers})) == ("roc_auc", "brier")
    assert metrics(watching()) == ("roc_auc",)


def weeks(worlds: int, mean: float, seed: int) -> list[Interval]:
    """95 % limits around the mean of seven unlike days whose quality is `mean`."""
    days = np.random.default_rng(seed).normal(mean, 0.03, (worlds, 7))
    means, reach = days.mean(axis=1), t.ppf(0.975, 6) * days.std(axis=1, ddof=1) / np.sqrt(7)
    ends = np.stack([means, means - reach, means + reach], axis=1)
    return [Interval(*map(float, each)) for each in ends]


def fired(intervals: list[Interval], drop: float, metric: Metric = "roc_auc") -> float:
    rule = {"drop": drop}
    found = [looked([reading(9, 0.7, measured=each)], rule, bar(0.7, metric)) for each in intervals]
    return sum(each.fired for each in found) / len(found)


def test_false_alarms() -> None:
    """At its bar a champion is said to have dropped on at most 2.5 % of nights, and never by much.

    Allowed next to nothing: 2.5 %. Allowed what the flights are, 0.03, on days that differ by as
    much: fewer than 1 %.
    """
    quiet = weeks(3000, 0.7, seed=1)
    slack = 3.1 * math.sqrt(0.025 * 0.975 / len(quiet))
    assert 0.015 < fired(quiet, 1e-9) <= 0.025 + slack
    assert fired(quiet, 0.03) < 0.01


def test_a_promise_may_have_been_lucky() -> None:
    """The bar is taken as known: a promise of ten days costs false alarms that are not counted.

    Allowed next to nothing, 6 % of weeks instead of 2.5; allowed 0.03, still fewer than 2 %.
    """
    lucky = np.random.default_rng(4).normal(0, 0.03 / np.sqrt(10), 3000)
    moved = [
        Interval(each.value - luck, each.low - luck, each.high - luck)
        for each, luck in zip(weeks(3000, 0.7, seed=5), lucky.tolist(), strict=True)
    ]
    assert 0.04 < fired(moved, 1e-9) < 0.08
    assert fired(moved, 0.03) < 0.02


def test_real_drops() -> None:
    """A drop of twice what is allowed is seen on more than nine of ten nights."""
    assert fired(weeks(1000, 0.64, seed=2), 0.03) > 0.9


def test_two_of_three_nights() -> None:
    """Nights share six days of seven: two of three false alarms are rarer than one, not squared."""
    random = np.random.default_rng(3)
    days = random.normal(0.7, 0.03, (1500, 9))
    windows = np.lib.stride_tricks.sliding_window_view(days, 7, axis=1)
    reach = t.ppf(0.975, 6) * windows.std(axis=2, ddof=1) / np.sqrt(7)
    alone = together = 0
    for mean, wide in zip(windows.mean(axis=2), reach, strict=True):
        nights = [reading(n, float(mean[n]), reach=float(wide[n])) for n in range(3)]
        alone += looked(nights, {"drop": 1e-9}).fired
        together += looked(nights, {"drop": 1e-9, "nights": 2, "of": 3}).fired
    assert 0 < 0.025**2 * len(days) < together < alone < 0.04 * len(days)
