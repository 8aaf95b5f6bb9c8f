"""Every arm beside every other: who leads by how much, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.backtest.arms import Arm
from tasks.backtest.bootstrap import Lead, Leads, Measured, Plan, leads
from tasks.backtest.scores import Score
from tasks.errors import Terminal
from tasks.evaluation.metrics import higher_is_better


@dataclass(frozen=True)
class Board:
    """Scores, `as shipped` first and references last; leads in metric, and in money if it is set.

    `savings` are a lead in what an answer costs: positive is cheaper.
    """

    scores: tuple[Score, ...]
    leads: Leads
    savings: Leads | None
    plan: Plan

    @property
    def shipped(self) -> Score:
        return self.scores[0]

    @property
    def policies(self) -> tuple[Score, ...]:
        return tuple(each for each in self.scores if each.is_policy)

    @property
    def references(self) -> tuple[Score, ...]:
        return tuple(each for each in self.scores if not each.is_policy)

    @property
    def pairs(self) -> int:
        """How many comparisons hold at once."""
        return len(self.policies) * (len(self.policies) - 1) // 2

    def lead(self, ours: Score, theirs: Score) -> Lead:
        """By how much the metric of the first of two different arms is better."""
        return self.leads.of(self.scores.index(ours), self.scores.index(theirs))

    def saving(self, ours: Score, theirs: Score) -> Lead:
        """By how much an answer of the first of two different arms is cheaper."""
        if self.savings is None:
            raise Terminal("no costs are configured: there is no saving to compare")
        return self.savings.of(self.scores.index(ours), self.scores.index(theirs))


def is_shipped(arm: Arm) -> bool:
    """Whether an arm is pipeline.yaml itself."""
    return arm.gated and not arm.overrides and arm.when is None


def board(scores: Sequence[Score], plan: Plan) -> Board:
    """Compare all arms. Raises `Terminal` when `as shipped`, the yardstick, is not among them."""
    shipped = [each for each in scores if is_shipped(each.lived.arm)]
    if not shipped:
        raise Terminal("the policy as shipped did not live to the end: nothing to compare with")
    policies = [each for each in scores if each.is_policy and each is not shipped[0]]
    ordered = (shipped[0], *policies, *(each for each in scores if not each.is_policy))
    metric = shipped[0].pipeline.metric
    measured = [Measured(each.daily, each.value, each.is_policy) for each in ordered]
    return Board(
        ordered,
        leads(measured, 1.0 if higher_is_better(metric) else -1.0, plan),
        _savings(ordered, plan),
        plan,
    )


def _savings(ordered: Sequence[Score], plan: Plan) -> Leads | None:
    """Days are drawn for what errors cost; retrains and promotions are what they were."""
    costs = ordered[0].pipeline.costs
    if costs is None:
        return None
    billed = [Measured(each.errors_by_day(costs), each.cost, each.is_policy) for each in ordered]
    return leads(billed, -1.0, plan)
