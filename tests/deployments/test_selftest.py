"""Canaries one by one, and what the terminal tells of them."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployments import selftest as command
from deployments.canaries import CANARIES, NIGHTLY, Canary
from deployments.sandbox import played
from deployments.season import Came, Season
from tasks.errors import Leakage
from tasks.ledger.selftests import Case, Selftest
from tests.installation import Installation
from tests.ledger.conftest import night
from tests.shop import NAME

SHUFFLED = Case("shuffled", "challenger", ("floor",), True, ("floor", "weak"), "roc_auc .5", 3.0)
HONEST = Case("honest", "control", (), False, (), "promoted", 3.0)
PASSED = Selftest(night(1), "c0de", (SHUFFLED, HONEST))


@pytest.fixture
def season(renewed: Installation) -> Iterator[Season]:
    """The shop in which v2 serves, and v1 did before."""
    yield Season(renewed.settings, NAME)


def breaks(error: Exception) -> Canary:
    """A sabotaged challenger whose scene ends in an error, where leakage is looked for."""

    def scene(_: Season) -> Came:
        raise error

    return Canary("broken", "challenger", scene, ("Leakage",))


def test_each_has_reasons_of_its_own() -> None:
    """Names are told apart, sabotage says what has to refuse it, and a control nothing."""
    canaries = (*CANARIES, *NIGHTLY)
    assert len({canary.name for canary in canaries}) == len(canaries)
    assert all(bool(canary.expected) is (canary.kind != "control") for canary in canaries)
    assert {canary.kind for canary in canaries} == {"challenger", "batch", "control"}


def test_an_error_refuses_under_its_name(season: Season) -> None:
    """The error that was looked for is a refusal; any other is a miss, and ends nothing."""
    assert not played(season, breaks(Leakage("a feature saw the future"))).missed
    unforeseen = played(season, breaks(KeyError("checks")))
    assert unforeseen.missed
    assert unforeseen.by == ("KeyError",)
    assert "checks" in unforeseen.reason


def test_who_got_through_does_not_stay(season: Season) -> None:
    """Who served before a sabotaged challenger serves after it; a control's champion stays."""

    def serves(season: Season) -> Came:
        return Came(False, (), season.promote(1).reason)

    assert season.champion == 2
    assert played(season, Canary("let through", "challenger", serves, ("floor",))).missed
    assert season.champion == 2
    season.today += 1
    assert not played(season, Canary("honest", "control", serves)).missed
    assert season.champion == 1


def test_what_the_terminal_tells(capsys: pytest.CaptureFixture[str]) -> None:
    """A table and a sentence, or one document; a miss is explained and exits with 5."""
    command.answer(PASSED, as_json=False)
    told = capsys.readouterr().out
    assert "floor and 1 more" in told
    assert "0 of 1 sabotages accepted" in told
    command.answer(PASSED, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["rate"] == 0
    assert [case["name"] for case in document["selftest"]["cases"]] == ["shuffled", "honest"]
    failed = replace(PASSED, cases=(replace(SHUFFLED, refused=False, by=()),))
    with pytest.raises(SystemExit) as ended:
        command.answer(failed, as_json=False)
    assert ended.value.code == 5
    told = capsys.readouterr().out
    assert "MISSED" in told
    assert "shuffled: roc_auc .5" in told
