"""A retrain fits anew when what its models follow from has changed, and `why RUN` says what."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from flows.retrain import retrain
from tasks.records import Decision
from tasks.registry import lineage
from tests.installation import Installation
from tests.outcomes import decided
from tests.shop import FEATURES, NAME, day, night

CANDIDATES = {"logistic", "boosting", "forest"}


def attempted(number: int) -> Decision:
    """Somebody retrains by hand in the night of the nth day; no new file has come."""
    return decided(retrain(NAME, night(day(number))))


def taken(decision: Decision) -> dict[str, str]:
    """By candidate, the attempt that its fit was taken from; nothing where it was fitted anew."""
    evidence: Any = decision.evidence
    return {each["candidate"]: each["reused"] for each in evidence["attempts"]}


def why(*words: str) -> dict[str, Any]:
    """What `ratchet why` answers to machines."""
    result = CliRunner().invoke(cli, ["why", *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def changed(run: str) -> dict[str, list[str]]:
    """The parts of an attempt that differ from the one before, and how as far as is told."""
    return {each["name"]: each["differs"] for each in why(run)["parts"] if each["changed"]}


@pytest.mark.slow
def test_a_comment_in_a_query_fits_anew_and_notes_do_not(trained: Installation) -> None:
    """The second attempt on the same rows takes every fit; one that reads other SQL takes none."""
    (first,) = trained.stores.ledger.decisions(NAME)
    folder = trained.settings.pipelines / NAME
    (folder / "README.md").write_text("# Orders that come back\n")
    second = attempted(20)
    assert taken(second) == dict.fromkeys(CANDIDATES, first.key)
    spent: Any = second.evidence["cpu_seconds"]
    before: Any = first.evidence["cpu_seconds"]
    assert (spent["spent"], spent["reused"]) == (0.0, before["spent"])
    models = [trained.stores.ledger.version(NAME, n).manifest["model.skops"] for n in (1, 2)]
    assert models[0] == models[1]
    assert changed("v2") == {}

    (folder / "features.sql").write_text(f"-- by store\n{FEATURES}")
    third = attempted(21)
    assert taken(third) == dict.fromkeys(CANDIDATES, "")
    assert changed("v3") == {"config": ["features.sql changed"]}
    told = why(NAME, third.key[:8])
    assert {each["why"] for each in told["fits"]} == {"config changed"}
    since = {each["name"]: each["since"] for each in told["parts"]}
    assert since == {
        "snapshot": first.key,
        "training rows": first.key,
        "code": first.key,
        "config": third.key,
        "environment": first.key,
    }


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of our sources, which the code version is taken from."""
    root = lineage._HERE
    for source in lineage._sources(root):
        copy = tmp_path / "ours" / source.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    before = lineage.code_version()
    monkeypatch.setattr(lineage.code_version, "__defaults__", (tmp_path / "ours",))
    assert lineage.code_version() == before
    return tmp_path / "ours"


@pytest.fixture
def installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that distributions may be installed into; forgotten with the test."""
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    lineage.installed.cache_clear()


@pytest.mark.slow
def test_other_code_and_other_libraries_fit_anew(
    trained: Installation, elsewhere: Path, installing: Path
) -> None:
    """So do an edited source of ours and a distribution that was installed; a README does not."""
    (first,) = trained.stores.ledger.decisions(NAME)
    (elsewhere / "README.md").write_text("read me")
    (elsewhere / "tasks" / "README.md").write_text("read me")
    assert taken(attempted(20)) == dict.fromkeys(CANDIDATES, first.key)

    with (elsewhere / "tasks" / "models" / "rows.py").open("a") as source:
        source.write("# nothing but a comment\n")
    edited = attempted(21)
    assert taken(edited) == dict.fromkeys(CANDIDATES, "")
    assert changed("v3") == {"code": []}

    described = installing / "aardvark-1.2.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: Aardvark\nVersion: 1.2\n")
    lineage.installed.cache_clear()
    assert taken(attempted(22)) == dict.fromkeys(CANDIDATES, "")
    assert changed("v4") == {"environment": ["aardvark 1.2, was not there"]}
    assert {each["why"] for each in why("v4")["fits"]} == {"environment changed"}

    shutil.rmtree(described)
    lineage.installed.cache_clear()
    assert taken(attempted(23)) == dict.fromkeys(CANDIDATES, edited.key)
