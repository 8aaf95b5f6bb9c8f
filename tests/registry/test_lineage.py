"""The code version is the code's, the environment what is installed."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tasks.registry.lineage import code_version, environment, installed


def tree(root: Path) -> Path:
    for name in ("tasks/data/lake.py", "flows/retrain.py", "config/schema.py"):
        path = root / name
        path.parent.mkdir(parents=True)
        path.write_text(f"'''{name}'''")
    return root


def test_our_code() -> None:
    """Our own sources have a version of twelve hex digits, the same at every look."""
    assert code_version() == code_version()
    assert len(code_version()) == 12
    assert int(code_version(), 16) >= 0


def test_follows_the_sources(tmp_path: Path) -> None:
    """An edited, added, renamed or removed source changes the version; other files do not."""
    root = tree(tmp_path)
    seen = [code_version(root)]
    (root / "tasks" / "notes.txt").write_text("not code")
    (root / "somewhere.py").write_text("not ours")
    assert code_version(root) == seen[0]
    (root / "tasks/data/lake.py").write_text("edited = True")
    seen.append(code_version(root))
    (root / "tasks/data/river.py").write_text("")
    seen.append(code_version(root))
    (root / "tasks/data/river.py").rename(root / "tasks/data/sea.py")
    seen.append(code_version(root))
    (root / "tasks/data/sea.py").unlink()
    (root / "flows/retrain.py").unlink()
    seen.append(code_version(root))
    assert len(set(seen)) == len(seen)


def test_same_code_elsewhere(tmp_path: Path) -> None:
    """The same sources in another folder have the same version."""
    assert code_version(tree(tmp_path / "a")) == code_version(tree(tmp_path / "b"))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that distributions may be installed into."""
    monkeypatch.syspath_prepend(tmp_path)
    installed.cache_clear()
    yield tmp_path
    installed.cache_clear()


def install(site: Path, name: str, number: str) -> None:
    described = site / f"{name}.dist-info"
    described.mkdir(exist_ok=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")


def looked() -> str:
    """The environment as another process would see it."""
    installed.cache_clear()
    return environment()


def test_what_is_installed() -> None:
    """Python and every distribution by name and version, in order, and not ourselves."""
    found = installed()
    assert found[0] == f"python=={platform.python_version()}"
    assert f"scikit-learn=={version('scikit-learn')}" in found
    assert list(found[1:]) == sorted(set(found[1:]))
    assert not [each for each in found if each.startswith("ratchet==")]


def test_follows_what_is_installed(site: Path) -> None:
    """A distribution more, another version of it, or one less: each is another environment."""
    before = looked()
    install(site, "Aardvark", "1.0")
    first = looked()
    assert "aardvark==1.0" in installed()
    install(site, "Aardvark", "1.1")
    assert len({before, first, looked()}) == 3
    (site / "Aardvark.dist-info" / "METADATA").unlink()
    (site / "Aardvark.dist-info").rmdir()
    assert looked() == before
    assert len(before) == 12
    assert int(before, 16) >= 0


def test_a_lock_file_is_no_environment(site: Path) -> None:
    """What nobody installed from changes nothing, nor does the order in which things are found."""
    before = looked()
    (site / "requirements.lock").write_text("aardvark==1.0")
    assert looked() == before
