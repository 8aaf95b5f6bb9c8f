"""Arms live beside each other: what they share is made once, what one does is no other's matter."""

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.load import Definition
from tasks.backtest.arms import FRESH, NEVER, Arm, Lived, Period, references
from tasks.backtest.live import lived
from tasks.errors import NotEnoughData
from tasks.records import Kind
from tasks.stores import Stores
from tests.backtest import ending
from tests.conftest import LATE, TRAINED
from tests.installation import Installation, copied
from tests.shop import NAME, day

PERIOD = Period(day(TRAINED), day(LATE))


def changed(definition: Definition, section: str, **values: object) -> Definition:
    """The definition with some values of a section replaced."""
    pipeline = definition.pipeline
    new = getattr(pipeline, section).model_copy(update=values)
    return replace(definition, pipeline=pipeline.model_copy(update={section: new}))


def answers(life: Lived) -> list[tuple[object, ...]]:
    """What was answered, and by whom."""
    return list(life.answers.itertuples(index=False, name=None))


def taken(life: Lived) -> list[tuple[object, ...]]:
    """Every decision without what it took."""
    return [(d.kind, d.as_of, d.version, d.champion, d.reason) for d in life.decisions]


def fits(stores: Stores) -> int:
    """How many fits were made, of all that were asked for."""
    kept = stores.settings.work / NAME / "backtest" / "fits"
    return sum(not each.suffix for each in kept.iterdir())


def breaks(_: Stores, as_of: datetime) -> bool:
    """A rule that fails on its third night."""
    if as_of.date() >= day(TRAINED + 3):
        raise ArithmeticError("no such number")
    return False


@pytest.fixture(scope="module")
def shop(_turned: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A shop whose customers changed on day 20."""
    return copied(_turned, tmp_path_factory.mktemp("lives") / "home")


@pytest.fixture(scope="module")
def progress() -> list[int]:
    return []


@pytest.fixture(scope="module")
def lives(shop: Installation, progress: list[int]) -> dict[str, Lived]:
    """Arms by name: two of the same policy, one whose gate lets nobody in, one that breaks."""
    stores = shop.stores
    definition = stores.definition
    strict = changed(definition, "gate", floors={"roc_auc": 0.999})
    arms = [
        Arm("as shipped", definition),
        Arm("the same", definition),
        Arm("strict", strict),
        Arm("breaks", definition, when=breaks),
        *references(definition),
    ]
    return {each.arm.name: each for each in lived(stores, arms, PERIOD, progress.append)}


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_same_questions(lives: dict[str, Lived]) -> None:
    """All arms are asked the same, in the order of event time, and nothing twice."""
    asked = {name: each.answers["order_id"].tolist() for name, each in lives.items()}
    ended = asked.pop("breaks")
    first = asked["as shipped"]
    assert all(each == first for each in asked.values())
    assert len(set(first)) == len(first) > 900
    assert lives["as shipped"].answers["asked_at"].is_monotonic_increasing
    assert 0 < len(ended) < len(first)


def test_equal_arms(lives: dict[str, Lived]) -> None:
    """The same policy under another name comes to the same, row by row."""
    one, other = lives["as shipped"], lives["the same"]
    assert answers(one) == answers(other)
    assert taken(one) == taken(other)
    assert (one.retrains, one.promotions) == (other.retrains, other.promotions)
    assert one.fits_seconds == other.fits_seconds > 0


def test_another_gate(lives: dict[str, Lived]) -> None:
    """Attempts of the same night share the same rows; what the gate says of them differs."""
    shipped, strict = lives["as shipped"], lives["strict"]
    assert shipped.promotions >= 1
    assert (strict.promotions, strict.retrains > 0) == (0, True)
    assert {d.kind for d in strict.decisions[1:]} == {Kind.REFUSED}
    assert strict.decisions[0].champion == 1
    assert strict.answers["version"].unique().tolist() == [1]


def test_fits_are_shared(lives: dict[str, Lived], shop: Installation) -> None:
    """Three candidates of each different attempt are fitted, whichever arms ask for them."""
    gated = [lives[name] for name in ("as shipped", "the same", "strict")]
    rows = {str(d.evidence["training"]) for each in gated for d in each.decisions}
    asked_for = 3 * sum(len(each.decisions) for each in gated)
    assert fits(shop.stores) == 3 * len(rows) < asked_for / 2


def test_never(lives: dict[str, Lived]) -> None:
    """The first champion answers everything, and nothing is fitted again."""
    never = lives[NEVER]
    assert (never.retrains, never.promotions, never.fits_seconds) == (0, 0, 0.0)
    assert never.answers["version"].unique().tolist() == [1]


def test_fresh(lives: dict[str, Lived]) -> None:
    """Every night another champion, of the first one's kind, trained on all complete days."""
    fresh, first = lives[FRESH], lives[FRESH].decisions[0]
    nights = len(PERIOD.nights) - 1
    assert (fresh.retrains, fresh.promotions) == (nights, nights)
    assert {d.evidence["candidate"] for d in fresh.decisions} == {first.evidence["candidate"]}
    last = fresh.decisions[-1]
    assert last.evidence["trained_through"] == (day(LATE) - timedelta(days=2)).isoformat()
    assert fresh.answers["version"].nunique() > nights / 2


def test_one_arm_breaks(lives: dict[str, Lived]) -> None:
    """What goes wrong ends the arm that it went wrong in, with the night and the reason."""
    broken = lives["breaks"]
    assert broken.error == f"night of {day(TRAINED + 3)}: ArithmeticError: no such number"
    assert [each.error for each in lives.values() if each is not broken] == [""] * 5


def test_progress(lives: dict[str, Lived], progress: list[int]) -> None:
    """Every night of every arm is told of."""
    assert progress == list(range(1, len(lives) * len(PERIOD.nights) + 1))


def test_read_back(lives: dict[str, Lived], shop: Installation) -> None:
    """What was lived is not lived again; an arm that broke is tried again where it did."""
    stores = shop.stores
    before = {
        each.folder: (each.folder / "progress.json").stat().st_mtime_ns for each in lives.values()
    }
    again = lived(stores, [each.arm for each in lives.values()], PERIOD, lambda _: None)
    for one, other in zip(lives.values(), again, strict=True):
        assert answers(one) == answers(other)
        assert taken(one) == taken(other)
        assert (one.seconds, one.error) == (other.seconds, other.error)
        assert (one.folder / "progress.json").stat().st_mtime_ns == before[one.folder]


def test_no_champion(shop: Installation) -> None:
    """Without a first champion there is nothing to compare, and the reason is told."""
    early = Period(day(5), day(7))
    arms = [Arm("as shipped", shop.stores.definition)]
    with pytest.raises(NotEnoughData, match=r"no champion in 3 nights.*too few complete days"):
        lived(shop.stores, arms, early, lambda _: None)


@pytest.mark.parametrize("point", ["20", "registered"])
def test_killed(lives: dict[str, Lived], _turned: Installation, tmp_path: Path, point: str) -> None:
    """Killed between two nights or amid an attempt, it goes on to the same end."""
    home = copied(_turned, tmp_path / "home")
    command = [sys.executable, "-m", "tests.backtest.ending", str(home.home), point]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    stores = home.stores
    found = lived(stores, ending.arms(stores), ending.PERIOD, lambda _: None)
    for each in found:
        whole = lives[each.arm.name]
        assert taken(each) == taken(whole)
        assert answers(each) == answers(whole)
