"""`ratchet verify` finds what no longer holds, says what to do, and changes nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from deployments.cli import cli
from tests.installation import Installation
from tests.shop import NAME, define

Verify = Callable[..., Result]


@pytest.fixture
def verify() -> Verify:
    """Runs the command in this process."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ("verify", *words), catch_exceptions=False)

    return run


def document(result: Result) -> Any:
    return json.loads(result.stdout)[0]


def original(shop: Installation, version: int) -> Path:
    """A version's model file in MLflow's artifact store."""
    digest = shop.stores.ledger.version(NAME, version).manifest["model.skops"]
    from tasks.data.artifact import manifest

    found = Path(shop.settings.artifacts).rglob("model.skops")
    return next(p for p in found if manifest(p.parent)["model.skops"] == digest)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_all_is_well(renewed: Installation, verify: Verify) -> None:
    """Chain, alias, bytes and every champion: what was looked at is told, nothing is changed."""
    before = renewed.state()
    told = verify(NAME)
    assert told.exit_code == 0, told.stdout
    assert told.stdout == "shop: holds (chain, alias, v1, v2)\n"
    assert document(verify(NAME, "--json"))["problems"] == []
    assert renewed.state() == before


def test_a_damaged_original(renewed: Installation, verify: Verify) -> None:
    """A bit that flipped in the registry is found although the local copy serves on."""
    flip_a_bit(original(renewed, 1))
    told = verify(NAME, "--json")
    assert told.exit_code == 5
    (problem,) = document(told)["problems"]
    assert problem["version"] == 1
    assert "version 1 of 'shop' is damaged: 1 changed: model.skops" in problem["what"]
    assert problem["remedy"].endswith("is intact and serves; its files can be put back.")
    shutil.rmtree(renewed.settings.models)
    assert "There is no intact local copy" in verify(NAME).stdout


def test_what_was_done_by_hand(renewed: Installation, verify: Verify) -> None:
    """A deleted version, a moved alias and an edited decision are three problems, each told."""
    uri = renewed.settings.tracking_uri
    MlflowClient(uri, registry_uri=uri).delete_model_version(NAME, "1")
    renewed.stores.registry.withdraw(NAME)
    renewed.forge("UPDATE decisions SET reason = 'because' WHERE sequence = 1")
    told = verify(NAME)
    assert told.exit_code == 5
    assert "the ledger was changed: decision 1 (promoted): its contents are not" in told.stdout
    assert "the alias names nobody, the ledger's champion is v2" in told.stdout
    assert "shop: v1 was deleted in the registry." in told.stdout
    assert "shop: 3 problems (chain, alias, v1, v2)" in told.stdout
    renewed.stores.repair_alias()


def test_a_champion_that_loads_no_more(
    renewed: Installation, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes as they were recorded, and a library that has forgotten them: that is told too."""
    renewed.forge("DELETE FROM decisions WHERE sequence = 2")
    broken = original(renewed, 1)
    forged = broken.read_bytes()[:100]
    broken.write_bytes(forged)
    import hashlib

    manifest = dict(renewed.stores.ledger.version(NAME, 1).manifest)
    manifest["model.skops"] = hashlib.sha256(forged).hexdigest()
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    renewed.forge(f"UPDATE versions SET manifest = '{text}' WHERE number = 1")
    found = document(verify(NAME, "--json"))["problems"]
    (problem,) = [each for each in found if "cannot serve any more" in each["what"]]
    assert problem["version"] == 1
    assert "Corrupt: no readable model in" in problem["what"]
    renewed.stores.repair_alias()


def test_every_pipeline(renewed: Installation, verify: Verify) -> None:
    """With --all nothing is left out; a version that nobody decided on is told, and no fault."""
    renewed.forge("DELETE FROM decisions")
    renewed.forge("DELETE FROM heads")
    renewed.forge("DELETE FROM versions")
    renewed.stores.repair_alias()
    define(renewed.settings.pipelines)
    told = verify("--all")
    assert told.exit_code == 0, told.stdout
    assert "registered, and not decided on (yet): v1, v2" in told.stdout
