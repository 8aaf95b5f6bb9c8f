"""YAML is read as it looks, with a line for every key."""

from pathlib import Path

import pytest

from config.located import Value, document

MEANS: list[tuple[str, Value]] = [
    ("no", "no"),
    ("on", "on"),
    ("13:00", "13:00"),
    ("2013-02-14", "2013-02-14"),
    ("0123", "0123"),
    ("1_000", "1_000"),
    ("0x10", "0x10"),
    ("'1'", "1"),
    ("!!str 1", "1"),
    ("", None),
    ("~", None),
    ("True", True),
    ("-7", -7),
    ("1e-3", 0.001),
    (".5", 0.5),
    ("2.", 2.0),
    ("-.inf", float("-inf")),
    ("[a, 1]", ["a", 1]),
    ("{a: {b: no}}", {"a": {"b": "no"}}),
    ("|\n  two\n  lines\n", "two\nlines\n"),
]


@pytest.mark.parametrize(("text", "value"), MEANS, ids=[repr(text) for text, _ in MEANS])
def test_a_value_means_what_it_looks_like(text: str, value: Value, tmp_path: Path) -> None:
    """Words, times and dates stay text; numbers are those of YAML 1.2."""
    (tmp_path / "a.yaml").write_text(f"key: {text}")
    found = document(tmp_path / "a.yaml")
    assert (found.value, found.problems) == ({"key": value}, [])


UNREAD = [
    (b"", "a.yaml: is empty"),
    (b"# nothing\n", "a.yaml: is empty"),
    (b"a: 1\nb: [\n", "a.yaml:3: is not YAML: while parsing a flow node, expected"),
    (b"a: 1\n\tb: 2\n", "a.yaml:2: is not YAML: "),
    (b"a: 1\n---\nb: 2\n", "a.yaml:2: is not YAML: "),
    (b"a: 1\nb: \xff\n", "a.yaml:2: is not UTF-8: byte 8 of the file"),
    (b"a: \0\n", "a.yaml: is not YAML: character 3 of the file, 0x00, is not allowed"),
    (b"a: &x 1\nb: *x\n", "a.yaml:2: is not YAML: aliases are not read, write it out"),
    (b"a: 1\na: 2\n", "a.yaml:2: a: given twice, first in line 1"),
    (b"a:\n  b: {c: 1,\n    c: 2}\n", "a.yaml:3: a.b.c: given twice, first in line 2"),
    (b"a: 1\n2: b\n", "a.yaml:2: a key must be text: quote it"),
    (b"a: !!int b\n", "a.yaml:1: a: cannot read 'b' as tag:yaml.org,2002:int"),
    (b"a:\n- !!python/name:os.system x\n", "a.yaml:2: a[0]: cannot read 'x' as tag:yaml"),
    (b"a: " + b"[" * 5000, "a.yaml: is nested too deeply"),
]


@pytest.mark.parametrize(("content", "message"), UNREAD, ids=[told for _, told in UNREAD])
def test_what_cannot_be_read_is_told_with_its_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    """Broken, doubled, aliased or typed YAML is one problem with a line, and runs nothing."""
    (tmp_path / "a.yaml").write_bytes(content)
    (problem,) = document(tmp_path / "a.yaml").problems
    assert str(problem).removeprefix(f"{tmp_path}/").startswith(message)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    """What cannot be opened is told with the reason of the system."""
    (problem,) = document(tmp_path).problems
    assert str(problem) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    """A file saved with a byte order mark reads like one without."""
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert document(tmp_path / "a.yaml").value == {"a": 1}


def test_a_problem_stands_at_the_nearest_line_that_there_is(tmp_path: Path) -> None:
    """A place that the file lacks is told at the place above it."""
    (tmp_path / "a.yaml").write_text("x: 1\ny:\n  z: 2\n")
    found = document(tmp_path / "a.yaml")
    assert [found.problem(("y", "z", "w"), "").line, found.problem(("v",), "").line] == [3, 1]
