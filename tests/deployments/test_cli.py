"""The command line: what it prints, for people and machines, and how it exits."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from deployments.cli import cli, main
from deployments.embedded import parse_moment
from tests.installation import Installation
from tests.shop import NAME, day, night, written

HEAVY = ("pandas", "prefect", "sklearn", "mlflow", "great_expectations", "evidently", "duckdb")

Command = Callable[..., Result]


@pytest.fixture
def ratchet() -> Command:
    """Runs the command in this process; a failure of ours is raised as it is."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    return run


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_help_imports_nothing_heavy() -> None:
    """The command line is there before any library that it may need later is imported."""
    code = f"import sys, deployments.cli; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_command_explains_itself(ratchet: Command) -> None:
    """Each command has a sentence of help, and the exit codes are told."""
    assert "Exit codes" in ratchet("--help").output
    for name, command in cli.commands.items():
        assert command.help, name
        assert ratchet(name, "--help").exit_code == 0


def test_a_night_is_told(ratchet: Command, trained: Installation) -> None:
    """A night says what it ingested, scored and measured, and whether a retrain was due."""
    trained.deliver(19, 19)
    told = ratchet("run", NAME, "--as-of", day(20).isoformat())
    assert told.exit_code == 0
    assert "ingested" in told.output
    assert "scored" in told.output
    assert "retrain: not due" in told.output


def test_each_story_speaks_json(ratchet: Command, trained: Installation) -> None:
    """With --json standard output is one document, undefined numbers null."""
    trained.deliver(19, 19)
    as_of = ("--as-of", day(20).isoformat(), "--json")
    assert len(document(ratchet("ingest", NAME, *as_of))["admissions"]) == 2
    assert document(ratchet("score", NAME, *as_of))["versions"] == [1]
    sight = document(ratchet("watch", NAME, *as_of))["sight"]
    assert sight["performance"]["measured"]["value"] is None
    retrained = document(ratchet("retrain", NAME, *as_of, "--reason", "for the test"))
    assert retrained["news"] is True
    assert retrained["decision"]["reason"].startswith("for the test: ")


def test_status_and_why_need_no_flow(ratchet: Command, trained: Installation) -> None:
    """Who serves, since when and why are read from the ledger."""
    status = document(ratchet("status", NAME, "--json"))
    assert status["champion"]["number"] == 1
    assert status["problems"] == []
    assert "v1" in ratchet("status", NAME).output
    assert "first champion: PROMOTE" in ratchet("why", NAME).output
    assert "no decision on 2020-01-01" in ratchet("why", NAME, "--on", "2020-01-01").output


def test_a_rollback_without_an_earlier_champion_is_refused(
    trained: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be decided exits with 5 and says why; the champion stays."""
    words = ["ratchet", "rollback", NAME, "--as-of", day(20).isoformat()]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    assert "no earlier champion" in capsys.readouterr().err
    assert trained.stores.ledger.champion(NAME) == 1


def test_a_wrong_pipeline_names_the_nearest(
    empty: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipeline that nobody defined exits with 2 and suggests one that is."""
    monkeypatch.setattr(sys, "argv", ["ratchet", "status", "shpo"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "did you mean 'shop'" in capsys.readouterr().err


def test_too_little_data_exits_with_four(
    empty: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A training without enough complete days says how many are needed."""
    monkeypatch.setattr(sys, "argv", ["ratchet", "retrain", NAME, "--as-of", "2024-01-05"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    assert "0 complete days" in capsys.readouterr().err


def test_a_refused_delivery_exits_with_three(ratchet: Command, trained: Installation) -> None:
    """A file that is refused is named with its code, and the exit code tells a script."""
    trained.put("orders", day(19), b"", "2024-01-19.csv")
    told = ratchet("ingest", NAME, "--as-of", day(20).isoformat())
    assert told.exit_code == 3
    assert "empty_file" in told.output


def test_held_rows_are_listed_shown_and_released(ratchet: Command, trained: Installation) -> None:
    """Rows in quarantine can be read with their reasons, and let in by a person."""
    first, *others = trained.world.orders(day(19))
    trained.put("orders", day(19), written([{**first, "amount": "-5"}, *others]))
    as_of = ("--as-of", day(20).isoformat())
    ratchet("ingest", NAME, *as_of)
    (listed,) = document(ratchet("quarantine", "list", NAME, "--json"))
    assert listed["rows"] == 1
    where = ("--table", "orders", "--partition", listed["partition"])
    assert listed["reason"] == "expect:column_values_to_be_between:amount"
    (shown,) = document(ratchet("quarantine", "show", NAME, *where, "--json"))
    assert shown["payload"]["amount"] == "-5"
    assert "amount=-5" in ratchet("quarantine", "show", NAME, *where).output.replace("\n", "")
    assert "1 rows released" in ratchet("quarantine", "release", NAME, *where, *as_of).output
    assert document(ratchet("quarantine", "list", NAME, "--json")) == []


@pytest.mark.parametrize("words", [("why", NAME, "--on", "soon"), ("demo", "--through", "2013")])
def test_a_wrong_date_is_wrong_use(ratchet: Command, words: tuple[str, ...]) -> None:
    """What is no date exits with 2 and says which form is taken."""
    told = ratchet(*words)
    assert told.exit_code == 2
    assert "%Y-%m-%d" in told.output


def test_a_date_means_its_night(trained: Installation) -> None:
    """--as-of takes a date, a local time or a full instant, and refuses the rest."""
    schedule = trained.stores.definition.pipeline.schedule
    assert parse_moment(day(20).isoformat(), schedule) == night(day(20))
    assert parse_moment("2024-01-20T03:00", schedule).utcoffset() is not None
    with pytest.raises(click.BadParameter, match="neither a date"):
        parse_moment("yesterday", schedule)
