"""A person pins rows; a stream that is poisoned afterwards gets no champion."""

import csv
import gzip
from pathlib import Path
from typing import Any

import pytest

from flows.ingest import ingest
from flows.pin import pin
from flows.retrain import retrain
from tasks.errors import Corrupt, NotEnoughData, Terminal
from tests.flows.told import artifacts, flow_run, run_of
from tests.installation import Installation
from tests.outcomes import decided
from tests.places import folder
from tests.shop import NAME, day, night, put, written

PINNED = night(day(20))
POISONED = 21
"""The day from which labels are flipped."""

LAST = 36


def flipped(path: Path) -> list[dict[str, str]]:
    """A file of returns with the label of every order turned round."""
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    turned = {"true": "false", "false": "true"}
    return [{**row, "returned": turned[row["returned"]]} for row in rows]


def poison(shop: Installation, first: int, last: int) -> None:
    """Deliver days whose orders are as ever, and whose labels are not."""
    for path in shop.deliver(first, last):
        if path.parent.name == "returns":
            of = path.name.partition(".")[0]
            number = next(n for n in range(first, last + 1) if day(n).isoformat() == of)
            put(shop.landing, "returns", day(number), written(flipped(path)))


def checks(found: Any) -> dict[str, dict[str, Any]]:
    return {each["code"]: each for each in found.evidence["checks"]}


@pytest.fixture
def pinned(trained: Installation) -> Installation:
    """A shop whose first champion has been trained through day 12, days 13 to 17 pinned."""
    pin(day(13), day(17), "Ada", "before the new feed", 200, NAME, PINNED)
    return trained


def test_poison_is_refused(pinned: Installation) -> None:
    """The stream alone would promote who learnt the poison; the golden set keeps the champion.

    No pinned row is trained or judged on, and the evidence tells how the challenger did there.
    """
    poison(pinned, 19, LAST - 1)
    ingest(NAME, night(day(LAST)))
    decision = decided(retrain(NAME, night(day(LAST))))
    assert decision.champion == 1
    found = checks(decision)
    against = [
        code
        for code, each in found.items()
        if each["severity"] == "blocking" and each["status"] in ("fail", "no evidence")
    ]
    assert against == ["golden:champion"]
    assert found["champion"]["status"] == "pass"
    assert found["golden:champion"]["numbers"]["rows"] == 200
    assert found["pace"]["status"] == "pass"


def test_pinned_once(pinned: Installation) -> None:
    """The same rows again are the same version, although the days are the champion's own now."""
    before = pinned.state()
    again = pin(day(13), day(17), "Bob", "again", 200, NAME, PINNED)
    assert (again.number, again.by) == (1, "Ada")
    assert pinned.state() == before
    second = pin(day(14), day(17), "Bob", "without a holiday", None, NAME, PINNED)
    assert second.number == 2
    assert second.previous_digest == again.digest
    golden = pinned.stores.golden()
    assert [each.pinning for each in golden.versions] == [again, second]


def test_told(trained: Installation) -> None:
    """The run says what was pinned, in its name and as an artifact; the ledger by whom and why."""
    run_id = run_of(pin, day(13), day(16), "Ada", "trusted", None, NAME, PINNED)
    assert flow_run(run_id).name == "pin shop 2024-01-13 to 2024-01-16 (trusted)"
    assert "Golden v1" in str(artifacts(run_id)["golden-shop"].data)
    (pinning,) = trained.stores.ledger.pinnings(NAME)
    assert (pinning.by, pinning.reason, pinning.as_of) == ("Ada", "trusted", PINNED)
    assert (pinning.rows, pinning.first_day) == (280, day(13))


def test_what_cannot_be_pinned(trained: Installation) -> None:
    """Rows that the champion was trained on, days that are not complete, and nobody's rows."""
    with pytest.raises(Terminal, match=r"champion v1 was trained on days through 2024-01-12"):
        pin(day(11), day(16), "Ada", "trusted", None, NAME, PINNED)
    with pytest.raises(NotEnoughData, match="not every day"):
        pin(day(13), day(19), "Ada", "trusted", None, NAME, PINNED)
    with pytest.raises(Terminal, match="needs 'by'"):
        pin(day(13), day(16), " ", "trusted", None, NAME, PINNED)
    assert trained.stores.golden().latest is None


def test_edited_rows_stop_the_retrain(pinned: Installation) -> None:
    """On golden rows that somebody edited nothing is judged."""
    pinned.forge("UPDATE goldens SET content = 'edited'")
    with pytest.raises(Corrupt, match="golden"):
        retrain(NAME, night(day(20)))
    assert "golden v1" in str(pinned.stores.ledger.verify(NAME))
    assert (folder(pinned.settings.golden) / NAME / "golden").is_dir()
