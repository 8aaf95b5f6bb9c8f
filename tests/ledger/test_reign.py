"""Whose reign it is, since when, and who may play which day."""

from dataclasses import replace
from datetime import date, timedelta

from tasks.ledger.ledger import Ledger
from tasks.ledger.reign import Reign, Rival, reign
from tasks.records import Check, Kind, Severity, Status
from tests.ledger.conftest import entry, promote, roll_back

DAY = date(2013, 4, 1)


def refuse(ledger: Ledger, version: int, day: date = DAY, *checks: Check) -> None:
    """A refusal that names the last day its challenger could have seen, and its usual lead."""
    made = entry(ledger, Kind.REFUSED, version, ledger.champion("flights"))
    evidence = {"scale": 0.02, "snapshot": {"last_day": day.isoformat()}, "checks": checks}
    ledger.decide(replace(made, evidence=evidence))


def now(ledger: Ledger) -> Reign | None:
    return reign(ledger.decisions("flights"))


def test_nobody_reigns_before_the_first_promotion(ledger: Ledger) -> None:
    """Without a champion there is no reign."""
    assert now(ledger) is None


def test_a_reign_begins_with_the_decision_that_made_the_champion(ledger: Ledger) -> None:
    """Refusals leave it as it is; a promotion and a rollback begin another, without rivals."""
    promote(ledger, 1)
    refuse(ledger, 2)
    refuse(ledger, 3, DAY + timedelta(days=1))
    assert now(ledger) == Reign(
        1, 1, (Rival(2, DAY, 0.02), Rival(3, DAY + timedelta(days=1), 0.02))
    )
    promote(ledger, 4)
    assert now(ledger) == Reign(4, 4, ())
    roll_back(ledger, 4, 1)
    assert now(ledger) == Reign(1, 5, ())


def test_who_leaks_or_fails_a_floor_may_not_bet(ledger: Ledger) -> None:
    """Only what the comparison itself left open, or the pace held up, makes a rival."""
    promote(ledger, 1)
    failed = Check("floor:roc_auc", "Floor", Status.FAIL, "roc_auc .55")
    told = replace(failed, code="weak", severity=Severity.WARNING)
    unshown = Check("wealth", "Evidence over nights", Status.NO_EVIDENCE, "wealth 3 of 20")
    refuse(ledger, 2, DAY, failed, unshown)
    refuse(ledger, 3, DAY, told, unshown, replace(failed, code="pace"))
    found = now(ledger)
    assert found is not None
    assert [rival.version for rival in found.rivals] == [3]


def test_a_day_is_played_by_the_newest_who_had_not_seen_it() -> None:
    """Rivals who are nobody's newest are not asked for; days played before are left alone."""
    week = [DAY + timedelta(days=n) for n in range(7)]
    two, three, four = (
        Rival(n, DAY + timedelta(days=d), 0.02) for n, d in ((2, 0), (3, 3), (4, 3))
    )
    reigning = Reign(1, 1, (two, three, four))
    assert reigning.needed(week, None) == [two, four]
    assert reigning.needed(week, DAY + timedelta(days=3)) == [four]
    assert reigning.needed([DAY], None) == []
    assert reigning.needed([], None) == []
