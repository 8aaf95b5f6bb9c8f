"""`ratchet why`: why a retrain did or did not take place on a day, from a closed set of reasons."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from tasks.signs import Evaluation, Route, Why
from tests.installation import Installation
from tests.shop import NAME, day, night

Asked = Callable[..., str]

DROPPED = "performance dropped: roc_auc 0.61, 0.70 promised, but the data are broken: 1 refused"


@pytest.fixture
def why() -> Asked:
    """Runs `ratchet why` in this process; what it printed, on one line."""

    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, ["why", NAME, *words], catch_exceptions=False)
        assert result.exit_code == 0
        return " ".join(result.stdout.split())

    return run


@pytest.fixture
def shop(trained: Installation) -> Installation:
    """A night with a drop that was held back, and one on which the champion held."""
    routed = {
        "routed": "1 refused",
        "triggers": [{"trigger": "drop", "why": Why.DROPPED.value, "reason": "roc_auc 0.61"}],
    }
    broken = Evaluation(
        NAME, night(day(20)), False, Why.BROKEN_DATA, DROPPED, "", Route.BROKEN_DATA, routed
    )
    holds = Evaluation(NAME, night(day(21)), False, Why.HOLDS, "champion is 2 days old")
    for each in (holds, broken):
        trained.stores.ledger.keep_evaluation(each)
    return trained


def test_why_not_on_that_day(why: Asked, shop: Installation) -> None:
    """What was seen on that day, why nothing was done about it, and the route that said so."""
    told = why("--on", "2024-01-20")
    assert f"2024-01-20 03:00: no retrain (broken data, no matter for a retrain): {DROPPED}" in told
    assert "trigger drop (performance dropped): roc_auc 0.61" in told
    assert "route (broken data): 1 refused" in told
    assert "2024-01-21" not in told


def test_a_day_on_which_nobody_looked(why: Asked, shop: Installation) -> None:
    """A day without an evaluation is not a day on which all was well."""
    told = why("--on", "2024-01-25")
    assert "no decision on 2024-01-25" in told
    assert "nothing was evaluated on 2024-01-25: nobody looked" in told


def test_without_a_day_the_last_word(why: Asked, shop: Installation) -> None:
    """The decisions, the last evaluation, and what the next retrain waits for."""
    told = why()
    assert "first champion: PROMOTE" in told
    assert "2024-01-21 03:00: no retrain (champion holds its promise)" in told
    assert "2024-01-20" not in told
    assert "next retrain on" in told


def test_for_machines(shop: Installation) -> None:
    """As JSON the evaluations of the day come with all of their evidence, reasons by name."""
    words = ["why", NAME, "--on", "2024-01-20", "--json"]
    document: dict[str, Any] = json.loads(CliRunner().invoke(cli, words).stdout)
    (evaluation,) = document["evaluations"]
    assert evaluation["why"] in {each.value for each in Why}
    assert (evaluation["wanted"], evaluation["route"]) == (False, "broken data")
    assert evaluation["evidence"]["triggers"][0]["reason"] == "roc_auc 0.61"


def test_asking_changes_nothing(why: Asked, shop: Installation) -> None:
    """The question writes nothing down."""
    before = shop.state()
    why()
    why("--on", "2024-01-20")
    assert shop.state() == before
