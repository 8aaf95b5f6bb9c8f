"""A shop with a past: two champions, a corrected day, held rows, a file that was refused."""

from collections.abc import Sequence
from datetime import date

import pytest

from config.settings import Settings
from tasks.ledger.probations import Ending, Probation
from tasks.records import Interval
from tests.conftest import LATE
from tests.installation import Installation, Templates, copied
from tests.shop import NAME, day, night, written

CORRECTED = day(25)
"""The day whose orders were delivered again after they had been answered."""

ODD = 7
"""The order of that day, counted from 0, that was another one then."""

HELD = day(LATE + 1)
"""The day with two orders of too many items; one of them was released."""

REFUSED = day(LATE + 2)
"""The day whose orders were refused first."""

GONE = day(20)
"""The day whose orders are not in landing any more."""

WAITING = day(LATE + 3)
"""The day whose files nobody has looked at yet."""

END = night(day(LATE + 4))


PROBATION = Probation(
    pipeline=NAME,
    sequence=2,
    version=2,
    replaced=1,
    as_of=night(day(LATE + 2)),
    first_day=day(LATE),
    last_day=day(LATE + 1),
    rows=140,
    promised=Interval(0.1, 0.05, 0.15),
    delivered=Interval(0.09, 0.01, 0.17),
    ending=Ending.PASSED,
    reason="v2 leads v1 by 0.09",
)


@pytest.fixture(scope="session")
def _eventful(templates: Templates, _renewed: Installation) -> Installation:
    # Here: named on the command line, this file is imported before Prefect's environment is set.
    from flows.ingest import ingest
    from flows.release import release
    from flows.score import score
    from flows.watch import watch

    def live(shop: Installation) -> None:
        shop.deliver(LATE, LATE + 1)
        orders = shop.world.orders(HELD)
        many = [{**each, "items": "99"} for each in orders[:2]]
        shop.put("orders", HELD, written([*many, *orders[2:]]))
        ingest(NAME, night(day(LATE + 2)))
        score(NAME, night(day(LATE + 2)))
        watch(NAME, night(day(LATE + 2)))
        shop.stores.ledger.probation(PROBATION)
        orders = shop.world.orders(CORRECTED)
        orders[ODD]["amount"] = "499.0"
        shop.put("orders", CORRECTED, written(orders), f"{CORRECTED}.r2.csv")
        shop.put("orders", REFUSED, b"order_id\n1\n")
        assert len(ingest(NAME, night(day(LATE + 3))).refused) == 1
        shop.put("orders", REFUSED, written(shop.world.orders(REFUSED)), f"{REFUSED}.r2.csv")
        ingest(NAME, END)
        assert release("orders", HELD.isoformat(), [0], NAME, END).rows == 1
        (shop.landing / NAME / "orders" / f"{GONE}.csv.gz").unlink()
        shop.deliver(LATE + 3, LATE + 3)

    return templates.lived("eventful", live, _renewed)


@pytest.fixture(scope="session")
def shop(_eventful: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The shop with a past, to be looked at and not changed."""
    return copied(_eventful, tmp_path_factory.mktemp("eventful") / "home")


@pytest.fixture
def own(_eventful: Installation, settings: Settings) -> Installation:
    """The same in a home of the test's own, to be changed."""
    return copied(_eventful, settings.home)


def of_day(shop: Installation, asked: date) -> Sequence[str]:
    """The ids of the predictions of a day, in the order of their questions."""
    rows = shop.stores.log.read(asked, asked)
    return [*rows.sort_values("order_id")["prediction_id"]]
