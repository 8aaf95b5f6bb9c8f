"""A folder and a prefix in a bucket go on in the same way."""

from pathlib import Path

import pytest

from config.places import Bucket, place


@pytest.mark.parametrize("text", ["s3://data", "s3://data/ratchet", "s3://data/a/b"])
def test_a_bucket_is_written_as_it_is_read(text: str) -> None:
    """The address comes back, whatever slash it ended with."""
    assert str(place(text)) == str(place(text + "/")) == text


def test_both_go_on_with_a_slash() -> None:
    """What lies below has the name that it was given."""
    for root in (Path("/data"), Bucket("data"), Bucket("data", "ratchet")):
        below = root / "lake" / "flights"
        assert str(below) == f"{root}/lake/flights"
        assert below.name == "flights"


def test_anything_else_is_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is one under the present one."""
    monkeypatch.chdir(tmp_path)
    assert place("kept") == tmp_path / "kept"
