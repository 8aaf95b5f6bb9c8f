"""The registry: every model that was ever judged, its evidence, and a pointer to who serves.

MLflow comes in with the first call that asks it: whoever finds an intact copy at hand does not
wait for it.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from config.places import database
from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.records import ModelVersion
from tasks.registry.refusals import translated
from tasks.registry.submission import Submission

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Registered
    from mlflow.tracking import MlflowClient

ALIAS = "champion"
"""Points at who serves: written after the ledger and repaired from it, never believed."""

_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class Registry:
    """MLflow's runs and models behind five verbs, opened when first used.

    `artifacts` is a folder or a URI. A busy database and a server that does not answer are
    `Transient`, a refused call `Terminal`. MLflow finds user and password in the environment.
    """

    def __init__(self, tracking_uri: str, artifacts: str) -> None:
        self.tracking_uri = database(tracking_uri)
        self.artifacts = artifacts

    def register(self, submission: Submission) -> ModelVersion:
        """Registers a model with its runs and evidence, byte for byte as it was evaluated.

        The same bytes under the same key are the version that is already there. Other bytes
        under the key become a version of their own: a verdict is about bytes, not about names.
        """
        from tasks.registry import runs, storing

        with translated():
            experiment = self._experiment(submission.pipeline)
            runs.close_abandoned(self._client, experiment)
        known = self.find(submission.pipeline, submission.key)
        if known is not None and known.manifest[artifact.MODEL_FILE] == submission.model_digest():
            return known
        with translated():
            self._ensure_name(submission.pipeline)
            with runs.retrain(self._client, experiment, submission) as run_id:
                runs.record(self._client, experiment, run_id, submission)
                stored = storing.stored(self._client, experiment, run_id, submission)
                version = storing.version_of(self._client, run_id, submission, stored)
            return _version(version)

    def find(self, pipeline: str, key: str) -> ModelVersion | None:
        """The latest version registered under a key, None when there is none."""
        from tasks.registry import storing

        query = f"name = '{_quoted(pipeline)}' and tags.`ratchet.key` = '{_quoted(key)}'"
        with translated():
            found = self._client.search_model_versions(query)
        versions = [_version(each) for each in found if each.status == storing.READY]
        return max(versions, key=lambda each: each.number, default=None)

    def fetch(self, version: ModelVersion, into: Path) -> Path:
        """The folder of a copy below `into`, every byte verified; `Corrupt` names what differs.

        A damaged copy is fetched again; a damaged original is never used.
        """
        target = into / version.pipeline / str(version.number)
        if _is_intact(target, version):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
            copy = self._downloaded(version, Path(scratch))
            shutil.rmtree(target, ignore_errors=True)
            try:
                copy.rename(target)
            except OSError:
                # Another process put its copy there first; it is as good if it verifies.
                artifact.verify(target, version.manifest)
        return target

    def attach(self, version: ModelVersion, documents: Mapping[str, str]) -> None:
        """Keeps texts by file name with the run of a version; those of before are replaced."""
        with translated():
            for name, text in documents.items():
                self._client.log_text(version.run_id, text, f"documents/{name}")

    def point(self, pipeline: str, number: int) -> None:
        """Points the alias at a version; `Terminal` when there is no such version."""
        if self.pointed(pipeline) == number:
            return
        with translated():
            self._client.set_registered_model_alias(pipeline, ALIAS, str(number))

    def withdraw(self, pipeline: str) -> None:
        """Takes the alias away; nothing happens when it points nowhere."""
        if self.pointed(pipeline) is not None:
            with translated():
                self._client.delete_registered_model_alias(pipeline, ALIAS)

    def numbers(self, pipeline: str) -> frozenset[int]:
        """The versions that are there; none when the pipeline's model is not."""
        from tasks.registry import storing

        query = f"name = '{_quoted(pipeline)}'"
        found: list[Registered] = []
        with translated():
            page = self._client.search_model_versions(query)
            found += page
            while page.token:
                page = self._client.search_model_versions(query, page_token=page.token)
                found += page
        return frozenset(int(each.version) for each in found if each.status == storing.READY)

    def has(self, pipeline: str, number: int) -> bool:
        """Whether a version is there."""
        return number in self.numbers(pipeline)

    def original(self, version: ModelVersion, scratch: Path) -> Path:
        """A fresh copy in an empty folder, past every local one, every byte verified.

        `Corrupt` names what differs, `Terminal` says that there is no such version any more.
        """
        return self._downloaded(version, scratch)

    def pointed(self, pipeline: str) -> int | None:
        """The version that the alias points at, None when it points nowhere."""
        from mlflow.exceptions import MlflowException

        with translated():
            try:
                return int(self._client.get_model_version_by_alias(pipeline, ALIAS).version)
            except MlflowException as error:
                if error.error_code in _ABSENT:
                    return None
                raise

    @cached_property
    def _client(self) -> "MlflowClient":
        from mlflow.tracking import MlflowClient

        from tasks.registry.quiet import quieten

        quieten()
        path = self.tracking_uri.removeprefix("sqlite:///")
        if path != self.tracking_uri:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return MlflowClient(self.tracking_uri, registry_uri=self.tracking_uri)

    def _experiment(self, pipeline: str) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(pipeline)
        if found is None:
            location = self.artifacts
            if "://" not in location:
                location = Path(location).absolute().as_uri()
            try:
                return str(self._client.create_experiment(pipeline, f"{location}/{pipeline}"))
            except MlflowException as error:
                # Another process may have been faster between the look and the creation.
                found = self._client.get_experiment_by_name(pipeline)
                if found is None:
                    raise error
        return str(found.experiment_id)

    def _ensure_name(self, pipeline: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(pipeline)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _downloaded(self, version: ModelVersion, scratch: Path) -> Path:
        import mlflow.artifacts
        from mlflow.exceptions import MlflowException

        from tasks.registry import storing

        with translated():
            location = self._client.get_model_version_download_uri(
                version.pipeline, str(version.number)
            )
        try:
            with nullcontext() if storing.is_local(location) else translated(location):
                copy = Path(mlflow.artifacts.download_artifacts(location, dst_path=str(scratch)))
        except (OSError, MlflowException) as error:
            if not storing.is_local(location):
                raise
            raise _damaged(version, "its files cannot be read", location) from error
        try:
            artifact.verify(copy, version.manifest)
        except Corrupt as error:
            raise _damaged(version, str(error).replace(str(copy), location), location) from error
        return copy


def _damaged(version: ModelVersion, how: str, location: str) -> Corrupt:
    return Corrupt(
        f"version {version.number} of {version.pipeline!r} is damaged: {how}. "
        f"Restore {location} from a backup, or roll back to another version"
    )


def _is_intact(folder: Path, version: ModelVersion) -> bool:
    try:
        artifact.verify(folder, version.manifest)
    except Corrupt:
        return False
    return True


def _version(registered: "Registered") -> ModelVersion:
    from tasks.registry import storing

    number = int(registered.version)
    return ModelVersion(
        pipeline=registered.name,
        number=number,
        run_id=registered.run_id,
        uri=f"models:/{registered.name}/{number}",
        manifest=json.loads(registered.tags[storing.MANIFEST]),
        candidate=registered.tags["ratchet.candidate"],
        trained_through=date.fromisoformat(registered.tags["ratchet.trained_through"]),
    )


def _quoted(text: str) -> str:
    if "'" in text or "\\" in text:
        raise Terminal(f"{text!r} names no model: quotes and backslashes cannot be searched for")
    return text
