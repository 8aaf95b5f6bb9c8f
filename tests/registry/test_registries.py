"""What any registry promises, in MLflow's database as in a folder."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.records import ModelVersion
from tasks.registry.local import LocalRegistry
from tasks.registry.registrar import Registrar, registered
from tasks.registry.registry import Registry
from tasks.registry.submission import Submission
from tests.registry.conftest import example

Place = Callable[[ModelVersion], Path]


@pytest.fixture(params=["mlflow", "folder"])
def any_registry(request: pytest.FixtureRequest, registry: Registry, tmp_path: Path) -> Registrar:
    """Each registry there is."""
    return registry if request.param == "mlflow" else LocalRegistry(tmp_path / "registry")


@pytest.fixture
def place(any_registry: Registrar, registry: Registry) -> Place:
    """Where the original files of a version lie."""

    def found(version: ModelVersion) -> Path:
        if isinstance(any_registry, LocalRegistry):
            return any_registry.folder / version.pipeline / str(version.number) / "model"
        location = registry._client.get_model_version_download_uri(
            version.pipeline, str(version.number)
        )
        return Path(location.removeprefix("file://"))

    return found


def other_fit(folder: Path) -> Path:
    """A folder with another model."""
    rows = example()
    artifact.save(LogisticRegression(C=9.0).fit(rows, rows["distance"] > 1000), folder)
    return folder


def test_first_version(any_registry: Registrar, submission: Submission) -> None:
    """The first model of a pipeline is version 1, says what it is, and is found by its key."""
    assert any_registry.find(submission.pipeline, submission.key) is None
    version = registered(any_registry, submission)
    assert (version.pipeline, version.number) == (submission.pipeline, 1)
    assert (version.candidate, version.trained_through) == ("logistic", submission.trained_through)
    assert any_registry.find(submission.pipeline, submission.key) == version


def test_bytes(any_registry: Registrar, submission: Submission, tmp_path: Path) -> None:
    """The registered file is the evaluated one to the byte, with what is kept beside it."""
    beside = replace(submission, files={"made/from.yaml": b"of this"})
    version = any_registry.register(beside)
    copy = any_registry.fetch(version, tmp_path)
    evaluated = (submission.folder / artifact.MODEL_FILE).read_bytes()
    assert (copy / artifact.MODEL_FILE).read_bytes() == evaluated
    assert (copy / "made" / "from.yaml").read_bytes() == b"of this"
    assert artifact.manifest(copy) == version.manifest
    (tmp_path / "original").mkdir()
    original = any_registry.original(version, tmp_path / "original")
    assert artifact.manifest(original) == version.manifest


def test_registering_twice(any_registry: Registrar, submission: Submission) -> None:
    """The same model under the same key is there once."""
    first = any_registry.register(submission)
    assert any_registry.register(submission) == first
    assert any_registry.numbers(submission.pipeline) == {1}


def test_other_bytes(any_registry: Registrar, submission: Submission, tmp_path: Path) -> None:
    """Another model under a known key is a version of its own, never taken for the first."""
    first = any_registry.register(submission)
    other = replace(submission, folder=other_fit(tmp_path / "fit"))
    second = any_registry.register(other)
    assert (first.number, second.number) == (1, 2)
    assert any_registry.find(submission.pipeline, submission.key) == second


def test_nothing_to_register(
    any_registry: Registrar, submission: Submission, tmp_path: Path
) -> None:
    """A folder without a model makes no version."""
    with pytest.raises(Terminal, match=r"holds no model\.skops"):
        any_registry.register(replace(submission, folder=tmp_path / "nowhere"))
    assert any_registry.numbers(submission.pipeline) == frozenset()
    assert not any_registry.has(submission.pipeline, 1)


def test_quoted_key(any_registry: Registrar, submission: Submission) -> None:
    """A key that could not be searched for is refused before anything is written."""
    with pytest.raises(Terminal, match="quotes and backslashes"):
        any_registry.register(replace(submission, key="it's"))
    assert any_registry.numbers(submission.pipeline) == frozenset()


def test_pointer(any_registry: Registrar, submission: Submission) -> None:
    """The alias points nowhere, then where it was put, and can be moved back and taken away."""
    name = submission.pipeline
    assert any_registry.pointed(name) is None
    any_registry.register(submission)
    any_registry.register(replace(submission, key="retrain 2013-03-22"))
    assert any_registry.pointed(name) is None
    for number in (1, 2, 2, 1):
        any_registry.point(name, number)
        assert any_registry.pointed(name) == number
    for _ in range(2):
        any_registry.withdraw(name)
        assert any_registry.pointed(name) is None


def test_pointing_at_nothing(any_registry: Registrar, submission: Submission) -> None:
    """A version that does not exist cannot be pointed at."""
    any_registry.register(submission)
    with pytest.raises(Terminal):
        any_registry.point(submission.pipeline, 9)
    assert any_registry.pointed(submission.pipeline) is None


def test_documents(any_registry: Registrar, submission: Submission) -> None:
    """Texts can be kept with a version, and replaced; its bytes stay what they were."""
    version = any_registry.register(submission)
    for text in ("first", "second"):
        any_registry.attach(version, {"card.html": text})
    assert any_registry.find(submission.pipeline, submission.key) == version


@pytest.mark.parametrize("how", ["changed", "added", "lost"])
def test_damaged_original(
    any_registry: Registrar, submission: Submission, place: Place, tmp_path: Path, how: str
) -> None:
    """What is not the registered bytes is never fetched; a verified copy still serves."""
    version = any_registry.register(submission)
    copy, original = any_registry.fetch(version, tmp_path / "kept"), place(version)
    model = original / artifact.MODEL_FILE
    if how == "changed":
        model.write_bytes(model.read_bytes()[::-1])
    elif how == "added":
        (original / "sitecustomize.py").write_text("print('hello')")
    else:
        shutil.rmtree(original)
    assert any_registry.fetch(version, tmp_path / "kept") == copy
    with pytest.raises(Corrupt, match=r"version 1 of .* is damaged"):
        any_registry.fetch(version, tmp_path / "other")
    assert list((tmp_path / "other").rglob("*.skops")) == []


def test_damaged_copy(any_registry: Registrar, submission: Submission, tmp_path: Path) -> None:
    """A damaged local copy is fetched again."""
    version = any_registry.register(submission)
    copy = any_registry.fetch(version, tmp_path)
    (copy / artifact.MODEL_FILE).write_bytes(b"damaged")
    assert any_registry.fetch(version, tmp_path) == copy
    artifact.verify(copy, version.manifest)
