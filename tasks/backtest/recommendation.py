"""Which policy to take, and why; that nothing is shown is an answer."""

import math
from dataclasses import dataclass
from enum import StrEnum

from tasks.backtest.board import Board
from tasks.backtest.bootstrap import LEAST_DAYS
from tasks.backtest.scores import Score
from tasks.ledger.templates import percent
from tasks.records import Interval

TOLERANCE = 0.005
"""Of the best policy's metric: by so much a cheaper policy may be worse."""

_CHEAPER = 0.9


class Outcome(StrEnum):
    """What is recommended."""

    CHANGE = "change"
    STAY = "stay"
    OPEN = "no recommendation"


class Shown(StrEnum):
    """What is shown of a policy beside `as shipped`, with all policies compared at once."""

    BETTER = "better"
    AS_GOOD = "no worse"
    WORSE = "worse"
    OPEN = "undecided"


@dataclass(frozen=True)
class Recommendation:
    """The policy to take, with reasons in sentences; without a recommendation none is named.

    `tolerance` is in units of the metric; nan where money decides or nothing could be.
    """

    outcome: Outcome
    chosen: Score | None
    reasons: tuple[str, ...]
    tolerance: float = math.nan


def recommended(board: Board, share: float = TOLERANCE) -> Recommendation:
    """The policy with the least cost where money is configured, else the cheapest good one.

    *Money*: the least cost among policies whose saving over `as shipped` is shown. *Else*: the
    fewest retrains, then the least CPU, among policies that are not shown to be worse than the
    best by more than `share` of its metric, and are shown to be no worse than `as shipped` by
    more than that: little data changes nothing. Every interval holds for all pairs of policies
    at once, so it does not matter that the best was picked after looking.
    """
    if board.leads.days < LEAST_DAYS:
        told = (
            f"{board.leads.days} days with labels: below {LEAST_DAYS} no interval is worth its "
            "name. As shipped stays; backtest a longer period"
        )
        return Recommendation(Outcome.OPEN, None, (told,))
    if len(board.policies) == 1:
        told = "As shipped is the only policy that lived to the end: there is no choice"
        return Recommendation(Outcome.OPEN, None, (told,))
    return _by_money(board) if board.savings else _by_quality(board, share)


def shown(board: Board, policy: Score, tolerance: float) -> Shown:
    """What the lead over `as shipped` shows: worse is by more than the tolerance."""
    lead = board.lead(policy, board.shipped).among
    if lead.low > 0:
        return Shown.BETTER
    if lead.high < -tolerance:
        return Shown.WORSE
    return Shown.AS_GOOD if lead.low >= -tolerance else Shown.OPEN


def best(board: Board) -> Score:
    """The policy with the best metric; `as shipped` among equals."""
    found = board.shipped
    for each in board.policies[1:]:
        if board.lead(each, found).alone.value > 0:
            found = each
    return found


def _by_money(board: Board) -> Recommendation:
    shipped, others = board.shipped, board.policies[1:]
    saved = {each.name: board.saving(each, shipped).among for each in others}
    least = min(board.policies, key=lambda each: each.cost)
    if least is shipped:
        second = min(others, key=lambda each: each.cost)
        told = (
            f"As shipped costs {_money(shipped)}, the least of {len(board.policies)} policies; "
            f"{second.name} follows with {_money(second)}"
        )
        return Recommendation(Outcome.STAY, shipped, (told, _method(board)))
    cheaper = [each for each in others if saved[each.name].low > 0]
    chosen = min(cheaper or [least], key=lambda each: each.cost)
    told = (
        f"{chosen.name} costs {_money(chosen)}, as shipped {_money(shipped)}: "
        f"{_interval(saved[chosen.name])} saved by an answer"
    )
    if not cheaper:
        doubtful = (f"{told}, which chance may explain. As shipped stays", _method(board))
        return Recommendation(Outcome.OPEN, None, doubtful)
    reasons = (told, _effort(chosen, shipped), _method(board))
    return Recommendation(Outcome.CHANGE, chosen, reasons)


