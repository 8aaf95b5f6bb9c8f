"""What a backtest came to: what its page, its table and its JSON are made from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from config.load import Definition
from tasks.backtest.archive import archive
from tasks.backtest.arms import FRESH, Lived, Period
from tasks.backtest.board import Board, board, is_shipped
from tasks.backtest.bootstrap import Lead, Plan
from tasks.backtest.recommendation import Recommendation, recommended
from tasks.backtest.scores import Score, scores
from tasks.backtest.staleness import Age, staleness
from tasks.backtest.turnover import Turnover, turnover
from tasks.errors import Terminal
from tasks.ledger.text import canonical
from tasks.stores import Stores


@dataclass(frozen=True)
class Report:
    """The arms compared, the recommendation, and how models aged; `definition` is as shipped.

    `ended` are arms that a failing night ended: they are told, and compared with nobody.
    """

    definition: Definition
    period: Period
    board: Board
    recommendation: Recommendation
    ended: tuple[Lived, ...]
    turnovers: Mapping[str, Turnover]
    ages: tuple[Age, ...]

    @cached_property
    def digest(self) -> str:
        """Names this evidence: the same arms over the same nights give the same 12 hex."""
        return sha256(canonical(_found(self, timed=False)).encode()).hexdigest()[:12]


def assessed(
    definition: Definition, period: Period, lives: Sequence[Lived], homes: Mapping[str, Stores]
) -> Report:
    """Compare what came of all arms; `homes` are their stores by name.

    Raises `Terminal` when `as shipped` did not live to the end, or no question has a label.
    """
    _require_shipped(lives)
    compared = board(scores(definition.pipeline, lives), Plan())
    turnovers, ages = _models(definition, compared, homes)
    return Report(
        definition=definition,
        period=period,
        board=compared,
        recommendation=recommended(compared),
        ended=tuple(each for each in lives if each.error),
        turnovers=turnovers,
        ages=ages,
    )


def _require_shipped(lives: Sequence[Lived]) -> None:
    lost = next((each for each in lives if is_shipped(each.arm) and each.error), None)
    if lost is not None:
        raise Terminal(
            f"{lost.arm.name} did not live to the end, so nothing can be compared with it; "
            f"{lost.error}"
        )


def plainly(report: Report) -> Mapping[str, object]:
    """The report as one JSON document has it."""
    return {**_found(report, timed=True), "evidence": report.digest}


def _models(
    definition: Definition, compared: Board, homes: Mapping[str, Stores]
) -> tuple[dict[str, Turnover], tuple[Age, ...]]:
    """What asking the arms' models again tells; nothing when no reference logged the inputs."""
    whole = [each.lived for each in compared.scores]
    if not compared.references:
        return {each.arm.name: Turnover(0, math.nan, math.nan) for each in whole}, ()
    logger, pipeline = compared.references[-1], definition.pipeline
    kept = archive(compared.shipped.asked, homes, logger.name)
    fresh = next((each for each in compared.references if each.name == FRESH), None)
    ages = staleness(kept, whole, fresh.p[kept.places], pipeline.metric) if fresh else ()
    return {each.arm.name: turnover(kept, each, pipeline) for each in whole}, ages


def _found(report: Report, timed: bool) -> dict[str, object]:
    chosen = report.recommendation.chosen
    return {
        "pipeline": report.definition.pipeline.name,
        "config_hash": report.definition.config_hash,
        "first": report.period.first,
        "last": report.period.last,
        "answers": report.board.shipped.asked.rows,
        "days": report.board.leads.days,
        "block_days": report.board.leads.block_days,
        "metric": report.definition.pipeline.metric,
        "recommendation": {
            "outcome": report.recommendation.outcome.value,
            "policy": chosen.name if chosen else None,
            "overrides": dict(chosen.lived.arm.overrides) if chosen else None,
            "tolerance": report.recommendation.tolerance,
            # Reasons may tell seconds, which are others each time.
            **({"reasons": report.recommendation.reasons} if timed else {}),
        },
        "arms": [_arm(report, each, timed) for each in report.board.scores],
        "ended": {each.arm.name: each.error for each in report.ended},
        "staleness": report.ages,
    }


def _arm(report: Report, score: Score, timed: bool) -> dict[str, object]:
    lived, shipped = score.lived, report.board.shipped
    found: dict[str, object] = {
        "name": score.name,
        "is_policy": score.is_policy,
        "overrides": dict(lived.arm.overrides),
        "measured": score.measured,
        "retrains": lived.retrains,
        "promotions": lived.promotions,
        "turnover": report.turnovers[score.name],
        "bill": score.bill,
        "weeks": score.weeks,
    }
    if score is not shipped:
        found["lead"] = _lead(report.board.lead(score, shipped))
        if report.board.savings is not None:
            found["saving"] = _lead(report.board.saving(score, shipped))
    if timed:
        found |= {"fits_seconds": lived.fits_seconds, "seconds": lived.seconds}
    return found


def _lead(lead: Lead) -> dict[str, object]:
    return {"alone": lead.alone, "among": lead.among}
