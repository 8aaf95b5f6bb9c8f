"""What was evaluated is what is registered, once, with everything that speaks for or against it."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import mlflow.artifacts
import mlflow.sklearn
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LogisticRegression

from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.registry import storing
from tasks.registry.folder import signature
from tasks.registry.registry import Registry
from tasks.registry.submission import Submission
from tests.registry.conftest import example


def runs_of(client: MlflowClient, pipeline: str) -> list[Run]:
    found = client.get_experiment_by_name(pipeline)
    assert found is not None
    return list(client.search_runs([found.experiment_id]))


def test_first_version(registry: Registry, submission: Submission) -> None:
    """The first model of a pipeline is version 1 and says what it is."""
    version = registry.register(submission)
    assert (version.pipeline, version.number) == (submission.pipeline, 1)
    assert (version.candidate, version.trained_through) == ("logistic", submission.trained_through)
    assert registry.find(submission.pipeline, submission.key) == version


def test_bytes(registry: Registry, submission: Submission, tmp_path: Path) -> None:
    """The registered model file is the evaluated one to the byte."""
    version = registry.register(submission)
    copy = registry.fetch(version, tmp_path)
    evaluated = (submission.folder / artifact.MODEL_FILE).read_bytes()
    assert (copy / artifact.MODEL_FILE).read_bytes() == evaluated
    assert artifact.manifest(copy) == version.manifest


def test_registering_twice(
    registry: Registry, submission: Submission, client: MlflowClient
) -> None:
    """The same model under the same key is there once, with one set of runs."""
    first = registry.register(submission)
    before = len(runs_of(client, submission.pipeline))
    assert registry.register(submission) == first
    assert len(runs_of(client, submission.pipeline)) == before


def test_other_bytes(registry: Registry, submission: Submission, tmp_path: Path) -> None:
    """Another model under a known key is a version of its own, never taken for the first."""
    first = registry.register(submission)
    rows = example()
    other = LogisticRegression(C=9.0).fit(rows, rows["distance"] > 1000)
    artifact.save(other, tmp_path / "fit")
    second = registry.register(replace(submission, folder=tmp_path / "fit"))
    assert (first.number, second.number) == (1, 2)
    assert registry.find(submission.pipeline, submission.key) == second


def test_runs(registry: Registry, submission: Submission, client: MlflowClient) -> None:
    """A retrain is a run, with a run below it for every candidate, failed ones too."""
    version = registry.register(submission)
    runs = {run.info.run_id: run for run in runs_of(client, submission.pipeline)}
    parent = runs.pop(version.run_id)
    assert parent.data.metrics["roc_auc"] == 0.73
    assert np.isnan(parent.data.metrics["slice_carrier_UA"])
    assert parent.data.params == {"C": "1.0", "penalty": "None"}
    below = {run.info.run_name: run for run in runs.values()}
    assert {run.data.tags["mlflow.parentRunId"] for run in below.values()} == {version.run_id}
    assert below["logistic"].data.tags["ratchet.reused_from"] == "retrain 2013-03-08"
    assert below["logistic"].info.status == "FINISHED"
    assert below["logistic"].data.metrics["score"] == pytest.approx(0.72)
    assert below["forest"].info.status == "FAILED"
    assert below["forest"].data.tags["ratchet.failure"] == "timeout"


def test_evidence(registry: Registry, submission: Submission, client: MlflowClient) -> None:
    """The evidence is a JSON file of the run; snapshot, configuration and code are tags of both."""
    version = registry.register(submission)
    run = client.get_run(version.run_id)
    text = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/evidence.json")
    assert json.loads(text) == {
        "choice": "PROMOTE",
        "day": "2013-03-15",
        "low": [None],
    }
    tags = client.get_model_version(submission.pipeline, "1").tags
    for name in ("ratchet.snapshot", "ratchet.config", "ratchet.code_version", "ratchet.key"):
        assert tags[name] == run.data.tags[name] != ""


def test_loads_with_mlflow(
    registry: Registry, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody with MLflow can load a version by name and number, and gets the same answers."""
    registry.register(submission)
    previous = mlflow.get_tracking_uri()
    monkeypatch.chdir(submission.folder.parent)
    mlflow.set_tracking_uri(registry.tracking_uri)
    try:
        loaded = mlflow.sklearn.load_model(f"models:/{submission.pipeline}/1")
    finally:
        mlflow.set_tracking_uri(previous)
    ours = artifact.load(submission.folder, artifact.manifest(submission.folder))
    np.testing.assert_array_equal(loaded.predict_proba(example()), ours.predict_proba(example()))


def test_model_is_ready(registry: Registry, submission: Submission, client: MlflowClient) -> None:
    """The logged model behind a version is finished and belongs to its run."""
    version = registry.register(submission)
    registered = client.get_model_version(submission.pipeline, "1")
    outputs = client.get_run(version.run_id).outputs
    logged = client.get_logged_model(outputs.model_outputs[0].model_id)
    assert logged.status == storing.READY == registered.status
    assert logged.artifact_location == registered.source
    assert json.loads(logged.tags["mlflow.modelVersions"]) == [
        {"name": submission.pipeline, "version": 1}
    ]


def test_nothing_to_register(
    registry: Registry, submission: Submission, client: MlflowClient, tmp_path: Path
) -> None:
    """A folder without a model makes no version, and its run is marked as failed."""
    with pytest.raises(Terminal, match=r"holds no model\.skops"):
        registry.register(replace(submission, folder=tmp_path))
    assert registry.find(submission.pipeline, submission.key) is None
    parents = [
        run
        for run in runs_of(client, submission.pipeline)
        if "mlflow.parentRunId" not in run.data.tags
    ]
    assert [run.info.status for run in parents] == ["FAILED"]


