"""Whether all that was ever decided still holds: books, bytes, and every champion there was."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.data import artifact
from tasks.errors import Corrupt, Terminal
from tasks.ledger.ledger import Ledger
from tasks.models.proof import unfit
from tasks.records import ModelVersion

if TYPE_CHECKING:
    from tasks.registry.registrar import Registrar


@dataclass(frozen=True)
class Problem:
    """What is wrong, with which version (None: with none alone), and what a person can do."""

    version: int | None
    what: str
    remedy: str

    @property
    def told(self) -> str:
        return f"{self.what}. {self.remedy}"


@dataclass(frozen=True)
class Looked:
    """One thing that was looked at, and what was found."""

    at: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Audit:
    """A pipeline's ledger held against its registry; nothing is changed anywhere.

    `copies` is where verified local copies are: they serve on, and can mend what was damaged.
    """

    ledger: Ledger
    registry: "Registrar"
    pipeline: str
    copies: Path

    @property
    def size(self) -> int:
        """How many things there are to look at."""
        return len(self.ledger.versions(self.pipeline)) + 2

    def looked(self) -> Iterator[Looked]:
        """Everything, one thing at a time: chain and alias, then version by version.

        Of versions that never served bytes are compared, those that ever did are loaded too.
        """
        yield Looked("chain", tuple(self._chain()))
        yield Looked("alias", tuple(self._alias()))
        present = self.registry.numbers(self.pipeline)
        served = {each.champion for each in self.ledger.decisions(self.pipeline)}
        for version in self.ledger.versions(self.pipeline):
            if version.number in present:
                found = tuple(self._version(version, version.number in served))
            else:
                found = (self._deleted(version),)
            yield Looked(f"v{version.number}", found)

    def undecided(self) -> tuple[int, ...]:
        """Registered versions that no decision is about: an attempt under way, or one that died."""
        known = {version.number for version in self.ledger.versions(self.pipeline)}
        return tuple(sorted(self.registry.numbers(self.pipeline) - known))

    def _chain(self) -> Iterator[Problem]:
        for found in self.ledger.verify(self.pipeline):
            yield Problem(
                None,
                f"{self.pipeline}: the ledger was changed: {found}",
                "Restore the ledger from a backup; who served when is not known for certain",
            )

    def _alias(self) -> Iterator[Problem]:
        champion, named = self.ledger.champion(self.pipeline), self.registry.pointed(self.pipeline)
        if champion != named:
            yield Problem(
                named,
                f"{self.pipeline}: the alias names {_named(named)}, the ledger's champion is "
                f"{_named(champion)}",
                "A server puts it right within minutes, and so does the next retrain, promotion "
                "or rollback",
            )

    def _deleted(self, version: ModelVersion) -> Problem:
        champion = self.ledger.champion(self.pipeline)
        serves = ", which serves," if version.number == champion else ""
        return Problem(
            version.number,
            f"{self.pipeline}: v{version.number}{serves} was deleted in the registry",
            f"{self._copy(version)} A number is never given again: restore the registry's "
            "database and files from a backup, or retrain",
        )

    def _version(self, version: ModelVersion, served: bool) -> Iterator[Problem]:
        with tempfile.TemporaryDirectory(prefix="ratchet-audit-") as scratch:
            fresh = Path(scratch) / "fresh"
            fresh.mkdir()
            try:
                folder = self.registry.original(version, fresh)
            except (Corrupt, Terminal) as error:
                yield Problem(version.number, f"{self.pipeline}: {error}", self._copy(version))
                return
            wrong = unfit(folder, version.manifest) if served else ""
            if wrong:
                yield Problem(
                    version.number,
                    f"{self.pipeline}: v{version.number} was champion and cannot serve any more: "
                    f"{wrong}",
                    "Its bytes are those that were recorded: look at the libraries that have "
                    "changed since, or name another version to `ratchet rollback --to`",
                )

    def _copy(self, version: ModelVersion) -> str:
        folder = self.copies / self.pipeline / str(version.number)
        try:
            artifact.verify(folder, version.manifest)
        except Corrupt:
            return f"There is no intact local copy at {folder}."
        return f"The local copy at {folder} is intact and serves; its files can be put back."


def _named(number: int | None) -> str:
    return "nobody" if number is None else f"v{number}"
