"""Versions, the journal of admissions, intents and measurements are kept once and as given."""

import math
from dataclasses import replace

import pytest

from tasks.errors import Terminal
from tasks.ledger.ledger import Ledger
from tasks.records import Interval, Outcome
from tests.ledger.conftest import admission, intent, model, night, performance


def test_version(ledger: Ledger) -> None:
    """A version reads back with its manifest and its reference."""
    ledger.keep_version(model(1), Interval(0.73, 0.72, math.nan))
    assert ledger.version("flights", 1) == model(1)
    assert ledger.versions("flights") == [model(1)]
    reference = ledger.reference("flights", 1)
    assert (reference.value, reference.low) == (0.73, 0.72)
    assert math.isnan(reference.high)


def test_version_again(ledger: Ledger) -> None:
    """Keeping a version again changes nothing; keeping it otherwise names what differs."""
    reference = Interval(0.73, 0.72, 0.74)
    ledger.keep_version(model(1), reference)
    ledger.keep_version(model(1), reference)
    changed = replace(model(1), manifest={"model.skops": "c" * 64})
    with pytest.raises(Terminal, match="on record with another manifest, reference_low"):
        ledger.keep_version(changed, replace(reference, low=0.1))
    assert ledger.version("flights", 1) == model(1)


def test_unknown_version(ledger: Ledger) -> None:
    """A version that is not on record is named together with those that are."""
    ledger.keep_version(model(1), Interval(0.73, 0.72, 0.74))
    with pytest.raises(Terminal, match="no version 9 of 'flights' in the ledger; known: 1"):
        ledger.version("flights", 9)


def test_admissions(ledger: Ledger) -> None:
    """Admissions read back whole, in the order in which they were judged."""
    first, second = admission("f" * 64), admission("0" * 64, Outcome.REFUSED)
    assert ledger.journal(first, "flights", night(0), "config")
    assert ledger.journal(second, "flights", night(0), "config")
    assert ledger.admissions("flights") == [first, second]
    assert ledger.admissions("bikes") == []


def test_judged_once(ledger: Ledger) -> None:
    """A delivery judged twice under one configuration is in the journal once."""
    assert ledger.journal(admission("f" * 64), "flights", night(0), "config")
    assert not ledger.journal(admission("f" * 64), "flights", night(1), "config")
    assert len(ledger.admissions("flights")) == 1


def test_seen(ledger: Ledger) -> None:
    """Accepted is accepted for good; refused is refused by one configuration."""
    ledger.journal(admission("f" * 64), "flights", night(0), "old")
    ledger.journal(admission("0" * 64, Outcome.REFUSED), "flights", night(0), "old")
    assert ledger.seen("flights") == {
        ("weather", "2013-03-14", "f" * 64, ""),
        ("weather", "2013-03-14", "0" * 64, "old"),
    }
    assert ledger.journal(admission("0" * 64), "flights", night(1), "new")
    assert ("weather", "2013-03-14", "0" * 64, "") in ledger.seen("flights")


def test_unprintable_names(ledger: Ledger) -> None:
    """A file name that is no text and a message with a NUL are kept, spelled out."""
    odd = admission("f" * 64, Outcome.REFUSED, path="/landing/\udcff.csv", message="D\0E")
    ledger.journal(odd, "flights", night(0))
    kept = ledger.admissions("flights")[0]
    assert kept.delivery.path == "/landing/\\udcff.csv"
    assert kept.message == "D\\x00E"


def test_intents(ledger: Ledger) -> None:
    """An intent is written down once for its cause and is open until somebody claims it."""
    assert ledger.intend(intent("drop", 1))
    assert not ledger.intend(replace(intent("drop", 2), evidence={}))
    assert ledger.intend(intent("age", 0))
    assert ledger.open_intents("flights") == [intent("age", 0), intent("drop", 1)]
    assert ledger.claim("flights", "drop", "run 1")
    assert not ledger.claim("flights", "drop", "run 2")
    assert ledger.open_intents("flights") == [intent("age", 0)]
    assert ledger.claimant("flights", "drop") == "run 1"
    assert ledger.claimant("flights", "age") is None


def test_taking_over(ledger: Ledger) -> None:
    """A claimed intent goes to who names its claimant: of two that would succeed it, to one."""
    ledger.intend(intent("drop"))
    ledger.claim("flights", "drop", "run 1")
    assert not ledger.claim("flights", "drop", "run 2", instead_of="run 0")
    assert ledger.claim("flights", "drop", "run 2", instead_of="run 1")
    assert not ledger.claim("flights", "drop", "run 3", instead_of="run 1")
    assert ledger.claimant("flights", "drop") == "run 2"


def test_settling(ledger: Ledger) -> None:
    """A claimed intent ends once; ending it the same way again is ignored, otherwise an error."""
    ledger.intend(intent("drop"))
    ledger.claim("flights", "drop", "run 1")
    ledger.settle("flights", "drop", "done", "promoted version 2")
    ledger.settle("flights", "drop", "done", "promoted version 2, again")
    assert [each.outcome for each in ledger.intents("flights")] == ["promoted version 2"]
    with pytest.raises(Terminal, match="cannot become 'declined': it is done"):
        ledger.settle("flights", "drop", "declined", "cool-down")
    assert not ledger.claim("flights", "drop", "run 2")


def test_declining(ledger: Ledger) -> None:
    """An open intent can be declined without being claimed, and is then no longer open."""
    ledger.intend(intent("drop"))
    ledger.settle("flights", "drop", "declined", "cool-down")
    assert ledger.open_intents("flights") == []
    assert not ledger.claim("flights", "drop", "run 1")


def test_settling_nothing(ledger: Ledger) -> None:
    """An unknown cause and an unknown end are errors by name."""
    with pytest.raises(Terminal, match="it is not on record"):
        ledger.settle("flights", "drop", "done", "")
    with pytest.raises(Terminal, match="'done' or 'declined', not 'open'"):
        ledger.settle("flights", "drop", "open", "")


def test_performances(ledger: Ledger) -> None:
    """Measurements read back in order of time, the first one for a time stands."""
    assert ledger.performance(performance(2))
    assert ledger.performance(performance(1))
    assert not ledger.performance(performance(2, 0.5))
    assert ledger.performances("flights") == [performance(1), performance(2)]


def test_undefined_performance(ledger: Ledger) -> None:
    """A measurement without a value reads back as nan, not as zero."""
    ledger.performance(replace(performance(1, math.nan), reference=math.nan, version=None))
    kept = ledger.performances("flights")[0]
    assert math.isnan(kept.measured.value)
    assert math.isnan(kept.reference)
    assert kept.version is None


def test_everything_is_still_there(ledger: Ledger, url: str) -> None:
    """What was written is there for the next process."""
    ledger.intend(intent("drop"))
    ledger.performance(performance(1))
    ledger.close()
    again = Ledger(url)
    assert again.open_intents("flights") == [intent("drop")]
    assert again.performances("flights") == [performance(1)]
