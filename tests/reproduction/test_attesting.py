"""A version is picked by lot, the same for the same moment, and what came of it is an outcome."""

from collections import Counter
from datetime import timedelta

from tasks.ledger.attestations import Likeness
from tasks.reproduction.attesting import attested, picked
from tests.conftest import LATE, TRAINED
from tests.installation import Installation
from tests.places import folder
from tests.shop import day, night


def test_each_version_has_its_turn(renewed: Installation) -> None:
    """About as often as the others; a moment always picks the same."""
    stores = renewed.stores
    moments = [night(day(LATE)) + timedelta(days=n) for n in range(30)]
    drawn = [picked(stores, each) for each in moments]
    assert drawn[:5] == [picked(stores, each) for each in moments[:5]]
    counted = Counter(drawn)
    assert set(counted) == {1, 2}
    assert min(counted.values()) >= 8


def test_only_what_was_decided_on_by_then(renewed: Installation) -> None:
    """Of the past, what is known now is not picked."""
    nights = [night(day(number)) for number in range(TRAINED, LATE, 3)]
    assert {picked(renewed.stores, each) for each in nights} == {1}
    assert picked(renewed.stores, night(day(1))) is None


def test_nothing_to_make_again(empty: Installation) -> None:
    """Before the first version there is nothing to attest."""
    assert attested(empty.stores, night(day(1))) is None


def test_an_error_is_an_outcome(trained: Installation) -> None:
    """A version whose bytes are not those on record is on record as such, and nothing is raised."""
    (path,) = folder(trained.settings.storage).rglob("mlartifacts/**/model.skops")
    path.write_bytes(b"another model")
    found = attested(trained.stores, night(day(20)))
    assert found is not None
    assert (found.version, found.likeness) == (1, Likeness.UNKNOWN)
    assert "1 changed: model.skops" in found.reason
