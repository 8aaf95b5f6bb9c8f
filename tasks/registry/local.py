"""A registry of files in a folder: for lives that nobody looks into with MLflow."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path

from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.records import ModelVersion
from tasks.registry.submission import Submission

_VERSION, _KEY, _EVIDENCE, _MODEL, _ALIAS = (
    "version.json",
    "key",
    "evidence.json",
    "model",
    "alias",
)


class LocalRegistry:
    """Versions in folders by pipeline and number, each put there whole, by one writer.

    MLflow's registry takes 0.7 s for a version, a folder takes milliseconds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def register(self, submission: Submission) -> ModelVersion:
        """Keeps a model with its evidence, byte for byte as it was evaluated.

        The same bytes under the same key are the version that is already there. Other bytes
        under the key become a version of their own.
        """
        digest = submission.model_digest()
        known = self.find(submission.pipeline, submission.key)
        if known is not None and known.manifest[artifact.MODEL_FILE] == digest:
            return known
        home = self.folder / submission.pipeline
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".") as scratch:
            part = Path(scratch) / "part"
            shutil.copytree(submission.folder, part / _MODEL)
            for name, content in submission.files.items():
                (part / _MODEL / name).parent.mkdir(parents=True, exist_ok=True)
                (part / _MODEL / name).write_bytes(content)
            manifest = artifact.manifest(part / _MODEL)
            if manifest[artifact.MODEL_FILE] != digest:
                raise Corrupt(f"{submission.folder} changed while it was registered: fit again")
            version = self._numbered(submission, manifest)
            (part / _KEY).write_text(submission.key)
            (part / _EVIDENCE).write_text(submission.evidence_text())
            (part / _VERSION).write_text(json.dumps(asdict(version), default=str))
            part.rename(home / str(version.number))
        return version

    def find(self, pipeline: str, key: str) -> ModelVersion | None:
        """The latest version registered under a key, None when there is none."""
        if "'" in key or "\\" in key:
            raise Terminal(f"{key!r} names no model: quotes and backslashes cannot be searched for")
        for number in sorted(self.numbers(pipeline), reverse=True):
            if (self._place(pipeline, number) / _KEY).read_text() == key:
                return self._read(pipeline, number)
        return None

    def fetch(self, version: ModelVersion, into: Path) -> Path:
        """The folder of a copy below `into`, every byte verified; `Corrupt` names what differs.

        A damaged copy is made again; a damaged original is never used.
        """
        target = into / version.pipeline / str(version.number)
        with suppress(Corrupt):
            artifact.verify(target, version.manifest)
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
            copy = self.original(version, Path(scratch))
            shutil.rmtree(target, ignore_errors=True)
            copy.rename(target)
        return target

    def original(self, version: ModelVersion, scratch: Path) -> Path:
        """A fresh copy in an empty folder, past every local one, every byte verified.

        `Corrupt` names what differs, `Terminal` says that there is no such version any more.
        """
        self._require(version.pipeline, version.number)
        place = self._place(version.pipeline, version.number) / _MODEL
        copy = scratch / _MODEL
        try:
            shutil.copytree(place, copy)
        except OSError as error:
            raise _damaged(version, "its files cannot be read", place) from error
        try:
            artifact.verify(copy, version.manifest)
        except Corrupt as error:
            told = str(error).replace(str(copy), f"file://{place}")
            raise _damaged(version, told, place) from error
        return copy

    def attach(self, version: ModelVersion, documents: Mapping[str, str]) -> None:
        """Keeps texts by file name beside a version; those of before are replaced."""
        self._require(version.pipeline, version.number)
        folder = self._place(version.pipeline, version.number) / "documents"
        folder.mkdir(exist_ok=True)
        for name, text in documents.items():
            (folder / name).write_text(text)

    def numbers(self, pipeline: str) -> frozenset[int]:
        """The versions that are there; none when the pipeline's model is not."""
        found = (self.folder / pipeline).glob(f"[0-9]*/{_VERSION}")
        return frozenset(int(each.parent.name) for each in found)

    def has(self, pipeline: str, number: int) -> bool:
        """Whether a version is there."""
        return (self._place(pipeline, number) / _VERSION).exists()

    def pointed(self, pipeline: str) -> int | None:
        """The version that the alias points at, None when it points nowhere."""
        try:
            return int((self.folder / pipeline / _ALIAS).read_text())
        except FileNotFoundError:
            return None

    def point(self, pipeline: str, number: int) -> None:
        """Points the alias at a version; `Terminal` when there is no such version."""
        self._require(pipeline, number)
        alias = self.folder / pipeline / _ALIAS
        part = alias.with_suffix(".part")
        part.write_text(str(number))
        part.replace(alias)

    def withdraw(self, pipeline: str) -> None:
        """Takes the alias away; nothing happens when it points nowhere."""
        (self.folder / pipeline / _ALIAS).unlink(missing_ok=True)

    def _place(self, pipeline: str, number: int) -> Path:
        return self.folder / pipeline / str(number)

    def _require(self, pipeline: str, number: int) -> None:
        if not self.has(pipeline, number):
            raise Terminal(f"{pipeline} has no version {number} in {self.folder}")

    def _numbered(self, submission: Submission, manifest: Mapping[str, str]) -> ModelVersion:
        number = max(self.numbers(submission.pipeline), default=0) + 1
        return ModelVersion(
            pipeline=submission.pipeline,
            number=number,
            run_id="",
            uri=self._place(submission.pipeline, number).absolute().as_uri(),
            manifest=dict(manifest),
            candidate=submission.candidate,
            trained_through=submission.trained_through,
        )

    def _read(self, pipeline: str, number: int) -> ModelVersion:
        told = json.loads((self._place(pipeline, number) / _VERSION).read_text())
        return ModelVersion(
            **{**told, "trained_through": date.fromisoformat(told["trained_through"])}
        )


def _damaged(version: ModelVersion, how: str, place: Path) -> Corrupt:
    return Corrupt(
        f"version {version.number} of {version.pipeline!r} is damaged: {how}. "
        f"Restore {place.absolute().as_uri()} from a backup, or fit again"
    )
