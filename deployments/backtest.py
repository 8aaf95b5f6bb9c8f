"""`ratchet backtest`: live past nights under other policies, compare, recommend, and apply."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from click import UsageError

from config.load import Definition
from config.settings import Settings
from deployments import show
from deployments.progress import bars

if TYPE_CHECKING:
    from tasks.backtest.arms import Arm
    from tasks.backtest.bootstrap import Lead
    from tasks.backtest.report import Report
    from tasks.backtest.scores import Score
    from tasks.stores import Stores

_KEPT = "What was lived is kept: the same command goes on from there."


@dataclass(frozen=True)
class Asked:
    """Which policies to live under, and the nights, both ends included."""

    pipeline: str
    grid: Path
    first: date
    last: date
    apply: bool

    def check(self) -> None:
        """Raise `click.UsageError` when there is no night to live."""
        if self.first > self.last:
            raise UsageError(f"--from {self.first} comes after --to {self.last}")


def run(asked: Asked, as_json: bool) -> None:
    """Live, compare and tell; exits with 1 when a night ended an arm before its end."""
    from tasks.backtest import page
    from tasks.backtest.grid import read
    from tasks.stores import open_stores

    asked.check()
    stores = open_stores(asked.pipeline, Settings.from_environment())
    arms = read(asked.grid, stores.definition)
    report = _lived(asked, stores, arms, hidden=as_json)
    path = page.written(report, stores.reports)
    written = _applied(asked, stores.definition, report, path)
    if as_json:
        from tasks.backtest.report import plainly

        show.document({**plainly(report), "page": path, "written": written})
    else:
        _told(report, path)
        _told_applied(asked, report, written)
    sys.exit(1 if report.ended else 0)


def _lived(asked: Asked, stores: "Stores", arms: "Sequence[Arm]", hidden: bool) -> "Report":
    from tasks.backtest.arms import Period, references
    from tasks.backtest.live import homes, lived
    from tasks.backtest.report import assessed

    period, every = Period(asked.first, asked.last), [*arms, *references(stores.definition)]
    with bars(hidden) as progress:
        title = f"{len(period.nights)} nights under {len(every)} policies"
        bar = progress.add_task(title, total=len(period.nights) * len(every))
        try:
            lives = lived(stores, every, period, lambda done: progress.update(bar, completed=done))
        except KeyboardInterrupt:
            show.aside(_KEPT)
            raise
        progress.update(bar, description="compare")
        return assessed(stores.definition, period, lives, homes(stores, lives))


def _applied(asked: Asked, shipped: Definition, report: "Report", page: Path) -> str | None:
    """The difference that was written into pipeline.yaml; None when nothing was."""
    from tasks.backtest.apply import applied
    from tasks.backtest.recommendation import Outcome

    chosen = report.recommendation.chosen
    if not asked.apply or chosen is None or report.recommendation.outcome is not Outcome.CHANGE:
        return None
    evidence = f"{chosen.name}, {asked.first} to {asked.last}, {page.parent.name}/{page.name}"
    return applied(shipped, chosen.lived.arm, evidence)


def _told(report: "Report", path: Path) -> None:
    board = report.board
    pipeline = report.definition.pipeline
    money = [f"cost {pipeline.costs.currency}".strip(), "saving"] if pipeline.costs else []
    columns = ["arm", pipeline.metric, "lead [95 %]", "retrains", "promoted"]
    show.table(
        f"{pipeline.name}, {report.period.first} to {report.period.last}: "
        f"{board.shipped.asked.rows:,} answers of {board.leads.days} days",
        [*columns, "flips", "CPU s", *money],
        [_row(report, each) for each in board.scores],
    )
    for each in report.ended:
        show.line(f"{each.arm.name} ended early: {each.error}")
    chosen = report.recommendation.chosen
    outcome = report.recommendation.outcome.value
    show.line(f"{outcome}: {chosen.name}" if chosen else outcome)
    for reason in report.recommendation.reasons:
        show.line(f"  {reason}.")
    show.line(f"{path}")


def _row(report: "Report", score: "Score") -> list[show.Cell]:
    from tasks.ledger.templates import percent

    board, lived = report.board, score.lived
    is_shipped = score is board.shipped
    turnover = report.turnovers[score.name]
    cells: list[show.Cell] = [
        score.name,
        f"{score.value:.4f}",
        "" if is_shipped else _interval(board.lead(score, board.shipped)),
        lived.retrains,
        lived.promotions,
        percent(turnover.flips) if turnover.promotions else "",
        f"{lived.fits_seconds:,.0f}",
    ]
    if score.bill is not None:
        saving = "" if is_shipped else _interval(board.saving(score, board.shipped))
        cells += [f"{score.bill.total:,.2f}", saving]
    return cells


def _interval(lead: "Lead") -> str:
    from tasks.ledger.templates import signed, signed_reach

    return f"{signed(lead.alone.value)} [{signed_reach(lead.alone)}]"


def _told_applied(asked: Asked, report: "Report", written: str | None) -> None:
    if written is not None:
        show.line(f"Written into {report.definition.folder / 'pipeline.yaml'}:")
        show.line(written.rstrip())
    elif asked.apply:
        show.line("Nothing was written: no other policy is recommended.")
