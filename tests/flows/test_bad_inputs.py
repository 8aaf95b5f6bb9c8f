"""Bad input through the real flow: a clear message, nothing lost, and the champion serves on."""

import io
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.ingest import ingest
from flows.score import score
from flows.watch import watch
from tasks.records import Outcome
from tests.installation import Installation
from tests.quality.bad_inputs import Case
from tests.shop import NAME, Row, Shop, arrives, day, night, written

DAY = "2024-01-20"
ORDERS = Shop().orders(day(20))
CSV, PARQUET = f"{DAY}.csv", f"{DAY}.parquet"

Bytes = Callable[[], bytes]


def one(**cells: str) -> Bytes:
    """The day with its fourth order changed."""
    return lambda: written([*ORDERS[:3], ORDERS[3] | cells, *ORDERS[4:]])


def every(**cells: str) -> Bytes:
    """The day with every order changed."""
    return lambda: written([order | cells for order in ORDERS])


def changed(change: Callable[[Row], Mapping[str, str]]) -> Bytes:
    """The day with every order changed in its own way."""
    return lambda: written([change(order) for order in ORDERS])


def parquet() -> bytes:
    """The day with its types."""
    texts = {name: pa.array([order[name] for order in ORDERS]) for name in ORDERS[0]}
    types = {
        "order_date": pa.date32(),
        "ordered_at": pa.timestamp("us", "UTC"),
        "amount": pa.float64(),
        "items": pa.int64(),
        "known_at": pa.timestamp("us", "UTC"),
    }
    file = io.BytesIO()
    pq.write_table(pa.table(texts | {n: texts[n].cast(t) for n, t in types.items()}), file)
    return file.getvalue()


REFUSED = [
    Case("empty-file", lambda: b"", "empty_file", ("0 bytes",)),
    Case("header-only", lambda: written(ORDERS).splitlines(True)[0], "no_rows", ("0 rows",)),
    Case("truncated-parquet", lambda: parquet()[:-200], "truncated", ("Parquet",), name=PARQUET),
    Case("wrong-delimiter", lambda: written(ORDERS, ";"), "columns_mismatch", ("semicolons",)),
    Case("missing-column", changed(lambda o: {n: c for n, c in o.items() if n != "amount"}),
         "columns_mismatch", ("1 of 8 columns missing: 'amount'",)),
    Case("extra-column", changed(lambda o: o | {"colour": "red"}), "columns_mismatch",
         ("1 of 9 columns not declared: 'colour'", "extra_columns")),
    Case("renamed-column", changed(lambda o: {n.replace("amount", "amuont"): c
                                              for n, c in o.items()}),
         "columns_mismatch", ("rename 'amuont' to 'amount'",)),
    Case("text-in-every-number", every(amount="cheap"), "type_error",
         ("70 of 70", "row 0, amount = 'cheap'")),
    Case("duplicated-keys", lambda: written([*ORDERS, *ORDERS[:20]]), "too_many_held",
         ("20 of 90", "duplicate_row 20")),
    Case("naive-timestamps", changed(lambda o: o | {"ordered_at": o["ordered_at"][:-1]}),
         "naive_timestamp", ("70 of 70", "ordered_at", "offset")),
    Case("future-timestamps", every(known_at="2024-01-25T00:00:00Z"), "known_in_future",
         ("70 of 70", "row 0, known_at = '2024-01-25T00:00:00Z'")),
    Case("unknown-categories", every(category="food"), "expectation",
         ("in_set:category", "70 of 70", "'food'")),
    Case("thousandfold", changed(lambda o: o | {"amount": str(float(o["amount"]) * 1000)}),
         "unit_change", ("1000 times", "2024-01-19", "row 0, amount")),
    Case("another-day", lambda: written(Shop().orders(day(19))), "partition_mismatch",
         ("70 of 70", "row 0, order_date = '2024-01-19'")),
    Case("error-page", lambda: b"<html>503 Service Unavailable</html>", "not_csv", ("HTML",)),
]  # fmt: skip

ADMITTED = [
    Case("text-in-a-number", one(items="three"), kept=69, held=("type:items",)),
    Case("repeated-row", lambda: written([*ORDERS, ORDERS[5]]), kept=70, held=("duplicate_row",)),
    Case("conflicting-key", lambda: written([*ORDERS, ORDERS[5] | {"items": "9"}]), kept=69,
         held=("conflicting_key", "conflicting_key")),
    Case("known-in-future", one(known_at="2024-01-25T00:00:00Z"), kept=69,
         held=("known_in_future",)),
    Case("infinite-amount", one(amount="inf"), kept=69, held=("not_finite:amount",)),
    Case("unknown-category", one(category="food"), kept=70, warns="1 of 70 rows"),
    Case("typed", parquet, kept=70, name=PARQUET),
]  # fmt: skip


def put(shop: Installation, case: Case) -> str:
    """Let the case arrive as the orders of day 20; the file's name."""
    name = PARQUET if case.name == PARQUET else CSV
    shop.put("orders", day(20), case.build(), name)
    return name


