"""A recommendation rests on what is shown, and says when nothing is."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from config.watch import Costs
from tasks.backtest.arms import Lived
from tasks.backtest.board import Board, board
from tasks.backtest.bootstrap import Plan
from tasks.backtest.recommendation import Outcome, Recommendation, Shown, best, recommended, shown
from tasks.backtest.scores import scores
from tests.backtest.lives import Season, arms, season

PLAN = Plan(resamples=400)


def compared(
    blurs: Mapping[str, float],
    retrains: Mapping[str, int],
    days: int = 100,
    costs: Costs | None = None,
) -> Board:
    """A board of policies by how much they blur what all of them see, `as shipped` among them."""
    world = Season(days=days, rows=60, costs=costs)
    definition = world.definition()
    named = {name: {"retrain": {"budget": n}} for n, name in enumerate(blurs) if n}
    shipped, *others, _, _ = arms(definition, named)
    lives = []
    for arm, (name, blur) in zip([shipped, *others], blurs.items(), strict=True):
        life = world.lived(replace(arm, name="same seed!"), blur=blur)
        lives.append(replace(life, arm=arm, retrains=retrains[name], fits_seconds=retrains[name]))
    return board(scores(definition.pipeline, lives), PLAN)


def test_the_cheapest_that_is_as_good_is_taken() -> None:
    """Fewer retrains, shown to be no worse by more than the tolerance: worth the change."""
    found = compared(
        {"as shipped": 0.8, "rare": 0.802, "eager": 0.79},
        {"as shipped": 20, "rare": 4, "eager": 50},
    )
    told = recommended(found)
    assert told.outcome is Outcome.CHANGE
    assert told.chosen is not None
    assert told.chosen.name == "rare"
    assert told.reasons[0].startswith("rare retrains 4 times and promotes 1, as shipped 20")
    assert any("no worse by more than" in each for each in told.reasons)
    assert "all 3 pairs of policies at once" in told.reasons[-1]


def test_a_cheap_policy_that_is_worse_is_not_taken() -> None:
    """Cheap and shown to be worse: as shipped stays, and that is known."""
    found = compared({"as shipped": 0.8, "rare": 1.4}, {"as shipped": 20, "rare": 2})
    told = recommended(found)
    assert (told.outcome, told.chosen) == (Outcome.STAY, found.shipped)
    assert shown(found, found.policies[1], told.tolerance) is Shown.WORSE
    assert "1 worse" in told.reasons[0]


def test_a_dear_policy_is_taken_when_as_shipped_is_shown_to_be_worse() -> None:
    """By more than the tolerance: then as shipped is no choice, whatever the other costs."""
    found = compared({"as shipped": 1.4, "eager": 0.7}, {"as shipped": 2, "eager": 40})
    told = recommended(found)
    assert told.outcome is Outcome.CHANGE
    assert told.chosen is best(found) is found.policies[1]
    assert shown(found, found.policies[1], told.tolerance) is Shown.BETTER


def test_a_dear_policy_that_is_hardly_better_is_not_taken() -> None:
    """As good for more retrains is no reason to change."""
    found = compared({"as shipped": 0.8, "eager": 0.798}, {"as shipped": 2, "eager": 40})
    assert recommended(found).outcome is Outcome.STAY


def test_few_days_recommend_nothing() -> None:
    """Below 28 days there is no interval, and above only what is shown counts."""
    world, lives = season(days=20)
    told = recommended(board(scores(world.definition().pipeline, lives), PLAN))
    assert (told.outcome, told.chosen) == (Outcome.OPEN, None)
    assert told.reasons[0].startswith("20 days with labels: below 28")


def test_undecided_is_an_answer() -> None:
    """Two policies that differ at random over few answers: as shipped stays, nothing is shown."""
    world = Season(days=40, rows=40)
    definition = world.definition()
    shipped, other, *_ = arms(definition, {"other": {"retrain": {"budget": 4}}})
    lives: list[Lived] = [world.lived(shipped, every=5), world.lived(other, every=20)]
    found = board(scores(definition.pipeline, lives), PLAN)
    told = recommended(found)
    assert (told.outcome, told.chosen) == (Outcome.OPEN, None)
    assert "1 undecided. As shipped stays" in told.reasons[0]
    assert shown(found, found.policies[1], told.tolerance) is Shown.OPEN


def test_one_policy_is_no_choice() -> None:
    """As shipped alone, beside its references."""
    found = compared({"as shipped": 0.8}, {"as shipped": 5}, days=40)
    told = recommended(found)
    assert (told.outcome, told.chosen) == (Outcome.OPEN, None)


def money(retrain: float, blurs: Mapping[str, float]) -> tuple[Board, Recommendation]:
    """What is recommended where a retrain has a price."""
    costs = Costs(false_positive=1, false_negative=2, retrain=retrain, currency="EUR")
    found = compared(blurs, {"as shipped": 20, "rare": 4}, costs=costs)
    return found, recommended(found)


def test_money_decides_where_it_is_configured() -> None:
    """The least cost, errors and retrains together, when the saving is shown."""
    found, told = money(100.0, {"as shipped": 0.8, "rare": 0.801})
    assert told.outcome is Outcome.CHANGE
    assert told.chosen is not None
    assert told.chosen.name == "rare"
    assert np.isnan(told.tolerance)
    saving = found.saving(told.chosen, found.shipped).among
    assert saving.low > 0
    assert f"{saving.value:+.4f} [{saving.low:+.4f} to {saving.high:+.4f}]" in told.reasons[0]
    assert "EUR" in told.reasons[0]


def test_a_saving_that_chance_may_explain_changes_nothing() -> None:
    """A little cheaper over the period, and not shown."""
    _, told = money(0.01, {"as shipped": 0.805, "rare": 0.8})
    assert (told.outcome, told.chosen) == (Outcome.OPEN, None)
    assert "which chance may explain. As shipped stays" in told.reasons[0]


def test_as_shipped_may_be_the_cheapest() -> None:
    """Errors of a policy that hardly retrains can cost more than retrains."""
    _, told = money(0.5, {"as shipped": 0.8, "rare": 1.6})
    assert told.outcome is Outcome.STAY
    assert told.reasons[0].startswith("As shipped costs")


@pytest.mark.parametrize("share", [0.005, 0.2])
def test_the_tolerance_is_a_share_of_the_best(share: float) -> None:
    """What counts as worse is relative to the best policy's metric, and can be said."""
    found = compared({"as shipped": 0.8, "rare": 1.1}, {"as shipped": 20, "rare": 2})
    told = recommended(found, share)
    assert told.tolerance == share * best(found).value
    assert told.outcome is (Outcome.STAY if share < 0.1 else Outcome.CHANGE)
