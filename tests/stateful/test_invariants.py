"""The checkers see what is wrong: each is shown a shop that somebody tampered with."""

from collections.abc import Callable, Iterable
from datetime import date
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from config.settings import Settings
from tasks.data.lake import LakeTable, Read
from tests.installation import Installation, copied
from tests.shop import NAME, day, night
from tests.stateful import invariants, replays, rows
from tests.stateful.world import TODAY

pytestmark = pytest.mark.slow

LAST = day(TODAY - 1)
"""The last day of which everything has arrived."""

Checker = Callable[[Installation], Iterable[str]]
Sabotage = Callable[[Installation], None]


@pytest.fixture
def small(settings: Settings, _small: Installation) -> Installation:
    """The small shop; what is broken about it in a test is put right for the look at leaks."""
    return copied(_small, settings.home)


def rewritten(table: LakeTable, of: date, change: Callable[[pa.Table], pa.Table]) -> None:
    """Another content for a partition, under the name of the delivery that it was made from."""
    found = table.read(Read(first=of.isoformat(), last=of.isoformat()))
    delivery = found["_delivery"][0].as_py()
    table.replace_partition(of.isoformat(), change(found), delivery)


def a_row_twice(shop: Installation) -> None:
    """The first order of the last day is there once more."""
    orders = shop.stores.lake.table("orders")
    rewritten(orders, LAST, lambda found: pa.concat_tables([found, found.slice(0, 1)]))


def a_row_lost(shop: Installation) -> None:
    """All but the first are there."""
    rewritten(shop.stores.lake.table("orders"), LAST, lambda found: found.slice(1))


def a_cell_changed(shop: Installation) -> None:
    """Everything costs one more."""
    position = 3

    def dearer(found: pa.Table) -> pa.Table:
        assert found.column_names[position] == "amount"
        return found.set_column(position, "amount", pc.add(found["amount"], 1.0))

    rewritten(shop.stores.lake.table("orders"), LAST, dearer)


def a_lost_answer(shop: Installation) -> None:
    """All but the first were answered."""
    rewritten(shop.stores.log.table, LAST, lambda found: found.slice(1))


def a_rounded_answer(shop: Installation) -> None:
    """Answers are right to nine digits."""

    def rounded(found: pa.Table) -> pa.Table:
        position = found.column_names.index("probability")
        return found.set_column(position, "probability", pc.round(found["probability"], 9))

    rewritten(shop.stores.log.table, LAST, rounded)


def another_model(shop: Installation) -> None:
    """A byte more in the champion's file in the registry; the local copy is as it was."""
    version = shop.stores.ledger.version(NAME, 2)
    digest = version.manifest["model.skops"]
    for path in (shop.home / "mlartifacts").rglob("model.skops"):
        if digest == sha256(path.read_bytes()).hexdigest():
            path.write_bytes(path.read_bytes() + b"\0")


def an_alias_moved(shop: Installation) -> None:
    """Somebody clicked."""
    shop.stores.registry.point(NAME, 1)


def forged(statement: str) -> Sabotage:
    """Somebody knows SQL."""
    return lambda shop: shop.forge(statement)


def known(checker: Callable[..., Iterable[str]]) -> Checker:
    """What a checker says of the night up to which the shop has lived."""
    return lambda shop: checker(shop, night(day(TODAY)))


CASES: dict[str, tuple[Sabotage, Checker, str]] = {
    "a row twice": (a_row_twice, rows.rows_astray, "is 2 times in the lake"),
    "a row lost": (a_row_lost, rows.rows_astray, "row 0 is nowhere"),
    "a cell changed": (a_cell_changed, rows.rows_astray, "delivered as"),
    "an answer lost": (a_lost_answer, known(invariants.unanswered), "has no answer"),
    "answers rounded": (a_rounded_answer, replays.predictions, "probability"),
    "another model": (another_model, invariants.serving, "serves and does not load"),
    "an alias moved": (an_alias_moved, invariants.alias, "the alias names 1"),
    "another reason": (
        forged("UPDATE decisions SET reason = 'it was better' WHERE sequence = 2"),
        invariants.chain,
        "decision 2",
    ),
    "no verdict": (
        forged(
            "UPDATE decisions SET evidence = replace(evidence, '\"PROMOTE\"', '\"KEEP\"') "
            "WHERE sequence = 2"
        ),
        invariants.champions,
        "decision 2 promoted v2 on KEEP",
    ),
    "other rows": (
        forged("UPDATE decisions SET evidence = replace(evidence, 'digest\":\"', 'digest\":\"0')"),
        replays.snapshots,
        "the snapshot was 0",
    ),
}


@pytest.mark.parametrize(("sabotage", "checker", "says"), CASES.values(), ids=CASES)
def test_each_is_told(sabotage: Sabotage, checker: Checker, says: str, small: Installation) -> None:
    """Nothing is wrong before, and exactly that is told after."""
    assert list(checker(small)) == []
    sabotage(small)
    assert says in "\n".join(checker(small))
    small.stores.repair_alias()


def test_nothing_is_wrong(small: Installation) -> None:
    """All of them together have nothing to say about a shop that was left alone."""
    assert invariants.broken(small) == []
