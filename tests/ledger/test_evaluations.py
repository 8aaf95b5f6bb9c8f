"""Why a retrain was, or was not, asked for: kept once, and told in words."""

from datetime import UTC, timedelta, timezone

from tasks.ledger.evaluations import told
from tasks.ledger.ledger import Ledger
from tasks.signs import Evaluation, Route, Why
from tests.ledger.conftest import night

EVIDENCE: dict[str, object] = {
    "triggers": [{"trigger": "drop", "why": Why.DROPPED.value, "reason": "roc_auc 0.61"}],
    "routed": "worse than estimated",
    "inequality": "12 EUR lost > 5 EUR of a retrain",
}


def answer(number: int, why: Why = Why.COOLING_DOWN) -> Evaluation:
    return Evaluation(
        pipeline="flights",
        as_of=night(number),
        wanted=False,
        why=why,
        reason="performance dropped, but cooling down until 2013-03-20",
        cause="performance-dropped:v1:after-1",
        route=Route.CONCEPT,
        evidence=EVIDENCE,
    )


def test_kept_once(ledger: Ledger) -> None:
    """Evaluations read back whole and oldest first; the first answer of a moment stands."""
    assert ledger.keep_evaluation(answer(2))
    assert ledger.keep_evaluation(answer(1, Why.UNDEFINED))
    assert not ledger.keep_evaluation(answer(2, Why.HOLDS))
    assert ledger.evaluations("flights") == [answer(1, Why.UNDEFINED), answer(2)]
    assert ledger.evaluations("bikes") == []


def test_every_reason_can_be_kept(ledger: Ledger) -> None:
    """Each of the closed set of reasons comes back as itself."""
    for number, why in enumerate(Why):
        ledger.keep_evaluation(answer(number, why))
    assert [each.why for each in ledger.evaluations("flights")] == list(Why)


def test_told() -> None:
    """The answer with its reason in the pipeline's time; then triggers, route and money."""
    assert told(answer(1), timezone(timedelta(hours=-5))) == [
        "2013-03-16 02:00: no retrain (cooling down after a retrain): performance dropped, but "
        "cooling down until 2013-03-20",
        "  trigger drop (performance dropped): roc_auc 0.61",
        "  route (concept drift): worse than estimated",
        "  money: 12 EUR lost > 5 EUR of a retrain",
    ]


def test_nothing_more_to_tell() -> None:
    """Without triggers, a route or costs there is one line."""
    bare = Evaluation("flights", night(1), True, Why.OLD, "champion is 28 days old")
    assert told(bare, UTC) == [
        "2013-03-16 07:00: retrain asked for (champion too old): champion is 28 days old"
    ]
