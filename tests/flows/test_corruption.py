"""Bytes of a model that changed are noticed before anything is loaded from them."""

import shutil
from pathlib import Path

import pytest

from flows.ingest import ingest
from flows.promote import promote
from flows.retrain import retrain
from flows.rollback import rollback
from flows.score import score
from tasks.errors import Corrupt
from tests.conftest import LATE
from tests.installation import Installation
from tests.shop import NAME, day, night


def flip_a_bit(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def local_copy(shop: Installation, version: int) -> Path:
    """The folder of a version's verified copy."""
    return shop.settings.models / NAME / str(version)


def original(shop: Installation, version: int) -> Path:
    """A version's model file in MLflow's artifact store."""
    wanted = shop.stores.registry.fetch(
        shop.stores.ledger.version(NAME, version), shop.settings.models
    )
    bytes_ = (wanted / "model.skops").read_bytes()
    (found,) = [
        path
        for path in Path(shop.settings.artifacts).rglob("model.skops")
        if path.read_bytes() == bytes_
    ]
    return found


@pytest.fixture
def asked(trained: Installation) -> Installation:
    """A shop with a day of questions that nobody has answered."""
    trained.deliver(19, 19)
    ingest(NAME, night(day(20)))
    return trained


def test_a_damaged_copy_is_fetched_again(asked: Installation) -> None:
    """One flipped bit in the local copy: it is replaced, and the answers are the model's."""
    original(asked, 1)
    flip_a_bit(local_copy(asked, 1) / "model.skops")
    assert score(NAME, night(day(20))).rows == 70
    assert asked.stores.model(1) is not None


def test_a_damaged_original_is_never_used(asked: Installation) -> None:
    """With no good copy left, scoring fails with the file's name, and no answer is logged."""
    damaged = original(asked, 1)
    kept = damaged.read_bytes()
    shutil.rmtree(local_copy(asked, 1))
    flip_a_bit(damaged)
    with pytest.raises(Corrupt, match=r"version 1 of 'shop' is damaged: 1 changed: model\.skops"):
        score(NAME, night(day(20)))
    assert asked.answers().empty
    damaged.write_bytes(kept)
    assert score(NAME, night(day(20))).rows == 70


def test_an_intact_copy_outlives_a_damaged_original(asked: Installation) -> None:
    """What was verified goes on serving while the store is mended."""
    flip_a_bit(original(asked, 1))
    assert score(NAME, night(day(20))).rows == 70


def test_an_added_file_is_noticed(asked: Installation) -> None:
    """A file that nobody registered, beside the model, keeps it from being loaded."""
    damaged = original(asked, 1)
    shutil.rmtree(local_copy(asked, 1))
    (damaged.parent / "code.py").write_text("print('hello')")
    with pytest.raises(Corrupt, match=r"1 added: code\.py"):
        score(NAME, night(day(20)))


def test_no_challenger_wins_against_a_damaged_champion(turned: Installation) -> None:
    """A champion that cannot be compared with is not replaced in silence."""
    damaged = original(turned, 1)
    shutil.rmtree(local_copy(turned, 1))
    flip_a_bit(damaged)
    with pytest.raises(Corrupt, match="version 1 of 'shop' is damaged"):
        retrain(NAME, night(day(LATE)), "by hand")
    assert len(turned.stores.ledger.decisions(NAME)) == 1


def test_a_damaged_version_fails_its_rehearsal(renewed: Installation) -> None:
    """Rolling back to a damaged version changes nothing; the champion stays."""
    damaged = original(renewed, 1)
    shutil.rmtree(local_copy(renewed, 1))
    flip_a_bit(damaged)
    before = renewed.state()
    with pytest.raises(Corrupt, match="version 1 of 'shop' is damaged"):
        rollback(NAME, night(day(35)))
    assert renewed.state() == before


def test_nobody_promotes_a_damaged_version(renewed: Installation) -> None:
    """A person's word does not make damaged bytes serve."""
    damaged = original(renewed, 1)
    shutil.rmtree(local_copy(renewed, 1))
    flip_a_bit(damaged)
    before = renewed.state()
    with pytest.raises(Corrupt, match="version 1 of 'shop' is damaged"):
        promote(1, "why not", "Ada", NAME, night(day(35)))
    assert renewed.state() == before
