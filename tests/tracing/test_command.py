"""`ratchet trace` on the command line: one thing at a time, for people and for machines."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from deployments.cli import cli, main
from tests.installation import Installation
from tests.places import pointing_at
from tests.shop import NAME, day
from tests.tracing.conftest import CORRECTED, ODD, of_day
from tests.tracing.test_predictions import flip_a_bit

Command = Callable[..., Result]

FILE = {"table", "partition", "file", "sha256", "arrived_at", "rows", "replaced_by"}
SCHEMAS: dict[str, set[str]] = {
    "": {"answer", "origin", "versions", "files", "later", "rescored", "told", "explanation"},
    "answer": {
        "prediction_id", "key", "asked_at", "day", "logged_at", "version", "probability", "inputs",
    },
    "origin": {
        "version", "candidate", "trained_through", "manifest", "run_id", "uri", "snapshot",
        "content", "judgement", "code_version", "config_hash", "same_config", "environment",
    },
    "origin.snapshot": {
        "pipeline", "as_of", "versions", "first_day", "last_day", "rows", "digest",
    },
    "origin.content": {"files", "tables", "digest"},
    "origin.judgement": {
        "decision", "hash", "as_of", "kind", "verdict", "reason", "checks", "replaced",
        "approved_by",
    },
    "rescored": {
        "again", "same_bits", "rebuilt", "rebuilt_same_bits", "changed", "now", "problem",
    },
    "explanation": {
        "prediction_id", "key", "asked_at", "version", "candidate", "answer", "again", "rebuilt",
        "changed", "told", "scale", "base", "background", "not_cheap", "inputs",
    },
}  # fmt: skip
VERSION = {"origin", "promised", "decisions", "reigns", "scored", "performances", "probations"}
DELIVERED = {
    "table", "partition", "file", "sha256", "arrived_at", "size_bytes", "verdicts", "in_lake",
    "in_quarantine", "replaced_by", "answered", "trained",
}  # fmt: skip


@pytest.fixture
def trace(shop: Installation) -> Iterator[Command]:
    """Runs `ratchet trace` in this process, where the shop with a past is."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["trace", *words], catch_exceptions=False)

    with pointing_at(shop.home):
        yield run


def part(document: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        document = document[name]
    return document


def test_a_prediction_as_a_document(trace: Command, shop: Installation) -> None:
    """Everything by its name, every file, and the row's explanation that adds up."""
    name = of_day(shop, CORRECTED)[ODD]
    found = json.loads(trace(name, NAME, "--json").stdout)
    assert {path: set(part(found, path)) for path in SCHEMAS} == SCHEMAS
    assert {frozenset(each) for each in [*found["files"], *found["later"]]} == {frozenset(FILE)}
    assert found["answer"]["prediction_id"] == name
    rescored = found["rescored"]
    assert rescored["again"] == rescored["rebuilt"] == found["answer"]["probability"]
    assert (rescored["same_bits"], rescored["rebuilt_same_bits"]) == (True, True)
    assert found["explanation"]["base"] is not None
    values = {each["column"]: each["value"] for each in found["explanation"]["inputs"]}
    assert values == found["answer"]["inputs"]


def test_a_prediction_for_people(trace: Command, shop: Installation) -> None:
    """The chain link by link, the checks, the files by table, what replaced one, the split."""
    said = trace(of_day(shop, CORRECTED)[ODD][:9].upper(), NAME).output
    for told in (
        "the same 64 bits, from the logged inputs",
        "it would be 0.",
        "models:/shop/1",
        "gate evidence",
        "its inputs were read from",
        "replaced since: ",
        "what each input added",
    ):
        assert told in said


def test_a_version(trace: Command, shop: Installation) -> None:
    """As a document and as tables, with every day that it scored."""
    found = json.loads(trace("--version", "2", NAME, "--json").stdout)
    assert set(found) == VERSION
    assert set(found["origin"]) == SCHEMAS["origin"]
    assert found["scored"][0] == {"day": "2024-02-03", "rows": 70}
    assert set(found["reigns"][0]) == {"since", "until"}
    assert set(found["decisions"][0]) == {"decision", "as_of", "kind", "champion", "reason"}
    said = trace("--version", "2", NAME).output
    assert "138 questions of 2 days" in said
    assert "v2 leads v1 by 0.09" in said
    assert "until now" in said


def test_a_file(trace: Command, shop: Installation) -> None:
    """As a document and as a table."""
    found = json.loads(trace("--file", f"{CORRECTED}.r2.csv", NAME, "--json").stdout)
    assert set(found) == DELIVERED
    assert set(found["verdicts"][0]) == {
        "outcome", "code", "message", "warnings", "rows", "held", "table_version",
    }  # fmt: skip
    assert set(found["in_lake"]) == {"rows", "table_version"}
    assert set(found["in_quarantine"]) == {"rows", "released", "reasons"}
    said = trace("--file", f"orders/{CORRECTED}.csv.gz", NAME).output
    assert "v1 70" in said
    assert f"ratchet impact orders/{CORRECTED}" in said


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--version", "1", "--file", "a.csv", NAME),
        ("012345", NAME, "--version", "1"),
        ("012345", NAME, "more"),
        ("01234", NAME),
    ],
)
def test_exactly_one_is_traced(trace: Command, words: tuple[str, ...]) -> None:
    """Nothing, two things, too many names and too short an id are wrong use."""
    assert trace(*words).exit_code == 2


def test_a_tampered_model_ends_with_5(
    own: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chain is shown, without an explanation, and the message says what is damaged."""
    name = of_day(own, day(27))[ODD]
    shutil.rmtree(own.settings.models / NAME / "1")
    for path in Path(own.settings.artifacts).rglob("model.skops"):
        flip_a_bit(path)
    monkeypatch.setattr(sys, "argv", ["ratchet", "trace", name, NAME])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    printed = capsys.readouterr()
    assert "version 1 of 'shop' is damaged" in printed.err
    assert "its inputs were read from" in printed.out
    assert "what each input added" not in printed.out
