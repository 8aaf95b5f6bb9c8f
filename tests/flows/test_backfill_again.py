"""A backfill that was killed, and run in any order by any number: the same contents in the end."""

import random
import signal
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from flows.backfill import Backfilled, NightsFailed, backfill
from tasks.data.lake import Lake
from tasks.ledger.played import Step
from tasks.nights.grid import Order
from tests.conftest import TRAINED
from tests.flows.killed_backfill import elsewhere
from tests.installation import Installation, Templates, copied
from tests.places import folder
from tests.shop import NAME, arrival, arrives, day, put, written

pytestmark = pytest.mark.slow

FIRST, LAST = TRAINED + 1, TRAINED + 8
NIGHTS = day(FIRST), day(LAST)
STEPS: tuple[Step, ...] = ("ingest", "score", "watch")
CORRECTED, HELD, CENTS, BROKEN = TRAINED + 1, TRAINED + 2, TRAINED + 4, TRAINED + 5

Contents = dict[str, Any]


@pytest.fixture(scope="module")
def _arrived(templates: Templates, _trained: Installation) -> Installation:
    return templates.lived("arrived", deliver, _trained)


@pytest.fixture
def arrived(settings: Any, _arrived: Installation) -> Installation:
    """A shop with a champion and eight days in landing that nobody has looked at."""
    return copied(_arrived, settings.home)


@pytest.fixture(scope="module")
def _played(templates: Templates, _arrived: Installation) -> Installation:
    """The same after its nights were played, one after another."""

    def live(_: Installation) -> None:
        play()

    return templates.lived("played", live, _arrived)


def deliver(shop: Installation) -> None:
    """Eight days; one is corrected, one has rows to hold, one is in cents, one is no file."""
    shop.deliver(TRAINED, LAST - 1)
    orders, returns = shop.world.orders, shop.world.returns

    late = put(shop.landing, "orders", day(CORRECTED), _dearer(orders(day(CORRECTED))), _again())
    arrives(late, arrival("orders", day(CORRECTED + 3)))
    other = [{**row, "returned": "true"} for row in returns(day(CORRECTED))]
    late = put(shop.landing, "returns", day(CORRECTED), written(other), _again())
    arrives(late, arrival("returns", day(CORRECTED + 2)))
    first, *others = orders(day(HELD))
    put(shop.landing, "orders", day(HELD), written([*others, {**first, "items": "99"}]))
    cents = [{**row, "amount": f"{float(row['amount']) * 100:.0f}"} for row in orders(day(CENTS))]
    put(shop.landing, "orders", day(CENTS), written(cents))
    put(shop.landing, "orders", day(BROKEN), b"")


def _again() -> str:
    return f"{day(CORRECTED)}.r2.csv.gz"


def _dearer(rows: list[dict[str, str]]) -> bytes:
    return written([{**row, "amount": f"{float(row['amount']) * 1.5:.2f}"} for row in rows])


def play(order: Order = "oldest first", workers: int = 1) -> Backfilled:
    done: Backfilled = backfill(*NIGHTS, STEPS, order, NAME, workers)
    return done


def contents(shop: Installation) -> Contents:
    """Every row of the lake, of quarantine and of what lies by the log, and the ledger's.

    All columns; of paths what lies below the home.
    """
    lakes = folder(shop.settings.lake) / NAME, folder(shop.settings.log) / NAME
    found: Contents = {
        table.name: sorted(map(repr, Lake(lake).table(table.name).read().to_pylist()))
        for lake in lakes
        for table in sorted(lake.glob("*"))
    }
    with closing(sqlite3.connect(shop.home / "ledger.db")) as connection:
        for table in ("admissions", "performances", "readings"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            found[table] = sorted(repr(row).replace(str(shop.home), "home") for row in rows)
    return found


def assert_same(shop: Installation, reference: Installation) -> None:
    """Table by table, so that a difference is told where it is."""
    ours, theirs = contents(shop), contents(reference)
    assert ours.keys() == theirs.keys()
    for table, rows in ours.items():
        assert rows == theirs[table], table


def test_the_nights_have_everything_in_them(_played: Installation) -> None:
    """Two deliveries of a day, held rows, and verdicts that hang on the partition before."""
    codes = [each.code for each in _played.stores.ledger.admissions(NAME)]
    assert codes.count("unit_change") == codes.count("empty_file") == 1
    found = contents(_played)
    assert len(found["_quarantine"]) == 1
    assert len(found["predictions"]) == 6 * 70 - 1
    assert len(found["performances"]) == LAST - FIRST + 1


@pytest.mark.parametrize(
    ("order", "workers"), [("newest first", 1), ("oldest first", 2), ("newest first", 2)]
)
def test_order_and_number_change_nothing(
    order: Order, workers: int, arrived: Installation, _played: Installation
) -> None:
    """Newest first or oldest first, by one or by two: not a row is another."""
    play(order, workers)
    assert_same(arrived, _played)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment_and_run_again(
    workers: int, arrived: Installation, _played: Installation
) -> None:
    """Not a row is another, however often it was killed, and nothing is done twice."""
    chance, killed = random.Random(workers), 0
    for _ in range(6):
        seconds = chance.uniform(0.5, 6)
        order = chance.choice(["oldest first", "newest first"])
        playing = elsewhere(seconds, NIGHTS, order, workers, STEPS)
        _, said = playing.communicate(timeout=300)
        assert playing.returncode in (0, -signal.SIGKILL), said.decode()[-2000:]
        killed += playing.returncode != 0
    assert killed >= 2
    play(workers=workers)
    assert_same(arrived, _played)
    assert all(night.is_idle for night in play(workers=workers).nights)


def test_a_night_that_failed_is_told_and_played_later(
    arrived: Installation, _played: Installation
) -> None:
    """Scores that nobody could give are given when somebody can."""
    with arrived.without_models(), pytest.raises(NightsFailed) as failure:
        backfill(*NIGHTS, ("ingest", "score"), "oldest first", NAME, 2)
    failed = failure.value.backfilled.failed
    assert len(failed) == 6
    assert {each.error.partition(":")[0] for each in failed} == {"score"}
    play()
    assert_same(arrived, _played)