def assert_champion_serves(shop: Installation, new_answers: int) -> None:
    """Scoring works, what was answered stays, and answers computed anew are the same bits."""
    before = shop.answers()
    assert score(NAME, night(day(21))).rows == new_answers
    kept = shop.answers()
    assert kept[kept["day"] == "2024-01-19"].reset_index(drop=True).equals(before)
    anew = shop.stores.scorer.answers(day(19), night(day(21)))
    anew = anew.sort_values("prediction_id", ignore_index=True)
    assert anew["probability"].equals(before["probability"])
    assert shop.stores.registry.pointed(NAME) == shop.stores.ledger.champion(NAME) == 1


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_refused_delivery_loses_nothing(case: Case, serving: Installation) -> None:
    """File and fault are named, lake and landing are untouched, twice the same, and we serve."""
    name = put(serving, case)
    before = serving.state()
    (admission,) = ingest(NAME, night(day(21))).admissions
    assert (admission.outcome, admission.code) == (Outcome.REFUSED, case.code), admission.message
    for part in ("orders", name, *case.says):
        assert part in admission.message
    assert (admission.rows, admission.held, admission.table_version) == (0, 0, None)
    after = serving.state()
    assert {n: after[n] for n in ("tables", "landing", "mlflow")} == {
        n: before[n] for n in ("tables", "landing", "mlflow")
    }
    assert serving.stores.ledger.admissions(NAME)[-1] == admission
    assert_champion_serves(serving, new_answers=0)

    assert ingest(NAME, night(day(21))).admissions == ()
    serving.define({"title": "Judged again, by another configuration"})
    (again,) = ingest(NAME, night(day(21))).admissions
    assert (again.code, again.message) == (admission.code, admission.message)
    assert serving.state()["tables"] == after["tables"]


@pytest.mark.parametrize("case", ADMITTED, ids=lambda case: case.id)
def test_rows_kept_and_rows_held_are_the_rows_delivered(case: Case, serving: Installation) -> None:
    """Good rows are answered, bad ones wait with their reason, and none is lost."""
    put(serving, case)
    (admission,) = ingest(NAME, night(day(21))).admissions
    assert admission.outcome is Outcome.ACCEPTED, admission.message
    assert (admission.rows, admission.held) == (case.kept, len(case.held))
    held = serving.stores.quarantine.held("orders", DAY)
    assert tuple(reason for each in held for reason in each.reasons) == case.held
    assert case.warns in " ".join(admission.warnings)
    assert_champion_serves(serving, new_answers=case.kept)

    before = serving.state()
    serving.define({"title": "An accepted delivery is not judged again"})
    assert ingest(NAME, night(day(21))).admissions == ()
    assert serving.state() == before


def test_a_bad_correction_leaves_the_day_as_it_was(serving: Installation) -> None:
    """A refused correction does not touch the partition that it would have replaced."""
    serving.deliver(20, 20)
    ingest(NAME, night(day(21)))
    rows = serving.stores.lake.table("orders").read()
    thousandfold = [o | {"amount": str(float(o["amount"]) * 1000)} for o in ORDERS]
    late = serving.put("orders", day(20), written(thousandfold), f"{DAY}.r2.csv")
    arrives(late, night(day(21)))
    (admission,) = ingest(NAME, night(day(22))).refused
    assert admission.code == "unit_change"
    assert serving.stores.lake.table("orders").read() == rows


def test_a_file_delivered_twice_is_one_delivery(serving: Installation) -> None:
    """The same bytes under another name are recognised, and change nothing."""
    serving.put("orders", day(20), written(ORDERS), CSV)
    ingest(NAME, night(day(21)))
    before = serving.state()
    serving.put("orders", day(20), written(ORDERS), f"{DAY}.r2.csv")
    assert ingest(NAME, night(day(21))).admissions == ()
    after = serving.state()
    assert {n: after[n] for n in after if n != "landing"} == {
        n: before[n] for n in before if n != "landing"
    }


def test_a_good_file_after_a_refused_one_is_the_day(serving: Installation) -> None:
    """The sender mends the file under the same name: it is judged anew, and answered."""
    serving.put("orders", day(20), b"", CSV)
    ingest(NAME, night(day(21)))
    serving.put("orders", day(20), written(ORDERS), CSV)
    (admission,) = ingest(NAME, night(day(21))).admissions
    assert (admission.outcome, admission.rows) == (Outcome.ACCEPTED, 70)
    assert_champion_serves(serving, new_answers=70)


def test_a_day_with_one_class_only(serving: Installation) -> None:
    """Nothing came back that day: admitted, the metric is undefined, and that is no drop."""
    kept = [row | {"returned": "false"} for row in serving.world.returns(day(20))]
    serving.put("orders", day(20), written(ORDERS), CSV)
    serving.put("returns", day(20), written(kept))
    assert not ingest(NAME, night(day(21))).refused
    told = watch(NAME, night(day(21)))
    assert "undefined" in told.performance.reason
    assert not told.performance.dropped
    assert serving.stores.ledger.intents(NAME) == []
    assert_champion_serves(serving, new_answers=70)


def test_yesterdays_file_under_todays_name_is_refused(serving: Installation) -> None:
    """Bytes that were accepted for one day are no delivery of another: it is told, not skipped."""
    yesterday = serving.landing / NAME / "orders" / f"{day(19)}.csv.gz"
    path = yesterday.with_name(f"{DAY}.csv.gz")
    path.write_bytes(yesterday.read_bytes())
    arrives(path, night(day(21)))
    (refused,) = ingest(NAME, night(day(21))).refused
    assert refused.code == "partition_mismatch"
    assert f"orders {DAY}.csv.gz" in refused.message
    assert_champion_serves(serving, new_answers=0)
