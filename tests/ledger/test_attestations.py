"""Attestations: how like itself a version came out when it was made again."""

from dataclasses import replace

import pytest

from tasks.ledger.attestations import Attestation, Likeness
from tasks.ledger.ledger import Ledger
from tasks.ledger.page import PageData, status_page
from tests.ledger.conftest import night

HELD = Attestation("shop", night(2), 1, Likeness.IDENTICAL, "", 0.0, 4.5, "350 answers are equal")
BROKEN = replace(HELD, as_of=night(3), likeness=Likeness.DIFFERENT, diverged="fit", largest=0.2)


def test_what_is_kept_comes_back(ledger: Ledger) -> None:
    """Oldest first, by pipeline; an undefined number is one again."""
    none = replace(HELD, as_of=night(1), likeness=Likeness.UNKNOWN, largest=float("nan"))
    for each in (BROKEN, HELD, none, replace(HELD, pipeline="market")):
        assert ledger.keep_attestation(each)
    first, *others = ledger.attestations("shop")
    assert repr(first) == repr(none)
    assert others == [HELD, BROKEN]


def test_the_first_word_stands(ledger: Ledger) -> None:
    """A moment is attested once."""
    assert ledger.keep_attestation(HELD)
    assert not ledger.keep_attestation(replace(BROKEN, as_of=HELD.as_of))
    assert ledger.attestations("shop") == [HELD]


def test_the_page_tells_the_last_one() -> None:
    """Which version, how like itself and why, whatever the reason is spelled with."""
    data = PageData("shop", "Orders", night(4), "roc_auc", higher_is_better=True)
    assert 'id="attested"' not in status_page(data)
    page = status_page(replace(data, attested=replace(BROKEN, reason="<b>fit</b>")))
    assert '<span class="pill bad">different</span>' in page
    assert "&lt;b&gt;fit&lt;/b&gt;" in page
    assert '<span class="pill good">identical</span>' in status_page(replace(data, attested=HELD))


@pytest.mark.parametrize("likeness", Likeness)
def test_what_holds(likeness: Likeness) -> None:
    """Rounding holds; other answers and a version that cannot be made again do not."""
    assert likeness.holds is (likeness in {Likeness.IDENTICAL, Likeness.CLOSE})
