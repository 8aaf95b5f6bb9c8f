"""`ratchet backfill` in this process: a table, a document, and an exit code that tells."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from deployments.cli import cli
from tasks.errors import RatchetError
from tests.conftest import TRAINED
from tests.installation import Installation
from tests.shop import NAME, day

Command = Callable[..., Result]

FIRST, LAST = day(TRAINED + 1).isoformat(), day(TRAINED + 2).isoformat()


@pytest.fixture
def backfill() -> Command:
    """The command, for two nights after the first champion's."""

    def run(*words: str, first: str = FIRST, last: str = LAST) -> Result:
        dates = ("--from", first, "--to", last)
        return CliRunner().invoke(cli, ("backfill", NAME, *dates, *words))

    return run


def test_nights_are_told(backfill: Command, trained: Installation) -> None:
    """Every night has its line, and the last line says how many there were."""
    trained.deliver(TRAINED, TRAINED + 1)
    told = backfill()
    assert told.exit_code == 0
    assert FIRST in told.output
    assert "2 nights played" in told.output
    nights = json.loads(backfill("--steps", "watch", "--json").stdout)["nights"]
    assert [night["predictions"] for night in nights] == [0, 0]
    assert all(night["measured"] for night in nights)


def test_a_failed_night_exits_with_one(backfill: Command, trained: Installation) -> None:
    """The table tells which night failed and why."""
    trained.deliver(TRAINED, TRAINED + 1)
    with trained.without_models():
        told = backfill()
    assert told.exit_code == 1
    assert "2 of 2 nights failed" in told.output
    last = told.output.splitlines()[-1]
    assert last.startswith(f"  night of {LAST}: score: Corrupt: version 1 of 'shop' is damaged")


def test_a_plan_changes_nothing(backfill: Command, trained: Installation) -> None:
    """Every step of every night is told, done by what evidence or to do; then nothing is."""
    trained.deliver(TRAINED, TRAINED + 1)
    before = trained.state()
    told = backfill("--plan", "--steps", "ingest,score,watch")
    assert told.exit_code == 0
    assert "6 of 6 steps to do" in told.output
    assert trained.state() == before
    backfill("--steps", "ingest,score")
    planned = json.loads(backfill("--plan", "--json", "--order", "newest").stdout)
    assert [(each["step"], each["night"]) for each in planned] == [
        ("ingest", FIRST),
        ("ingest", LAST),
        ("score", LAST),
        ("score", FIRST),
    ]
    assert all(each["evidence"] for each in planned)
    assert "2 nights played, 2 of them done before" in backfill("--workers", "2").output


def test_a_refused_delivery_exits_with_three(backfill: Command, trained: Installation) -> None:
    """As `ratchet ingest` does."""
    trained.put("orders", day(TRAINED), b"")
    assert backfill("--steps", "ingest").exit_code == 3


@pytest.mark.parametrize(
    ("words", "dates", "says"),
    [
        (("--steps", "ingest,rest"), {}, "ingest,score,watch,retrain, and not 'rest'"),
        (("--order", "newest", "--promote"), {}, "--promote goes with --order oldest"),
        (("--workers", "0"), {}, "--workers"),
        (("--steps", ""), {}, "--steps takes some of"),
        ((), {"first": LAST, "last": FIRST}, "comes after"),
        (("--on", "moon"), {}, "'here', 'server'"),
    ],
)
def test_wrong_use_exits_with_two(
    backfill: Command, empty: Installation, words: tuple[str, ...], dates: dict[str, str], says: str
) -> None:
    """What cannot be played is told before anything is."""
    told = backfill(*words, **dates)
    assert told.exit_code == 2
    assert says in told.output


def test_without_a_server(
    backfill: Command, empty: Installation, deaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer is told with its address."""
    address = f"http://127.0.0.1:{deaf}/api"
    monkeypatch.setenv("PREFECT_API_URL", address)
    told = backfill("--on", "server")
    assert isinstance(told.exception, RatchetError)
    assert address in str(told.exception)