def _by_quality(board: Board, share: float) -> Recommendation:
    shipped, leader = board.shipped, best(board)
    tolerance = share * abs(leader.value)
    good = [each for each in board.policies if not _is_behind(board, each, leader, tolerance)]
    standings = {each.name: shown(board, each, tolerance) for each in board.policies[1:]}
    taken = [
        each
        for each in good
        if each is not shipped and standings[each.name] in (Shown.BETTER, Shown.AS_GOOD)
    ]
    if shipped in good:
        taken = [each for each in taken if _is_cheaper(each, shipped)]
    if taken:
        chosen = min(taken, key=_price)
        reasons = (_effort(chosen, shipped), *_grounds(board, chosen, leader, tolerance))
        return Recommendation(Outcome.CHANGE, chosen, (*reasons, _method(board)), tolerance)
    counted = ", ".join(
        f"{count} {standing.value}"
        for standing in Shown
        if (count := list(standings.values()).count(standing))
    )
    told = f"Beside as shipped, with a tolerance of {tolerance:.4f}, other policies are: {counted}"
    if set(standings.values()) == {Shown.OPEN}:
        reasons = (f"{told}. As shipped stays", _method(board))
        return Recommendation(Outcome.OPEN, None, reasons, tolerance)
    reasons = (f"{told}; none that is good enough is cheaper", _method(board))
    return Recommendation(Outcome.STAY, shipped, reasons, tolerance)


def _is_behind(board: Board, policy: Score, leader: Score, tolerance: float) -> bool:
    """Whether a policy is shown to be worse than the best by more than the tolerance."""
    return policy is not leader and board.lead(leader, policy).among.low > tolerance


def _is_cheaper(policy: Score, shipped: Score) -> bool:
    """By retrains; among as many, by a tenth of the CPU, as less is noise."""
    ours, theirs = policy.lived, shipped.lived
    if ours.retrains != theirs.retrains:
        return ours.retrains < theirs.retrains
    return ours.fits_seconds < _CHEAPER * theirs.fits_seconds


def _price(score: Score) -> tuple[int, float]:
    return score.lived.retrains, score.lived.fits_seconds


def _grounds(board: Board, chosen: Score, leader: Score, tolerance: float) -> list[str]:
    metric, shipped = chosen.pipeline.metric, board.shipped
    limit = f"{tolerance:.4f}"
    over = board.lead(chosen, shipped).among
    told = [
        f"Its {metric} is {chosen.value:.4f}, {_interval(over)} better than as shipped: no worse "
        f"by more than {limit}"
    ]
    if leader is not chosen:
        behind = board.lead(leader, chosen).among
        told.append(
            f"The best is {leader.name} with {leader.value:.4f}, {_interval(behind)} better: a "
            f"lead of more than {limit} is not shown"
        )
    return told


def _effort(chosen: Score, shipped: Score) -> str:
    ours, theirs = chosen.lived, shipped.lived
    return (
        f"{chosen.name} retrains {ours.retrains} times and promotes {ours.promotions}, as shipped "
        f"{theirs.retrains} and {theirs.promotions}; {ours.fits_seconds:,.0f} seconds of CPU "
        f"against {theirs.fits_seconds:,.0f}"
    )


def _method(board: Board) -> str:
    pairs = f"all {board.pairs} pairs of policies at once" if board.pairs > 1 else "the pair"
    return (
        f"Intervals of {percent(board.plan.confidence, 0)} that hold for {pairs}, from "
        f"{board.leads.days} days in blocks of {board.leads.block_days}"
    )


def _money(score: Score) -> str:
    costs, bill = score.pipeline.costs, score.bill
    if costs is None or bill is None:
        return "an unknown sum"
    return f"{bill.total:,.2f} {costs.currency}".strip()


def _interval(found: Interval) -> str:
    return f"{found.value:+.4f} [{found.low:+.4f} to {found.high:+.4f}]"
