"""A stored model is what was saved, or it is not loaded."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from tasks.data import artifact
from tasks.errors import Corrupt, Terminal


class Foreign:
    """A type that nobody trusts."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 2))
    artifact.save(LogisticRegression().fit(inputs, inputs[:, 0] > 0), tmp_path / "model")
    (tmp_path / "model" / "nested").mkdir()
    (tmp_path / "model" / "nested" / "card.txt").write_text("about it")
    return tmp_path / "model"


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        HistGradientBoostingClassifier(max_iter=5, categorical_features=[1]),
        RandomForestClassifier(n_estimators=5),
    ],
)
def test_a_loaded_model_gives_the_same_answers(tmp_path: Path, estimator: object) -> None:
    """Saving and loading changes no bit of any probability."""
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(size=200), rng.integers(0, 4, 200)])
    model = estimator.fit(inputs, inputs[:, 0] > 0)  # type: ignore[attr-defined]
    artifact.save(model, tmp_path)
    loaded = artifact.load(tmp_path, artifact.manifest(tmp_path))
    np.testing.assert_array_equal(model.predict_proba(inputs), loaded.predict_proba(inputs))


def test_the_manifest_covers_every_file(folder: Path) -> None:
    """Every file of the folder is in the manifest, by its path from the folder."""
    assert list(artifact.manifest(folder)) == ["model.skops", "nested/card.txt"]


def test_a_single_flipped_bit_is_noticed_wherever_it_is(folder: Path) -> None:
    """One changed bit in any file is corrupt, and the error names the file."""
    recorded = artifact.manifest(folder)
    for name in recorded:
        path = folder / name
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[len(flipped) // 2] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(Corrupt, match=f"1 changed: {name}"):
            artifact.load(folder, recorded)
        path.write_bytes(whole)
    artifact.load(folder, recorded)


def test_missing_and_added_files_are_noticed(folder: Path) -> None:
    """A file too few and a file too many are both corrupt."""
    recorded = artifact.manifest(folder)
    (folder / "nested" / "card.txt").rename(folder / "hook.py")
    with pytest.raises(Corrupt, match=r"1 missing: nested/card.txt; 1 added: hook.py"):
        artifact.load(folder, recorded)


def test_nothing_is_loaded_without_a_manifest(folder: Path) -> None:
    """An empty manifest vouches for nothing, and neither does one without the model."""
    with pytest.raises(Corrupt, match="no manifest"):
        artifact.load(folder, {})
    (folder / "model.skops").unlink()
    with pytest.raises(Corrupt, match=r"model\.skops is not in the manifest"):
        artifact.load(folder, artifact.manifest(folder))


def test_an_unreadable_model_is_corrupt_even_if_it_was_recorded(folder: Path) -> None:
    """A manifest of rubbish does not make it a model."""
    (folder / "model.skops").write_bytes(b"rubbish")
    with pytest.raises(Corrupt, match="no readable model"):
        artifact.load(folder, artifact.manifest(folder))


def test_an_untrusted_type_is_refused_on_the_way_in(tmp_path: Path) -> None:
    """What `load` would refuse is not saved in the first place, and the type is named."""
    with pytest.raises(Terminal, match=r"1 types.*test_artifact\.Foreign"):
        artifact.save(Foreign(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_untrusted_type_is_refused_on_the_way_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with a type outside the trusted list is not loaded, whoever wrote it."""
    with monkeypatch.context() as trusting:
        trusting.setattr(artifact, "TRUSTED", (f"{Foreign.__module__}.Foreign",))
        artifact.save(Foreign(), folder)
    with pytest.raises(Corrupt, match="Foreign"):
        artifact.load(folder, artifact.manifest(folder))
