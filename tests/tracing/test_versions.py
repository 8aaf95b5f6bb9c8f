"""A version traced: what was decided about it, what it scored, and when it served."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tasks.errors import Terminal
from tasks.records import Decision, Kind
from tasks.tracing import versions
from tests.conftest import LATE, TRAINED
from tests.installation import Installation
from tests.shop import NAME, day, night
from tests.tracing.conftest import PROBATION


def rows_by_day(shop: Installation, version: int) -> list[tuple[str, int]]:
    """What the prediction log itself counts."""
    answers = shop.answers()
    counted = answers[answers["version"] == version].groupby("day").size()
    return [(str(each), int(rows)) for each, rows in counted.items()]


def test_days_that_a_version_scored(shop: Installation) -> None:
    """Every day of the prediction log with a row of the version, and how many there are."""
    first, second = (versions.version(shop.stores, number) for number in (1, 2))
    for number, found in enumerate((first, second), 1):
        told = [(each.day.isoformat(), each.rows) for each in found.scored]
        assert told == rows_by_day(shop, number)
    assert (first.scored[0].day, first.scored[-1].day) == (day(TRAINED), day(LATE - 1))
    assert [each.day for each in second.scored] == [day(LATE), day(LATE + 1)]


def test_decisions_reigns_and_promise(shop: Installation) -> None:
    """The decision about each, from when to when it served, and what it was recorded with."""
    ledger = shop.stores.ledger
    first, second = (versions.version(shop.stores, number) for number in (1, 2))
    assert first.reigns == (versions.Reign(night(day(TRAINED)), night(day(LATE))),)
    assert second.reigns == (versions.Reign(night(day(LATE)), None),)
    (taken,) = second.decisions
    decision = ledger.decisions(NAME)[1]
    assert (taken.decision, taken.kind, taken.reason) == (2, Kind.PROMOTED, decision.reason)
    assert second.promised == ledger.reference(NAME, 2)
    assert second.origin.judgement is not None
    assert (second.origin.judgement.replaced, second.origin.judgement.approved_by) == (1, "")


def test_measurements_and_probation_are_its_own(shop: Installation) -> None:
    """Those that the ledger keeps of the version, and of no other."""
    first, second = (versions.version(shop.stores, number) for number in (1, 2))
    assert second.performances == tuple(shop.stores.ledger.performances(NAME)) != ()
    assert (first.performances, first.probations) == ((), ())
    assert second.probations == (PROBATION,)


def test_the_second_was_trained_on_more_files(shop: Installation) -> None:
    """Each snapshot has files and a digest of its own."""
    first, second = (versions.version(shop.stores, number).origin for number in (1, 2))
    assert first.content is not None
    assert second.content is not None
    assert first.content.digest != second.content.digest
    assert set(first.content.tables) == {"orders", "returns"}


def test_a_champion_that_came_back(shop: Installation) -> None:
    """A version serves twice when it was returned to; the rollback is about both."""
    born, renewed = shop.stores.ledger.decisions(NAME)
    back = replace(
        renewed,
        kind=Kind.ROLLED_BACK,
        sequence=3,
        as_of=renewed.as_of + timedelta(days=3),
        champion=1,
    )
    taken: Sequence[Decision] = [born, renewed, back]
    assert versions.reigns(taken, 1) == (
        versions.Reign(born.as_of, renewed.as_of),
        versions.Reign(back.as_of, None),
    )
    assert versions.reigns(taken, 2) == (versions.Reign(renewed.as_of, back.as_of),)
    assert versions.reigns([born, replace(renewed, champion=1)], 2) == ()


def test_a_persons_word_is_named(own: Installation) -> None:
    """Who agreed to a challenger, by the decision's own evidence."""
    own.forge(
        "UPDATE decisions SET evidence = json_set(evidence, '$.approval', "
        """json('{"agreed":true,"by":"Ada","reason":"looks right"}')) WHERE sequence = 2"""
    )
    judged = versions.version(own.stores, 2).origin.judgement
    assert judged is not None
    assert judged.approved_by == "Ada"


def test_evidence_that_says_less_is_told_as_it_is(own: Installation) -> None:
    """A decision without snapshot or environment: what is missing is none, not a failure."""
    own.forge(
        "UPDATE decisions SET evidence = json_remove(evidence, '$.snapshot', '$.environment', "
        "'$.checks') WHERE sequence = 1"
    )
    origin = versions.version(own.stores, 1).origin
    assert (origin.snapshot, origin.content, origin.environment) == (None, None, "")
    assert origin.judgement is not None
    assert origin.judgement.checks == ()


def test_an_unknown_version_names_the_known(shop: Installation) -> None:
    """There is no version 7: the message says which there are."""
    with pytest.raises(Terminal, match="no version 7 of 'shop' in the ledger; known: 1, 2"):
        versions.version(shop.stores, 7)
