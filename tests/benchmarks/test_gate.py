"""What the gate benchmark simulates, decides and makes of its figures."""

import json

import numpy as np
import pytest

from benchmarks.gate import ALPHA, JUDGES, OURS, Cell, Report, measured
from benchmarks.years import DEPENDENT, INDEPENDENT, LABELS, NIGHTS, SKEWED, SPELLS, WINDOW, World

WORLDS = (INDEPENDENT, DEPENDENT, SPELLS, SKEWED)


def cell(edge: str, promoted: int, night: int = 5) -> Cell:
    return Cell(INDEPENDENT.name, OURS.name, edge, 100, [night] * promoted)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_world_has_the_edge_that_it_is_given(world: World) -> None:
    """Over many days challengers are better by the edge, and by nothing where they are equal."""
    for edge in (0.0, 0.01):
        years = world.years(200, edge, np.random.default_rng(1))
        assert years.leads.shape == (200, NIGHTS + WINDOW)
        assert years.leads.mean() == pytest.approx(edge, abs=0.0008)
        assert (years.won + years.lost <= LABELS).all()


def test_days_differ_where_they_should() -> None:
    """A day moves the lead by 0.6 points where rows are independent, by 2.2 as on the flights."""
    spread = [w.years(200, 0, np.random.default_rng(2)).leads.std() for w in WORLDS[:2]]
    assert spread == pytest.approx([0.0058, 0.0222], rel=0.05)


def test_goals() -> None:
    """Each goal is missed on its far side alone, and only ours have goals."""
    assert not cell("equal", round(100 * ALPHA)).missed
    assert cell("equal", 6).missed
    assert not cell("-1 point", 1).missed
    assert cell("-1 point", 2).missed
    assert not cell("+1", 95, night=14).missed
    assert cell("+1", 94).missed
    assert cell("+1", 100, night=15).missed
    assert not Cell(INDEPENDENT.name, "refresh", "equal", 100, [1] * 100).missed


def test_a_few_years() -> None:
    """The whole of it on 20 years: one line for people, every night for machines."""
    report = measured(20)
    gates = {(each.world, each.judge) for each in report.cells}
    assert len(gates) == 2 * len(JUDGES) + 2
    assert json.loads(json.dumps(report.document))["years"] == 20
    assert "superiority" in report.table
    assert report.line.endswith("met") == report.meets_goal


def test_a_missed_goal_is_named() -> None:
    """The line says which goal was missed, with its figures."""
    report = Report(100, [cell("equal", 30)])
    assert report.line.endswith("missed by independent rows, equal: 30.0% (-)")