def test_killed_before(registry: Registry, submission: Submission, client: MlflowClient) -> None:
    """What a killed process left running is ended when its work is done again."""
    registry.register(replace(submission, key="first"))
    found = client.get_experiment_by_name(submission.pipeline)
    left = client.create_run(found.experiment_id, tags={"ratchet.key": submission.key})
    below = client.create_run(found.experiment_id, tags={"mlflow.parentRunId": left.info.run_id})
    registry.register(submission)
    for run in (left, below):
        assert client.get_run(run.info.run_id).info.status == "KILLED"


def test_quoted_key(registry: Registry, submission: Submission) -> None:
    """A key that could not be searched for is refused before anything is written."""
    with pytest.raises(Terminal, match="quotes and backslashes"):
        registry.register(replace(submission, key="it's"))


def test_pointer(registry: Registry, submission: Submission) -> None:
    """The alias points nowhere, then where it was put, and can be moved back."""
    assert registry.pointed(submission.pipeline) is None
    registry.register(submission)
    assert registry.pointed(submission.pipeline) is None
    registry.register(replace(submission, key="retrain 2013-03-22"))
    for number in (1, 2, 2, 1):
        registry.point(submission.pipeline, number)
        assert registry.pointed(submission.pipeline) == number


def test_pointing_at_nothing(registry: Registry, submission: Submission) -> None:
    """A version that does not exist cannot be pointed at."""
    registry.register(submission)
    with pytest.raises(Terminal, match="MLflow"):
        registry.point(submission.pipeline, 9)
    assert registry.pointed(submission.pipeline) is None


def test_second_look(registry: Registry, submission: Submission) -> None:
    """Another process finds what the first one registered."""
    version = registry.register(submission)
    again = Registry(registry.tracking_uri, registry.artifacts)
    assert again.register(submission) == version


def test_quiet(
    registry: Registry, submission: Submission, capfd: pytest.CaptureFixture[str]
) -> None:
    """Registering, fetching and pointing say nothing on the terminal."""
    registry.register(submission)
    registry.point(submission.pipeline, 1)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("mlflow").level >= logging.WARNING


def test_signature_of_odd_columns() -> None:
    """Nullable numbers, booleans and texts with gaps keep their names and get a type each."""
    frame = pd.DataFrame(
        {
            "seats": pd.array([149, None], dtype="Int64"),
            "is_jet": pd.array([True, None], dtype="boolean"),
            "hour": [7, 8],
            "carrier": pd.Series(["UA", None], dtype="string"),
            "origin": pd.Categorical(["EWR", "JFK"]),
        }
    )
    inputs = signature(frame).inputs
    assert inputs.input_names() == list(frame.columns)
    assert [str(kind).split(".")[-1] for kind in inputs.input_types()] == [
        "double",
        "double",
        "double",
        "string",
        "string",
    ]


def test_signature_of_nothing() -> None:
    """Without a row there is no signature, and without a signature no registration."""
    with pytest.raises(Terminal, match="at least one example row"):
        signature(pd.DataFrame({"hour": []}))


@pytest.fixture
def store(registry: Registry, submission: Submission, client: MlflowClient) -> Path:
    """Where the files of version 1 lie."""
    registry.register(submission)
    location = client.get_model_version_download_uri(submission.pipeline, "1")
    return Path(location.removeprefix("file://"))


@pytest.mark.parametrize("name", ["model.skops", "MLmodel", "requirements.txt"])
def test_damaged_original(
    registry: Registry, submission: Submission, store: Path, tmp_path: Path, name: str
) -> None:
    """A single changed byte in any file is found before anything is loaded, by file name."""
    version = registry.register(submission)
    content = bytearray((store / name).read_bytes())
    content[len(content) // 2] ^= 1
    (store / name).write_bytes(content)
    with pytest.raises(Corrupt, match=f"is damaged: 1 changed: {name} under file://{store};"):
        registry.fetch(version, tmp_path)
    assert list(tmp_path.rglob("*.skops")) == []


def test_added_file(
    registry: Registry, submission: Submission, store: Path, tmp_path: Path
) -> None:
    """A file that was not registered makes the version unusable."""
    (store / "code").mkdir()
    (store / "code" / "sitecustomize.py").write_text("print('hello')")
    with pytest.raises(Corrupt, match=r"1 added: code/sitecustomize.py"):
        registry.fetch(registry.register(submission), tmp_path)


def test_lost_original(
    registry: Registry, submission: Submission, store: Path, tmp_path: Path
) -> None:
    """A version whose files are gone is corrupt; a verified copy of it still serves."""
    version = registry.register(submission)
    copy = registry.fetch(version, tmp_path / "kept")
    shutil.rmtree(store)
    assert registry.fetch(version, tmp_path / "kept") == copy
    with pytest.raises(Corrupt, match=r"version 1 of .* is damaged: its files cannot be read"):
        registry.fetch(version, tmp_path / "other")


def test_damaged_copy(
    registry: Registry, submission: Submission, store: Path, tmp_path: Path
) -> None:
    """A damaged local copy is fetched again."""
    version = registry.register(submission)
    copy = registry.fetch(version, tmp_path)
    (copy / artifact.MODEL_FILE).write_bytes(b"damaged")
    assert registry.fetch(version, tmp_path) == copy
    artifact.verify(copy, version.manifest)
    assert artifact.load(copy, version.manifest).predict_proba(example()).shape == (60, 2)
