"""The backtest page: policies side by side, in one file that opens anywhere."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from tasks import pages
from tasks.backtest import drawings
from tasks.backtest.drawings import Curve, Forest, Lane, Plot
from tasks.backtest.recommendation import Outcome, Shown, shown
from tasks.backtest.report import Report
from tasks.backtest.scores import Score
from tasks.evaluation.metrics import higher_is_better
from tasks.ledger.monitoring_days import Timeline
from tasks.ledger.templates import rendered

_STATES = {Outcome.CHANGE: "good", Outcome.STAY: "", Outcome.OPEN: "warn"}
_PILLS = {Shown.BETTER: "good", Shown.AS_GOOD: "", Shown.WORSE: "bad", Shown.OPEN: "warn"}
_TITLES = {
    Outcome.CHANGE: "Another policy is worth it",
    Outcome.STAY: "As shipped stays",
    Outcome.OPEN: "No recommendation",
}


@dataclass(frozen=True)
class View:
    """What the template asks for, from one report."""

    report: Report

    @property
    def state(self) -> tuple[str, str]:
        """The page's colour and headline."""
        outcome = self.report.recommendation.outcome
        return _STATES[outcome], _TITLES[outcome]

    @cached_property
    def days(self) -> Timeline:
        return Timeline(self.report.period.first, self.report.period.last)

    @cached_property
    def styles(self) -> dict[str, str]:
        return drawings.styled(self.report.board, self.report.recommendation)

    @cached_property
    def weekly(self) -> Plot | None:
        return drawings.weekly(self.report.board, self.styles, self.days)

    @cached_property
    def running(self) -> Plot | None:
        return drawings.running(self.report.board, self.styles, self.days)

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        return drawings.lanes(self.report.board, self.styles, self.days)

    @cached_property
    def forest(self) -> Forest | None:
        return drawings.forest(self.report.board, self.styles)

    @cached_property
    def ageing(self) -> Curve | None:
        return drawings.ageing(self.report.ages)

    @cached_property
    def ranked(self) -> list[Score]:
        """All arms, the best metric first."""
        sign = -1 if higher_is_better(self.report.definition.pipeline.metric) else 1
        return sorted(self.report.board.scores, key=lambda each: sign * each.value)

    def standing(self, score: Score) -> tuple[str, str]:
        """What is shown of a policy beside as shipped, and its colour; empty for a reference."""
        board, tolerance = self.report.board, self.report.recommendation.tolerance
        if not score.is_policy or score is board.shipped:
            return "", ""
        found = shown(board, score, tolerance if math.isfinite(tolerance) else 0.0)
        return found.value, _PILLS[found]

    @property
    def overrides(self) -> str:
        """What the recommended policy says otherwise, as pipeline.yaml would."""
        chosen = self.report.recommendation.chosen
        return said(chosen) if chosen else ""


def said(score: Score) -> str:
    """What an arm says otherwise than pipeline.yaml."""
    overrides = dict(score.lived.arm.overrides)
    return yaml.safe_dump(overrides, sort_keys=False, default_flow_style=None) if overrides else ""


def backtest_page(report: Report) -> str:
    """The page as HTML that loads nothing from elsewhere; every value in it is escaped."""
    return rendered(
        "backtest.html.j2",
        view=View(report),
        report=report,
        board=report.board,
        pipeline=report.definition.pipeline,
        said=said,
        change=Outcome.CHANGE,
        higher=higher_is_better(report.definition.pipeline.metric),
    )


def written(report: Report, reports: Path) -> Path:
    """Write the page into a pipeline's folder of reports, by nights and evidence; its path."""
    name = f"{report.period.first}_{report.period.last}_{report.digest}.html"
    return pages.written(reports / "backtests" / name, backtest_page(report))
