"""Arms are measured on the same answers, by the pipeline's own rules."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from config.watch import Costs
from tasks.backtest.archive import Archive, reigns, spread
from tasks.backtest.arms import Lived, Period
from tasks.backtest.board import board, is_shipped
from tasks.backtest.bootstrap import Plan
from tasks.backtest.report import assessed
from tasks.backtest.scores import Asked, Score, scores
from tasks.backtest.staleness import staleness
from tasks.backtest.turnover import turnover
from tasks.errors import Terminal
from tasks.evaluation.metrics import Floats, measure
from tasks.evaluation.spending import spent
from tasks.records import Kind
from tests.backtest.lives import FIRST, decision, season

COSTS = Costs(false_positive=1, false_negative=4, retrain=10, promotion=3, threshold=0.4)


@pytest.fixture(scope="module")
def lives() -> list[Lived]:
    return season(days=30)[1]


@pytest.fixture(scope="module")
def measured(lives: list[Lived]) -> list[Score]:
    return scores(lives[0].arm.definition.pipeline, lives)


def test_metrics_are_those_of_all_answers(lives: list[Lived], measured: list[Score]) -> None:
    """The pipeline's metric and the gate's, over every answer of the period."""
    answers = lives[1].answers
    for metric, value in measured[1].measured.items():
        assert value == measure(metric, answers["label"], answers["probability"])
    assert set(measured[1].measured) == {"roc_auc", "log_loss"}


def test_weeks_are_seven_days_from_the_first(lives: list[Lived], measured: list[Score]) -> None:
    """Five weeks of thirty days, the last of two, each over its own answers."""
    weeks, answers = measured[0].weeks, lives[0].answers
    assert [each.first for each in weeks] == [FIRST + timedelta(days=7 * n) for n in range(5)]
    second = answers[answers["day"].between("2024-03-08", "2024-03-14")]
    assert weeks[1].rows == len(second)
    assert weeks[1].value == measure("roc_auc", second["label"], second["probability"])
    assert sum(each.rows for each in weeks) == len(answers)


def test_running_ends_at_the_whole(measured: list[Score]) -> None:
    """The metric so far is at last the metric, but for what histograms leave out."""
    assert abs(measured[0].running[-1] - measured[0].value) < 2e-4
    assert len(measured[0].running) == 30


def test_only_shared_questions_are_compared(lives: list[Lived]) -> None:
    """What one arm did not answer counts for none of them."""
    pipeline = lives[0].arm.definition.pipeline
    fewer = replace(lives[1], answers=lives[1].answers.iloc[100:])
    found = scores(pipeline, [lives[0], fewer])
    assert found[0].asked.rows == found[1].asked.rows == len(lives[0].answers) - 100
    kept = lives[0].answers.iloc[100:]
    assert found[0].value == measure("roc_auc", kept["label"], kept["probability"])


def test_an_arm_that_ended_early_is_compared_with_nobody(lives: list[Lived]) -> None:
    """It takes no question away from the others."""
    ended = replace(lives[1], answers=lives[1].answers.iloc[:50], error="night of 2024-03-02: x")
    found = scores(lives[0].arm.definition.pipeline, [lives[0], ended, lives[2]])
    assert [each.name for each in found] == ["as shipped", "blind"]
    assert found[0].asked.rows == len(lives[0].answers)


def test_without_shared_questions_there_is_nothing_to_say(lives: list[Lived]) -> None:
    """Told with what ended the arms, if that was it."""
    ended = replace(lives[0], error="night of 2024-03-02: Boom")
    nothing = replace(lives[1], answers=lives[1].answers.iloc[:0])
    with pytest.raises(Terminal, match=r"all of 1 arms .*as shipped: night of 2024-03-02: Boom"):
        scores(lives[0].arm.definition.pipeline, [ended, nothing])


def test_the_yardstick_has_to_live(measured: list[Score]) -> None:
    """Without as shipped there is nothing to compare with."""
    assert [is_shipped(each.lived.arm) for each in measured] == [True, *(5 * [False])]
    with pytest.raises(Terminal, match="the policy as shipped did not live"):
        board(measured[1:], Plan())
    ended = replace(measured[0].lived, error="night of 2024-03-02: Boom")
    period = Period(FIRST, FIRST)
    with pytest.raises(Terminal, match=r"as shipped did not live to the end.*2024-03-02: Boom"):
        assessed(ended.arm.definition, period, [ended, measured[1].lived], {})


def test_a_bill_has_errors_retrains_and_promotions(lives: list[Lived]) -> None:
    """Everything that costs money, by the pipeline's own prices, whatever the arm's say."""
    plain = lives[0].arm.definition.pipeline
    assert scores(plain, lives[:1])[0].bill is None
    found = scores(plain.model_copy(update={"costs": COSTS}), lives[:2])[1]
    answers = lives[1].answers
    errors = spent(COSTS, answers["label"], answers["probability"]).sum()
    assert found.bill is not None
    assert found.bill.errors == errors
    assert found.bill.total == errors + 10 * lives[1].retrains + 3 * lives[1].promotions
    assert found.cost == found.bill.total / len(answers)


class Shifted:
    """A model that says what its input says, a share of it turned round."""

    def __init__(self, share: float) -> None:
        self.share = share

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        said = rows["leaning"].to_numpy(float)
        turned = np.random.default_rng(0).random(len(said)) < self.share
        chance = 1 / (1 + np.exp(np.where(turned, said, -said)))
        return np.column_stack([1 - chance, chance])


def archived(days: int = 40, rows: int = 150) -> Archive:
    """An archive of an arm whose version v turns round v hundredths of its answers."""
    random = np.random.default_rng(1)
    numbered = np.repeat(np.arange(days), rows)
    leaning = random.normal(size=len(numbered)) * 2
    y = random.random(len(leaning)) < 1 / (1 + np.exp(-leaning))
    dates = tuple(FIRST + timedelta(days=n) for n in range(days))
    names = pd.Index([f"q{n}" for n in range(len(y))])
    return Archive(
        Asked(names, y, numbered, dates),
        np.arange(len(y)),
        numbered + FIRST.toordinal(),
        pd.DataFrame({"leaning": leaning}),
        model=lambda _, version: Shifted(version / 100),
        digest=lambda _, version: f"bytes of {version}",
    )


def promoted(lived: Lived, *versions: tuple[int, int]) -> Lived:
    """The arm with versions that were promoted on the nth day, one refused in between."""
    night = season(days=1)[0].night
    found = [decision(version, night(day)) for version, day in versions]
    refused = replace(decision(99, night(3), Kind.REFUSED), champion=versions[0][0])
    return replace(lived, decisions=(found[0], refused, *found[1:]))


def test_reigns_are_changes_of_champion(lives: list[Lived]) -> None:
    """A refused challenger changes nobody, and who serves again is a reign of its own."""
    found = reigns(promoted(lives[0], (1, 0), (5, 9), (1, 20)))
    assert [(each.version, each.after) for each in found] == [(1, None), (5, 1), (1, 5)]


def test_turnover_asks_both_the_same(lives: list[Lived]) -> None:
    """The share that flips when a champion follows another, over the week after; half are wrong."""
    pipeline = lives[0].arm.definition.pipeline
    kept = archived()
    found = turnover(kept, promoted(lives[0], (1, 0), (31, 10)), pipeline)
    assert found.promotions == 1
    assert 0.27 < found.flips < 0.33  # 30 in a hundred more are turned round
    assert 0.5 * found.flips < found.wronged < found.flips
    nobody = turnover(kept, promoted(lives[0], (1, 0)), pipeline)
    assert nobody.promotions == 0
    assert math.isnan(nobody.flips)
    late = turnover(kept, promoted(lives[0], (1, 0), (2, 80)), pipeline)
    assert late.promotions == 0


def test_staleness_by_full_weeks(lives: list[Lived]) -> None:
    """Each version is followed from its promotion on, beside the freshest, once however often."""
    kept = archived()
    fresh = kept.answers("any", 0, slice(0, len(kept.y)))
    twice = [promoted(lives[0], (1, 0), (31, 16)), promoted(lives[1], (31, 20))]
    ages = staleness(kept, twice, fresh, "roc_auc")
    assert [(each.weeks, each.versions) for each in ages] == [
        (0, 2),
        (1, 2),
        (2, 2),
        (3, 1),
        (4, 1),
    ]
    rows = slice(0, 7 * 150)
    y = kept.y[rows]
    first = measure("roc_auc", y, kept.answers("any", 1, rows)) - measure("roc_auc", y, fresh[rows])
    assert ages[0].lead < first < 0.01
    assert ages[0].spread > 0.02
    assert math.isnan(ages[4].spread)
    loss = staleness(kept, twice, fresh, "log_loss")
    assert loss[0].lead < 0  # worse is negative, whichever way the metric points


def test_thinning_keeps_both_ends() -> None:
    """Of many versions a few are followed, evenly over time."""
    assert spread(range(5), 8) == [0, 1, 2, 3, 4]
    assert spread(range(101), 5) == [0, 25, 50, 75, 100]
