"""Retrains of past nights: rehearsed unless they are asked for in earnest."""

from typing import Any

import pytest

from flows.backfill import Backfilled, NightsFailed, backfill
from tasks.nights.backlog import backlog
from tasks.nights.grid import Grid
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, day


def retrained(first: int, last: int = 0, **chosen: Any) -> Backfilled:
    """The retrains of some nights."""
    done: Backfilled = backfill(
        day(first), day(last or first), ("retrain",), pipeline=NAME, **chosen
    )
    return done


def test_a_rehearsal_says_what_the_retrain_would_have(
    turned: Installation, _renewed: Installation
) -> None:
    """The same key and numbers as the real one; nothing is registered, decided or moved."""
    before = turned.state()
    (night,) = retrained(LATE).nights
    (rehearsal,) = turned.stores.ledger.rehearsals(NAME)
    decision = _renewed.stores.ledger.decisions(NAME)[-1]
    assert rehearsal.key == decision.key
    assert rehearsal.evidence["measured"] == decision.evidence["measured"]
    assert (rehearsal.champion, rehearsal.choice) == (1, "PROMOTE")
    assert night.retrained == rehearsal.told
    after = turned.state()
    for place in ("mlflow", "tables", "landing", "reports"):
        assert after[place] == before[place], place
    assert len(turned.stores.ledger.decisions(NAME)) == 1
    (again,) = retrained(LATE).nights
    assert again.is_idle
    assert len(turned.stores.ledger.rehearsals(NAME)) == 1


def test_who_served_then_is_faced(renewed: Installation) -> None:
    """A night before the last decision is rehearsed against the champion of that night."""
    (night,) = retrained(LATE - 2).nights
    (rehearsal,) = renewed.stores.ledger.rehearsals(NAME)
    assert rehearsal.champion == 1
    assert not night.error
    assert renewed.stores.ledger.champion(NAME) == 2
    assert retrained(LATE).nights[0].is_idle  # there is a decision of that night


def test_too_little_data_is_no_failure(turned: Installation) -> None:
    """Nights before there was enough to learn from have nothing to rehearse."""
    (night,) = retrained(6).nights
    assert not night.error
    assert "complete days" in night.retrained


def test_in_earnest(turned: Installation) -> None:
    """Asked for, it decides and moves the alias; a later decision stands against the past."""
    (night,) = retrained(LATE, promote=True).nights
    assert "v2" in night.retrained
    assert turned.stores.ledger.champion(NAME) == turned.stores.registry.pointed(NAME) == 2
    assert turned.stores.ledger.rehearsals(NAME) == []
    with pytest.raises(NightsFailed, match="a champion cannot be changed in the past"):
        retrained(LATE - 1, promote=True)


def test_a_plan_says_by_what_a_cell_is_done(renewed: Installation) -> None:
    """By what is on record, and nothing else; looking changes nothing."""
    stores = renewed.stores
    grid = Grid(stores.definition.pipeline.schedule, day(LATE - 1), day(LATE), ("retrain", "score"))
    before = renewed.state()
    with backlog(stores, grid) as found:
        plan = {(each.night, each.step): each.evidence for each in found.plan()}
    assert plan == {
        (day(LATE - 1), "score"): "no question is due",
        (day(LATE), "score"): "no question is due",
        (day(LATE - 1), "retrain"): "",
        (day(LATE), "retrain"): "decision 2: v2 promoted",
    }
    assert renewed.state() == before
