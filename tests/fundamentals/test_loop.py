"""The loop, told in ten tests. Read from top to bottom."""

from datetime import timedelta

import pytest

from flows.ingest import ingest
from flows.nightly import nightly
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from flows.watch import watch
from tasks.data.lake import Read
from tasks.errors import Leakage
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import LEAKING_FEATURES, NAME, arrives, day, night, written

MORNING = night(day(20))
"""The night of day 20: it knows the orders of day 19 and what came back by then."""

LATER = night(day(34))
"""Two weeks after the customers of `turned` have changed."""


def test_a_delivery_is_one_partition_of_one_table(empty: Installation) -> None:
    """What arrives is admitted once, row by row, and every row says when it became known."""
    empty.deliver(1, 1)
    orders, returns = ingest(NAME, night(day(2))).admissions
    assert (orders.delivery.table, orders.delivery.partition) == ("orders", "2024-01-01")
    assert (orders.rows, orders.held) == (70, 0)
    assert returns.delivery.table == "returns"

    rows = empty.stores.lake.table("orders").read()
    assert rows.num_rows == 70
    assert rows["known_at"].null_count == 0
    assert ingest(NAME, night(day(2))).admissions == ()


def test_a_bad_row_is_held_with_its_reason(empty: Installation) -> None:
    """Good rows go on, the bad one waits with a reason, and none is lost."""
    rows = empty.world.orders(day(1))
    rows[7]["items"] = "-3"
    empty.put("orders", day(1), written(rows))
    (admission,) = ingest(NAME, night(day(2))).admissions
    assert (admission.rows, admission.held) == (69, 1)

    (held,) = empty.stores.quarantine.held()
    assert held.reasons == ("expect:column_values_to_be_between:items",)
    assert held.payload["order_id"] == "2024-01-01-007"


def test_a_correction_replaces_the_day_and_history_stays(empty: Installation) -> None:
    """A corrected file takes the place of the day's rows; the first version can still be read."""
    rows = empty.world.orders(day(1))
    empty.put("orders", day(1), written(rows[:60]))
    ingest(NAME, night(day(2)))
    corrected = empty.put("orders", day(1), written(rows), "2024-01-01.r2.csv")
    arrives(corrected, night(day(2)) + timedelta(hours=5))
    ingest(NAME, night(day(3)))

    table = empty.stores.lake.table("orders")
    newest, first = table.history("2024-01-01")
    assert (newest.rows, first.rows) == (70, 60)
    assert table.read().num_rows == 70
    assert table.read(Read(version=first.version)).num_rows == 60


def test_features_see_no_future(trained: Installation) -> None:
    """A query that uses what was known only later is caught, and no model is fitted on it."""
    trained.define(features=LEAKING_FEATURES)
    with pytest.raises(Leakage, match="store_return_share"):
        retrain(NAME, MORNING)


def test_a_champion_is_born(trained: Installation) -> None:
    """The first model to beat every baseline, on days it has not seen, serves."""
    (born,) = trained.stores.ledger.decisions(NAME)
    assert (born.kind, born.version, born.champion) == ("promoted", 1, 1)
    checks = born.evidence["checks"]
    assert isinstance(checks, list)
    verdicts = {check["code"]: check["status"] for check in checks}
    assert verdicts["truncation"] == "pass"
    assert verdicts["baseline:rule"] == verdicts["baseline:dummy"] == "pass"
    assert verdicts["champion"] == "not applicable"
    assert trained.stores.registry.pointed(NAME) == 1


def test_a_worse_challenger_is_refused(trained: Installation) -> None:
    """It is judged on the champion's rows, registered with its evidence, and does not serve."""
    crippled = {"params": {"max_iter": 1, "learning_rate": 0.01, "early_stopping": False}}
    trained.define({"candidates": {"logistic": None, "forest": None, "boosting": crippled}})
    decision = decided(retrain(NAME, night(day(19)), "a smaller model"))
    assert (decision.kind, decision.version, decision.champion) == ("refused", 2, 1)
    assert "a smaller model: KEEP" in decision.reason
    assert trained.stores.ledger.version(NAME, 2).candidate == "boosting"
    assert trained.stores.registry.pointed(NAME) == 1


def test_a_question_is_answered_once_by_the_champion_of_its_moment(renewed: Installation) -> None:
    """Whoever served when it was asked answers, and the answer never changes."""
    renewed.deliver(34, 34)
    ingest(NAME, night(day(35)))
    assert score(NAME, night(day(35))).rows == 70
    assert score(NAME, night(day(35))).rows == 0

    answers = renewed.answers()
    assert answers["prediction_id"].is_unique
    before = answers["asked_at"] < LATER
    assert set(answers[before]["version"]) == {1}
    assert set(answers[~before]["version"]) == {2}


def test_a_drop_retrains(turned: Installation) -> None:
    """Customers change, the champion breaks its promise, and the night finds a better one."""
    assert watch(NAME, LATER).performance.dropped
    decision = decided(nightly(NAME, LATER).retrained)
    assert decision.champion == 2
    assert decision.reason.startswith("performance dropped: roc_auc")


def test_a_rollback_returns_to_the_last_good_champion(renewed: Installation) -> None:
    """One command, rehearsed before it counts, and the earlier version serves again."""
    decision = rollback(NAME, night(day(35)), reason="customers complain")
    assert (decision.version, decision.champion) == (2, 1)
    assert renewed.stores.registry.pointed(NAME) == 1


def test_the_ledger_proves_it(renewed: Installation) -> None:
    """Who served when, and why, is a query; a changed word in the past is noticed."""
    ledger = renewed.stores.ledger
    assert ledger.champion(NAME, night(day(18))) is None
    assert ledger.champion(NAME, MORNING) == 1
    assert ledger.champion(NAME, LATER) == 2
    assert ledger.verify(NAME) == []

    renewed.forge("UPDATE decisions SET reason = 'it was fine' WHERE sequence = 1")
    assert ledger.verify(NAME) != []
