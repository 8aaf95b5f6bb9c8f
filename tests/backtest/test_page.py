"""The backtest page tells every arm, says what it does not know, and runs nothing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from config.watch import Costs
from tasks.backtest.arms import Lived
from tasks.backtest.page import View, backtest_page, written
from tasks.backtest.report import Report, plainly
from tasks.ledger.templates import signed, signed_reach
from tests.backtest.lives import reported
from tests.ledger.test_comparison_page import HOSTILE, Page

SECTIONS = ("weeks", "leads", "arms", "decisions", "staleness", "policies")


@pytest.fixture(scope="module")
def report() -> Report:
    return reported(days=40)


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(backtest_page(report))


def test_every_arm_is_told(report: Report, page: Page) -> None:
    """With its metrics, what it took, and its lead with both intervals."""
    for score in report.board.scores:
        told = page.told("arms")
        assert f"{score.value:.4f} {score.measured['log_loss']:.4f} {score.lived.retrains}" in told
        if score is report.board.shipped:
            continue
        lead = report.board.lead(score, report.board.shipped)
        assert f"{signed(lead.alone.value)} {signed_reach(lead.alone)}" in page.told("leads")
        if score.is_policy:
            assert signed_reach(lead.among) in page.told("leads")
    assert page.told("leads").count("a reference") == 2
    assert "retrain: {max_age_days: 28}" in page.told("policies")
    assert "pipeline.yaml as it is" in page.told("policies")


def test_the_recommendation_is_told_with_its_reasons(report: Report, page: Page) -> None:
    """In sentences, with the evidence's name."""
    for reason in report.recommendation.reasons:
        assert reason in page.told("recommendation")
    assert report.digest in page.text


def test_every_line_is_drawn(report: Report) -> None:
    """A line an arm, a lane a policy with a mark a decision, a point a week."""
    view, html = View(report), backtest_page(report)
    assert view.weekly is not None
    assert view.running is not None
    assert view.ageing is not None
    assert len(view.weekly.traces) == len(report.board.scores) == 6
    assert [each.path.count("L") for each in view.weekly.traces] == [5] * 6
    assert {each.name for each in view.running.traces} == {
        each.name for each in report.board.scores[1:]
    }
    assert [len(each.marks) for each in view.lanes] == [
        len(each.lived.decisions)
        for each in (
            report.board.shipped,
            *sorted(report.board.policies[1:], key=lambda s: -s.value),
        )
    ]
    assert len(view.ageing.columns) == len(report.ages)
    assert [tick.label for tick in view.ageing.weeks] == ["0", "1", "2", "3", "4"]
    assert html.count("<svg") == html.count("</svg>")
    for number in re.findall(r'(?:x1|x2|cx|y1)="([^"%]+)%"', html):
        assert 0 <= float(number) <= 100


def test_what_is_far_behind_leaves_room_for_the_others(report: Report) -> None:
    """One bad policy does not squeeze all others into a line; it is pointed at."""
    forest = View(report).forest
    assert forest is not None
    beyond = {row.score.name: row for row in forest.rows if row.is_beyond}
    assert "blind" in beyond
    assert forest.axis.low > beyond["blind"].alone.value
    assert [row.alone.value for row in forest.rows] == sorted(
        (row.alone.value for row in forest.rows), reverse=True
    )


def test_money_is_shown_where_it_is_configured(page: Page) -> None:
    """Costs of every arm with the currency, and the saving over as shipped."""
    costs = Costs(false_positive=1, false_negative=2, retrain=5, currency="CHF")
    dear = reported(days=30, costs=costs)
    told = Page(backtest_page(dear)).told("arms")
    assert "Cost CHF" in told
    for score in dear.board.scores:
        assert score.bill is not None
        assert f"{score.bill.total:,.2f} {score.bill.errors:,.2f} of it errors" in told
    assert "Cost" not in page.told("arms")


def test_few_days_are_told_as_such() -> None:
    """Without intervals nothing is drawn as if there were some, and nothing is recommended."""
    few = Page(backtest_page(reported(days=12)))
    assert "No recommendation" in few.text
    assert "no interval" in few.told("leads")
    assert "12 days with labels" in few.told("recommendation")


def test_an_arm_that_ended_early_is_told(report: Report) -> None:
    """With its error, among the others and compared with none."""
    lost: Lived = replace(
        report.board.policies[1].lived, error="night of 2024-03-09: Boom: no disk"
    )
    told = Page(backtest_page(replace(report, ended=(lost,)))).told("arms")
    assert "ended early night of 2024-03-09: Boom: no disk" in told


def test_nothing_followed(report: Report) -> None:
    """A period too short to age in says so."""
    told = Page(backtest_page(replace(report, ages=()))).told("staleness")
    assert "No version was followed for a full week." in told


def test_names_are_text_and_never_code(report: Report) -> None:
    """Whatever an arm is called, and whatever ended it, nothing of it runs."""
    arm = replace(report.board.policies[1].lived.arm, name=HOSTILE, overrides={"gate": HOSTILE})
    lived = replace(report.board.policies[1].lived, arm=arm)
    score = replace(report.board.policies[1], lived=lived)
    scores = (report.board.shipped, score, *report.board.scores[2:])
    hostile = replace(
        report,
        board=replace(report.board, scores=scores),
        ended=(replace(lived, error=HOSTILE),),
        turnovers={**report.turnovers, HOSTILE: report.turnovers["eager"]},
        recommendation=replace(report.recommendation, reasons=(HOSTILE,)),
    )
    clean, page = Page(backtest_page(report)), Page(backtest_page(hostile))
    assert "script" not in page.tags
    assert page.tags.count("img") == 0
    assert page.links == clean.links == []
    assert HOSTILE in page.text


def test_the_page_is_named_by_its_evidence(report: Report, tmp_path: Path) -> None:
    """The same arms and nights give the same name and bytes; another arm another."""
    path = written(report, tmp_path)
    nights = f"{report.period.first}_{report.period.last}"
    assert path == tmp_path / "backtests" / f"{nights}_{report.digest}.html"
    assert path.read_text() == backtest_page(report)
    slower = replace(report.board.scores[1].lived, seconds=99.0, fits_seconds=77.0)
    scores = (report.board.shipped, replace(report.board.scores[1], lived=slower))
    timed = replace(report, board=replace(report.board, scores=(*scores, *report.board.scores[2:])))
    assert timed.digest == report.digest
    assert replace(report, ages=()).digest != report.digest


def test_the_report_as_plain_values(report: Report) -> None:
    """Everything on the page for machines."""
    found = plainly(report)
    assert found["evidence"] == report.digest
    assert isinstance(found["arms"], list)
    first, second = found["arms"][:2]
    assert "lead" not in first
    assert second["lead"]["alone"] == report.board.leads.of(1, 0).alone
    assert second["overrides"] == {"retrain": {"max_age_days": 4}}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_says_something(page: Page, section: str) -> None:
    """No heading stands alone."""
    assert len(page.told(section)) > 60
