"""Golden rows on the command line: pinned, listed, looked at."""

import json

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from tasks.errors import Terminal
from tests.installation import Installation
from tests.shop import NAME

PIN = ("golden", "pin", NAME, "--from", "2024-01-13", "--to", "2024-01-16", "--as-of", "2024-01-20")


def ratchet(*words: str) -> str:
    """What a command prints on standard output."""
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_golden(trained: Installation) -> None:
    """A person pins a sample, sees who pinned what, and what it consists of day by day."""
    assert "0 versions" in ratchet("golden", "list", NAME)
    asked = ("--rows", "150", "--by", "Ada", "--reason", "trusted")
    told = "golden v1: 150 rows of 2024-01-13 to 2024-01-16, pinned by Ada: trusted"
    assert told in ratchet(*PIN, *asked)
    (listed,) = json.loads(ratchet("golden", "list", NAME, "--json"))
    assert (listed["number"], listed["by"], listed["reason"]) == (1, "Ada", "trusted")
    assert "Ada" in ratchet("golden", "list", NAME)
    assert told in ratchet("golden", "show", NAME)
    shown = json.loads(ratchet("golden", "show", NAME, "--version", "1", "--json"))
    assert [each["day"] for each in shown["days"]] == [f"2024-01-{n}" for n in range(13, 17)]
    assert sum(each["rows"] for each in shown["days"]) == 150
    assert 0 < sum(each["positive"] for each in shown["days"]) < 150
    with pytest.raises(Terminal, match="no such version of the golden set; pinned so far: v1"):
        ratchet("golden", "show", NAME, "--version", "7")
