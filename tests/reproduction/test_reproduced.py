"""A registered version is made again in a process of its own, from what was kept with it."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from deployments.cli import cli
from deployments.reproduce import answer
from tasks.errors import Corrupt, Terminal
from tasks.ledger.attestations import Likeness
from tasks.registry.recipe import DEFINITION, RECIPE
from tasks.reproduction.outcome import Apart, Reproduction, Step
from tasks.reproduction.rebuilding import reproduced
from tests.installation import Installation
from tests.shop import NAME


def told(*words: str) -> Result:
    """What the command prints."""
    return CliRunner().invoke(cli, ("reproduce", *words), catch_exceptions=False)


def original(shop: Installation, name: str = "model.skops") -> Path:
    """A file of the only version in MLflow's store."""
    (found,) = Path(shop.settings.artifacts).rglob(name)
    return found


def test_a_version_reproduces(trained: Installation) -> None:
    """Whatever the pipeline's folder says by now: the definition of then is used.

    Nothing is changed, and every step is on the terminal.
    """
    trained.define({"candidates": {"logistic": {"params": {"C": 0.01}}}}, features="SELECT 1")
    before = trained.state()
    result = told("1", NAME, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0, document
    found = document["reproduction"]
    assert (found["version"], found["likeness"], found["differ"]) == (1, "identical", 0)
    assert [step["name"] for step in found["steps"]][-2:] == ["bytes", "predictions"]
    assert found["seconds"] > 0
    assert trained.state() == before


@pytest.mark.parametrize(
    ("likeness", "code"),
    [(Likeness.IDENTICAL, 0), (Likeness.CLOSE, 0), (Likeness.DIFFERENT, 5)],
)
def test_what_the_terminal_shows(
    likeness: Likeness, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step and the rows that are furthest apart; only other answers are a failure."""
    same = likeness is Likeness.IDENTICAL
    steps = (Step("snapshot", True, "1,190 rows"), Step("predictions", same, "1 of 350 differ"))
    apart = () if same else (Apart({"order_id": "2024-01-13-001"}, 0.25, 0.5),)
    with pytest.raises(SystemExit) if code else nullcontext() as ended:
        answer(Reproduction(NAME, 1, likeness, steps, 350, 1, 0.25, apart, 4.0), as_json=False)
    shown = capsys.readouterr().out
    assert ended is None or ended.value.code == code
    assert likeness.value.upper() in shown
    assert "1,190 rows" in shown
    assert ("2024-01-13-001" in shown) is not same


def test_no_such_version(trained: Installation) -> None:
    """The versions that exist are named."""
    with pytest.raises(Terminal, match=r"no version 7.*1"):
        reproduced(trained.stores, 7)


def test_a_version_that_was_deleted(renewed: Installation) -> None:
    """It is on record and no longer in the registry."""
    uri = renewed.settings.tracking_uri
    MlflowClient(uri, registry_uri=uri).delete_model_version(NAME, "1")
    with pytest.raises(Terminal, match="version 1 of 'shop' was deleted from the registry"):
        reproduced(renewed.stores, 1)


@pytest.mark.parametrize("name", ["model.skops", RECIPE, "features.sql"])
def test_a_version_that_was_tampered_with(trained: Installation, name: str) -> None:
    """A changed byte of the model, of its recipe or of its definition is found before all else."""
    path = original(trained, name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Corrupt, match=f"version 1 of 'shop' is damaged: 1 changed: .*{name}"):
        reproduced(trained.stores, 1)


def test_what_is_kept_with_a_version(trained: Installation) -> None:
    """Its recipe and its definition's files lie among the bytes that the ledger vouches for."""
    stores = trained.stores
    version = stores.ledger.version(NAME, 1)
    folder = stores.folder(1)
    for name, content in stores.definition.files.items():
        path = f"{DEFINITION}/{NAME}/{name}"
        assert path in version.manifest
        assert (folder / path).read_bytes() == content
    assert RECIPE in version.manifest


def test_a_version_of_before(trained: Installation) -> None:
    """A version that was registered without a recipe serves on, and says what is missing."""
    path = original(trained, RECIPE)
    path.unlink()
    digest = json.dumps(trained.stores.ledger.version(NAME, 1).manifest[RECIPE])
    trained.forge(
        f"UPDATE versions SET manifest = replace(manifest, '\"{RECIPE}\":' || '{digest},', '')"
    )
    stores = trained.stores
    assert stores.model(1) is not None
    with pytest.raises(Terminal, match="registered without a recipe"):
        reproduced(stores, 1)


def test_all_that_was_made_goes_with_who_asked(tmp_path: Path) -> None:
    """Also when the order goes first, and the process that was to follow it fails by that."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for number in range(20_000):
        (scratch / f"{number}").touch()
    order = scratch / "order.json"
    order.write_text("no longer whole")
    start = f"from tasks.reproduction.child import follow; follow({str(order)!r})"
    done = subprocess.run([sys.executable, "-c", start], stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1
    assert [*tmp_path.iterdir()] == []
