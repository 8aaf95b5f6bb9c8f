"""`ratchet impact` and `ratchet backfill --affected`: what a correction touched, and redoing it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deployments.cli import cli
from tasks.errors import Terminal
from tests.conftest import LATE
from tests.corrected import FIRST, LAST, NAMED, OF, correct, corrected, redeliver
from tests.installation import Installation, Templates, copied
from tests.shop import NAME, day

Command = Callable[..., Result]


@pytest.fixture
def ratchet() -> Command:
    """Runs `ratchet` in this process; a failure of ours is raised as it is."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    return run


def told(result: Result) -> str:
    """What was printed, on one line."""
    return " ".join(result.stdout.split())


def test_what_depended_on_it(ratchet: Command, turned: Installation) -> None:
    """Days, answers and what to do about them, for people and as a document."""
    redeliver(turned, corrected(turned))
    said = told(ratchet("impact", NAMED, NAME))
    assert (
        f"{NAMED} holds something else than at first, last changed as of 2024-02-04 03:00" in said
    )
    assert "store_return_share" in said
    found: Any = json.loads(ratchet("impact", NAMED, NAME, "--json").stdout)
    assert [each["day"] for each in found["scores"]] == [day(n).isoformat() for n in range(30, 34)]
    first, last = found["scores"][0]["day"], found["scores"][-1]["day"]
    assert f"ratchet backfill {NAME} --from {first} --to {last} --affected" in said
    assert [len(found["states"]), found["redone"], found["measurements"]] == [2, False, []]
    planned = told(ratchet("backfill", NAME, "--from", first, "--to", last, "--affected", "--plan"))
    assert f"{first}: {found['scores'][0]['rows']} answers to give again" in planned
    assert json.loads(ratchet("impact", NAMED, NAME, "--json").stdout) == found
    labels = {each["day"]: each["labels"] for each in found["days"]}
    assert sum(labels.values()) == sum(
        row != other for row, other in zip(corrected(turned), turned.world.returns(OF), strict=True)
    )


def test_delivered_once(ratchet: Command, turned: Installation) -> None:
    """A partition that nobody corrected says so, and has no table."""
    said = told(ratchet("impact", f"orders/{OF}", NAME))
    assert said == (f"orders/{OF} was delivered once: nothing depends on what it held before")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("return/2024-01-30", "no table 'return'; did you mean 'returns'"),
        ("returns/2024-1-30", "no partition '2024-1-30' among its 33, 2024-01-01 to 2024-02-02"),
        ("returns/2024-1-30", "did you mean '2024-01-30'"),
        ("returns", "no partition ''"),
    ],
)
def test_a_name_that_nobody_delivered(
    ratchet: Command, turned: Installation, name: str, says: str
) -> None:
    """The error names the nearest table or partition."""
    with pytest.raises(Terminal, match=says):
        ratchet("impact", name, NAME)


@pytest.mark.slow
def test_redone(
    ratchet: Command, settings: Any, templates: Templates, _turned: Installation
) -> None:
    """The command that impact names leaves nothing, and then says so; a second time as well."""
    copied(templates.lived("amiss", correct, _turned), settings.home)
    assert "measurements taken before" in told(ratchet("impact", NAMED, NAME))
    days = ["--from", FIRST.isoformat(), "--to", LAST.isoformat()]
    first = ratchet("backfill", NAME, *days, "--affected")
    assert (first.exit_code, "answers of 4 days were given again" in told(first)) == (0, True)
    assert "redone: 4 measurements stand corrected" in told(ratchet("impact", NAMED, NAME))
    document: Any = json.loads(ratchet("backfill", NAME, *days, "--affected", "--json").stdout)
    assert (document["scored"], document["measured"]["corrections"]) == ([], [])
    wrong = ratchet("backfill", NAME, "--from", f"{day(LATE)}", "--to", f"{FIRST}", "--affected")
    assert (wrong.exit_code, "comes after" in wrong.output) == (2, True)
