"""A shop that measured, and whose labels of a day were corrected afterwards."""

from datetime import datetime

from flows.ingest import ingest
from flows.watch import watch
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, Row, day, night, written

OF = day(30)
"""The day whose file of returns was wrong about one store."""

NAMED = f"returns/{OF}"
STORE = "south"
AGAIN = night(day(LATE + 1))
"""The night in which the correction came."""

LATER = night(day(LATE + 2))
FIRST, LAST = day(LATE - 14), day(LATE + 2)


def correct(shop: Installation) -> None:
    """Measure in the night of `LATE`; in the next, all returns of one store are corrected."""
    watch(NAME, night(day(LATE)))
    redeliver(shop, corrected(shop))


def redeliver(
    shop: Installation, rows: list[Row], name: str = "r2", as_of: datetime = AGAIN
) -> None:
    """Deliver the returns of `OF` again, and admit them."""
    shop.put("returns", OF, written(rows), f"{OF}.{name}.csv")
    admitted = ingest(NAME, as_of)
    assert not admitted.refused, admitted.refused
    assert len(admitted.admissions) == 1


def corrected(shop: Installation) -> list[Row]:
    """The day's returns as they should have been: the other way round for one store."""
    sold = [each for n in (OF.day - 1, OF.day) for each in shop.world.orders(day(n))]
    stores = {each["order_id"]: each["store"] for each in sold}
    return [
        row | {"returned": "false" if row["returned"] == "true" else "true"}
        if stores[row["order_id"]] == STORE
        else row
        for row in shop.world.returns(OF)
    ]
