"""Bad input gets a clear message and loses nothing; odd but good input gets in."""

from dataclasses import replace

import pytest

from tasks.quality.admission import Desk
from tasks.records import Outcome
from tests.quality.bad_inputs import CASES, Case
from tests.quality.orders import TODAY, deliver

REFUSED = [case for case in CASES if case.code]
ADMITTED = [case for case in CASES if not case.code]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refused_delivery_is_named_and_changes_nothing(case: Case, shop: Desk) -> None:
    """The message names file and fault, the lake and quarantine are untouched, twice the same."""
    before = shop.lake.table("orders").read()
    delivery = deliver(shop, case.build(), case.name)
    admission = shop.admit(delivery)
    assert (admission.outcome, admission.code) == (Outcome.REFUSED, case.code), admission.message
    for fragment in ("orders", case.name, *case.says):
        assert fragment in admission.message
    assert (admission.rows, admission.held, admission.table_version) == (0, 0, None)
    assert shop.lake.table("orders").version() == 1
    assert shop.lake.table("orders").read() == before
    assert shop.quarantine.held() == []
    assert shop.admit(delivery) == admission


@pytest.mark.parametrize("case", ADMITTED, ids=lambda case: case.id)
def test_an_admitted_delivery_keeps_or_holds_every_row(case: Case, shop: Desk) -> None:
    """Rows kept and rows held with their reasons are the rows delivered, twice the same."""
    delivery = deliver(shop, case.build(), case.name)
    admission = shop.admit(delivery)
    assert admission.outcome is Outcome.ACCEPTED, admission.message
    assert (admission.rows, admission.held) == (case.kept, len(case.held))
    held = shop.quarantine.held("orders", TODAY)
    assert tuple(reason for each in held for reason in each.reasons) == case.held
    assert {each.delivery for each in held} <= {delivery.sha256}
    assert case.warns in " ".join(admission.warnings)
    kept = shop.lake.table("orders").read()
    assert (
        kept.filter([day == TODAY for day in kept["_partition"].to_pylist()]).num_rows == case.kept
    )
    again = shop.admit(delivery)
    assert replace(again, table_version=admission.table_version) == admission
    assert shop.lake.table("orders").read() == kept
    assert shop.quarantine.held("orders", TODAY) == held
