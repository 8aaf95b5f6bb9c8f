"""`ratchet why RUN`: one attempt, by whatever name people have for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deployments.cli import cli
from tests.conftest import RENEWAL
from tests.installation import Installation
from tests.shop import NAME

Asked = Callable[..., str]


@pytest.fixture
def why() -> Asked:
    """Runs `ratchet why` in this process; what it printed, on one line."""

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, ["why", *words], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return " ".join(result.output.split())

    return run


def test_the_first_attempt(why: Asked, trained: Installation) -> None:
    """Its decision, the hashes that it follows from, and that there was none before."""
    (decision,) = trained.stores.ledger.decisions(NAME)
    told = why("v1")
    assert "first champion: PROMOTE" in told
    assert f"attempt {decision.key}, v1, MLflow run" in told
    assert "before: none" in told
    evidence: Any = decision.evidence
    for digest in ("config_hash", "code_version", "environment"):
        assert str(evidence[digest])[:12] in told
    assert evidence["snapshot"]["digest"][:12] in told
    assert "fitted anew" in told
    assert "there is no attempt before it" in told
    assert "0.0 had been spent by earlier attempts" in told
    assert "not on record" not in told


def test_new_rows(why: Asked, renewed: Installation) -> None:
    """Of a retrain on newer days rows changed and nothing else, and it says which ones."""
    told = why(NAME, "v2")
    assert RENEWAL in told
    assert "snapshot: 1,190 rows of 2024-01-16 to 2024-02-01; before" in told
    assert "training rows changed" in told
    for same in ("code", "config", "environment"):
        assert f"{same} changed" not in told


@pytest.mark.parametrize("called", ["key", "run", "KEY", "beginning"])
def test_by_any_name(why: Asked, trained: Installation, called: str) -> None:
    """The key, the MLflow run, in any case, or six characters of one mean the same attempt."""
    stores = trained.stores
    key, run_id = stores.ledger.decisions(NAME)[0].key, stores.ledger.version(NAME, 1).run_id
    name = {"key": key, "run": run_id, "KEY": key.upper(), "beginning": run_id[:6]}[called]
    assert json.loads(why(name, "--json")) == json.loads(why("v1", "--json"))


def test_unknown_names(why: Asked, trained: Installation) -> None:
    """A name that nothing has gets the nearest pipelines and the nearest attempts."""
    key = trained.stores.ledger.decisions(NAME)[0].key
    misspelt = why("shp", code=2)
    assert "no pipeline and no attempt 'shp'; did you mean shop?" in misspelt
    assert f"latest attempts: shop v1, key {key}, MLflow run" in misspelt
    slip = f"{key[:7]}{'1' if key[7] == '0' else '0'}{key[8:]}"
    assert f"nearest attempts: shop v1, key {key}" in why(slip, code=2)
    assert "6 characters at least" in why(key[:5], code=2)
    assert "no pipeline 'shp'; did you mean shop?" in why("shp", "v1", code=2)
    assert "--on is for a pipeline" in why("v1", "--on", "2024-01-19", code=2)
    assert "3 names" in why("a", "b", "c", code=2)
    assert "no attempt 'v7'" in why("v7", code=2)


def test_two_pipelines(why: Asked, trained: Installation) -> None:
    """A version alone may be of several pipelines: all are listed, and a pipeline settles it."""
    pipelines: Path = trained.settings.pipelines
    (pipelines / "twin").mkdir()
    (pipelines / "twin" / "pipeline.yaml").write_text("name: twin")
    trained.forge(
        "INSERT INTO decisions SELECT 'twin', sequence, kind, as_of, recorded_at, 'z' || key, "
        "version, NULL, reason, evidence, version_digest, previous_hash, hash FROM decisions"
    )
    trained.forge(
        "INSERT INTO versions SELECT 'twin', number, run_id, uri, manifest, candidate, "
        "trained_through, reference, reference_low, reference_high FROM versions"
    )
    told = why("v1", code=2)
    assert "'v1' may be any of 2 attempts: shop v1, key" in told
    assert "twin v1, key z" in told
    assert "attempt z" not in why(NAME, "v1")
    assert "attempt z" in why("twin", "v1")


def test_asking_changes_nothing(why: Asked, trained: Installation) -> None:
    """The question writes nothing down."""
    before = trained.state()
    why("v1")
    assert trained.state() == before
