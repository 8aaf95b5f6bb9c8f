"""Every flow is run twice: the second run finds its work done and changes nothing."""

import pytest
from mlflow.tracking import MlflowClient

from flows.ingest import ingest
from flows.nightly import nightly
from flows.release import release
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from flows.watch import watch
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import NAME, day, night, written


def test_ingest_twice(empty: Installation) -> None:
    """Deliveries that were admitted once are not looked at again."""
    empty.deliver(1, 3)
    assert len(ingest(NAME, night(day(5))).admissions) == 6
    before = empty.state()
    assert ingest(NAME, night(day(5))).admissions == ()
    assert empty.state() == before


def test_score_twice(trained: Installation) -> None:
    """A question that has its answer gets no other."""
    trained.deliver(19, 20)
    ingest(NAME, night(day(21)))
    assert score(NAME, night(day(21))).rows == 140
    before = trained.state()
    assert score(NAME, night(day(21))).rows == 0
    assert trained.state() == before


def test_score_after_a_correction(trained: Installation) -> None:
    """A question that took the place of one that was answered is answered too, and only once."""
    trained.deliver(19, 19)
    ingest(NAME, night(day(20)))
    assert score(NAME, night(day(20))).rows == 70
    rows = trained.world.orders(day(19))
    rows[4]["order_id"] = "2024-01-19-999"
    trained.put("orders", day(19), written(rows), name="2024-01-19.r2.csv")
    assert len(ingest(NAME, night(day(21))).admissions) == 1
    assert score(NAME, night(day(21))).rows == 1
    assert "2024-01-19-999" in set(trained.answers()["order_id"])
    assert score(NAME, night(day(22))).rows == 0


def test_watch_twice(turned: Installation) -> None:
    """A moment is measured once: one row, one intent, one report; telling it again is no news."""
    first = watch(NAME, night(day(34)))
    assert (first.performance.dropped, first.news) == (True, True)
    before = turned.state()
    again = watch(NAME, night(day(34)))
    assert (again.performance, again.drift, again.news) == (first.performance, None, False)
    assert turned.state() == before


def test_retrain_twice(trained: Installation) -> None:
    """The same rows, moment, configuration and code are the same attempt, decided once."""
    before = trained.state()
    again = retrain(NAME, night(day(19)), "first champion")
    assert (again.news, decided(again).version) == (False, 1)
    assert trained.state() == before


def test_documents_are_written_once(renewed: Installation) -> None:
    """Page and card of a judged version say who decided, and are kept with its run."""
    reports, version = renewed.settings.reports / NAME, renewed.stores.ledger.version(NAME, 2)
    shown = {path.relative_to(reports).as_posix() for path in reports.glob("c*/*")}
    assert {f"comparisons/v{n}.html" for n in (1, 2)} <= shown
    assert {f"cards/v{n}.{kind}" for n in (1, 2) for kind in ("md", "html")} <= shown
    card = (reports / "cards" / "v2.md").read_text()
    assert "promoted" in card
    assert ">v2" in (reports / "comparisons" / "v2.html").read_text()
    run = MlflowClient(renewed.settings.tracking_uri).list_artifacts(version.run_id, "documents")
    assert {each.path for each in run} == {
        f"documents/{name}" for name in ("card.html", "card.md", "comparison.html")
    }


def test_a_quiet_night_twice(trained: Installation) -> None:
    """A night in which nothing was due leaves nothing to do."""
    trained.deliver(19, 19)
    first = nightly(NAME, night(day(20)))
    assert (first.due.wanted, first.scored.rows) == (False, 70)
    before = trained.state()
    again = nightly(NAME, night(day(20)))
    assert (again.ingested.admissions, again.scored.rows, again.retrained) == ((), 0, None)
    assert trained.state() == before


def test_a_night_that_promoted_twice(turned: Installation) -> None:
    """A night that retrained and promoted finds a fresh champion the second time."""
    first = nightly(NAME, night(day(34))).retrained
    assert decided(first).champion == 2
    before = turned.state()
    assert nightly(NAME, night(day(34))).retrained is None
    assert turned.state() == before


@pytest.mark.slow
def test_a_night_that_refused_twice(turned: Installation) -> None:
    """A night whose challenger was refused may ask again, and gets the decision it had taken."""
    turned.define({"gate": {"floors": {"roc_auc": 0.999}}})
    first = decided(nightly(NAME, night(day(34))).retrained)
    assert first.champion == 1
    before = turned.state()
    again = nightly(NAME, night(day(34))).retrained
    assert again is None or (again.news, again.decision) == (False, first)
    assert turned.state() == before


def test_rollback_twice(renewed: Installation) -> None:
    """The same request is the same rollback."""
    first = rollback(NAME, night(day(35)))
    before = renewed.state()
    assert rollback(NAME, night(day(35))) == first
    assert renewed.state() == before


def test_release_twice(trained: Installation) -> None:
    """A row is released once, and keeps the moment from which it is known."""
    rows = trained.world.orders(day(19))
    rows[4]["items"] = "0"
    trained.put("orders", day(19), written(rows))
    ingest(NAME, night(day(20)))
    assert release("orders", "2024-01-19", pipeline=NAME, as_of=night(day(20))).rows == 1
    before = trained.state()
    assert release("orders", "2024-01-19", pipeline=NAME, as_of=night(day(20))).rows == 0
    assert trained.state() == before
