"""How a model's bytes get into MLflow, and what is checked before they count as registered."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow.artifacts
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion as Registered
from mlflow.models import Model
from mlflow.tracking import MlflowClient

from tasks.data import artifact
from tasks.errors import Corrupt
from tasks.registry import folder
from tasks.registry.submission import Submission

READY = "READY"
MANIFEST = "ratchet.manifest"
"""Tag of a version: sha256 of its files, to resume from; the ledger's copy is the truth."""

_VERSIONS = "mlflow.modelVersions"


@dataclass(frozen=True)
class Stored:
    """A logged model: its id, where its files are, and what every byte of them is."""

    model_id: str
    location: str
    manifest: dict[str, str]


def stored(client: MlflowClient, experiment: str, run_id: str, submission: Submission) -> Stored:
    """Logs the submitted bytes as an MLflow model and reads them back; `Corrupt` if they differ."""
    logged = client.create_logged_model(experiment, submission.candidate, run_id)
    model = Model(run_id=run_id, model_uuid=logged.model_id, model_id=logged.model_id)
    model.artifact_path = logged.artifact_location
    digest = submission.model_digest()
    with tempfile.TemporaryDirectory() as scratch:
        dressed = Path(scratch) / "model"
        shutil.copytree(submission.folder, dressed)
        _put(dressed, submission.files)
        folder.dress(dressed, model, folder.signature(submission.input_example))
        manifest = artifact.manifest(dressed)
        if manifest[artifact.MODEL_FILE] != digest:
            raise Corrupt(f"{submission.folder} changed while it was registered: fit again")
        client.log_model_artifacts(logged.model_id, str(dressed))
        back = Path(scratch) / "back"
        back.mkdir()
        location = logged.artifact_location
        artifact.verify(
            Path(mlflow.artifacts.download_artifacts(location, dst_path=str(back))), manifest
        )
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return Stored(logged.model_id, location, manifest)


def version_of(
    client: MlflowClient, run_id: str, submission: Submission, kept: Stored
) -> Registered:
    """A new version of the pipeline's model, with everything about it in one write."""
    # MLflow takes any source as READY, so the bytes were read back before this point.
    version = client.create_model_version(
        submission.pipeline,
        kept.location,
        run_id,
        tags={**submission.all_tags, MANIFEST: json.dumps(kept.manifest, sort_keys=True)},
        model_id=kept.model_id,
    )
    if version.status != READY:
        raise Corrupt(f"version {version.version} of {submission.pipeline!r} is {version.status}")
    # What `mlflow.register_model` leaves behind, and the UI follows from a run to its version.
    registered = [{"name": version.name, "version": int(version.version)}]
    client.set_logged_model_tags(kept.model_id, {_VERSIONS: json.dumps(registered)})
    return version


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def is_local(location: str) -> bool:
    """Whether the files lie on this machine, where missing means lost."""
    return "://" not in location or location.startswith("file:")
