"""The code version is the code's."""

from pathlib import Path

from tasks.registry.lineage import code_version


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
